"""Organisations and their company numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0002"
down_revision: str | None = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _directory()


def _directory() -> None:
    op.create_table(
        "directory_organisation",
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("company_number", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_directory_organisation")),
    )


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
