"""Claims on references."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0005"
down_revision: str | None = "v0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _gateway()


def _gateway() -> None:
    """What is there already is used for good: NULL."""
    with op.batch_alter_table("gateway_reference", schema=None) as batch_op:
        batch_op.add_column(sa.Column("until", sa.Float(), nullable=True))


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
