"""Held messages, business time that survives a restart, and what lists of runs go by."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0008"
down_revision: str | None = "v0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _business()
    _participant()
    _qualification()


def _business() -> None:
    op.create_table(
        "business_clock",
        sa.Column("mpan", sa.String(length=13), nullable=False),
        sa.Column("ahead_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mpan", name=op.f("pk_business_clock")),
    )
    with op.batch_alter_table("business_clock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_business_clock_changed"), ["changed"], unique=False)


def _participant() -> None:
    """What is in the outbox already is held by nobody: NULL."""
    op.create_table(
        "participant_hold",
        sa.Column("mpan", sa.String(length=13), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.String(length=10), nullable=False),
        sa.Column("message", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.PrimaryKeyConstraint("mpan", "step", name=op.f("pk_participant_hold")),
    )
    with op.batch_alter_table("participant_outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held", sa.Integer(), nullable=True))


def _qualification() -> None:
    """What lists of runs go by, for the runs that are there already, too."""
    facts = op.create_table(
        "qualification_run_facts",
        sa.Column("order_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("label", sa.String(length=100), nullable=True),
        sa.Column("participants", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_number", name=op.f("pk_qualification_run_facts")),
        sa.UniqueConstraint("id", name=op.f("uq_qualification_run_facts_id")),
    )
    names = ("order_number", "id", "ended", "document")
    runs = sa.table("qualification_run", *(sa.column(name) for name in names))
    connection = op.get_bind()
    for run in connection.execute(sa.select(runs)).all():
        connection.execute(sa.insert(facts).values(_facts(run)))


def _facts(run: Any) -> dict[str, Any]:
    document = json.loads(bytes(run.document))
    participants = [party["dipId"] for party in document["parties"] if party["who"] == "QP"]
    return {
        "order_number": run.order_number,
        "id": run.id,
        "ended": bool(run.ended),
        "scenario": document["scenario"],
        "verdict": document.get("verdict"),
        "label": None,
        "participants": "".join(f" {dip_id} " for dip_id in participants),
    }


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
