"""Held messages, and business time that survives a restart."""

from __future__ import annotations

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


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
