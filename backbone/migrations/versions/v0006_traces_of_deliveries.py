"""Traces of deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0006"
down_revision: str | None = "v0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _gateway()


def _gateway() -> None:
    """What was accepted before has none: NULL."""
    with op.batch_alter_table("gateway_delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trace", sa.String(length=32), nullable=True))


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
