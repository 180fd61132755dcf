"""Timers of participants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0004"
down_revision: str | None = "v0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _participant()


def _participant() -> None:
    op.create_table(
        "participant_timer",
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("due_at", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=10), nullable=False),
        sa.Column("mpan", sa.String(length=13), nullable=True),
        sa.PrimaryKeyConstraint("service", "key", name=op.f("pk_participant_timer")),
    )
    with op.batch_alter_table("participant_timer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_participant_timer_service_due_at"), ["service", "due_at"], unique=False
        )


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
