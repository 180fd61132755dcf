"""Requeued deliveries and companies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0003"
down_revision: str | None = "v0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _gateway()


def _gateway() -> None:
    op.create_table(
        "gateway_company",
        sa.Column("company", sa.String(length=10), nullable=False),
        sa.Column("mpid", sa.String(length=4), nullable=False),
        sa.Column("market_role", sa.String(length=1), nullable=False),
        sa.Column("dip_role", sa.String(length=5), nullable=True),
        sa.Column("since", sa.String(length=25), nullable=False),
        sa.PrimaryKeyConstraint("company", "mpid", "market_role", name=op.f("pk_gateway_company")),
    )
    with op.batch_alter_table("gateway_delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("requeue", sa.String(length=80), nullable=True))


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
