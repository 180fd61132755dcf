"""``dipemu db``: what the data directory keeps: backups, migrations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

app = typer.Typer(
    no_args_is_help=True, help="Keep what the emulator keeps: back up, restore, bring up to date."
)


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


@app.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="New directory for the backup")],
    data: DataOption = None,
) -> None:
    """Copy log, database, keys and tokens, all of one moment; `dipemu up` may go on meanwhile.

    The backup holds private keys: keep it as you keep those.
    """
    from backbone.clock import SystemClock
    from dipemu.backup import back_up
    from dipemu.errors import BackupRefused

    try:
        made = back_up(settings_for(data), target, SystemClock().now())
    except BackupRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(f"backed up to {target}: {made.files} files, {size(made.bytes)}", soft_wrap=True)


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A backup")],
    data: Annotated[Path, typer.Option("--data", help="New data directory, empty or not there yet")],
) -> None:
    """Make a data directory out of a backup, if every file is what the backup's manifest says."""
    from dipemu.backup import restore as restore_backup
    from dipemu.errors import BackupRefused

    try:
        found = restore_backup(source, data)
    except BackupRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(
        f"restored to {data}: {found.files} files, {size(found.bytes)}, as of {found.made}", soft_wrap=True
    )
    out.print(f"  next        dipemu up --data {data}", soft_wrap=True)


def size(count: float) -> str:
    """A number of bytes as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
