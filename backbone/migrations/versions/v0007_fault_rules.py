"""Fault rules are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0007"
down_revision: str | None = "v0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _gateway()


def _gateway() -> None:
    op.create_table(
        "gateway_fault",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gateway_fault")),
    )


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
