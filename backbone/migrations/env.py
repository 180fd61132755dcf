"""Run by Alembic for every command; see ``backbone.migrations``, which hands the connection in."""

from __future__ import annotations

from alembic import context

from backbone.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
