"""``dipemu db``: the database and its migrations."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from dipemu.cli.console import out
from dipemu.cli.up import DataOption, settings_for

app = typer.Typer(no_args_is_help=True, help="Bring the database up to date.")


@app.command("upgrade")
def upgrade(data: DataOption = None) -> None:
    """Take the database to this version. `up`, `serve` and `prepare` do so by themselves."""
    from backbone.migrations import revision
    from dipemu.composition import open_database

    async def main() -> str | None:
        database = await open_database(settings_for(data))
        try:
            return await revision(database)
        finally:
            await database.close()

    out.print(f"the database is at revision {asyncio.run(main())}")


@app.command("downgrade")
def downgrade(
    to: Annotated[str, typer.Argument(metavar="REVISION")],
    data: DataOption = None,
) -> None:
    """Always refused: evidence would be lost. Restore a backup instead."""
    from backbone import migrations
    from dipemu.composition import open_database

    async def main() -> None:
        database = await open_database(settings_for(data))
        try:
            await migrations.downgrade(database, to)
        finally:
            await database.close()

    asyncio.run(main())
