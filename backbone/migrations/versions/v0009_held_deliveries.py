"""Deliveries that a step of a run holds back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0009"
down_revision: str | None = "v0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _gateway()


def _gateway() -> None:
    """What waits already is held by nobody: NULL."""
    with op.batch_alter_table("gateway_delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
