"""``dipemu db``: what the data directory keeps: backups, migrations."""

from __future__ import annotations

import asyncio
from datetime import timedelta
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
    from dipemu.errors import UpkeepRefused

    try:
        made = back_up(settings_for(data), target, SystemClock().now())
    except UpkeepRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(f"backed up to {target}: {made.files} files, {size(made.bytes)}", soft_wrap=True)


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A backup")],
    data: Annotated[Path, typer.Option("--data", help="New data directory, empty or not there yet")],
) -> None:
    """Make a data directory out of a backup, if every file is what the backup's manifest says."""
    from dipemu.backup import restore as restore_backup
    from dipemu.errors import UpkeepRefused

    try:
        found = restore_backup(source, data)
    except UpkeepRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(
        f"restored to {data}: {found.files} files, {size(found.bytes)}, as of {found.made}", soft_wrap=True
    )
    out.print(f"  next        dipemu up --data {data}", soft_wrap=True)


@app.command("status")
def status(
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: sizes in bytes")] = False,
) -> None:
    """What is kept, how much disk it takes and how much is left. Works while `dipemu up` runs."""
    import orjson

    from dipemu.errors import UpkeepRefused
    from dipemu.usage import usage

    try:
        found = asyncio.run(usage(settings_for(data)))
    except UpkeepRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for part, figures in found.items():
        out.print(part, style="bold")
        for name, value in figures.items():
            shown = size(value) if part == "disk" and isinstance(value, int) else value
            out.print(f"  {name:<28} {'-' if shown is None else shown}", soft_wrap=True)


@app.command("prune")
def prune(
    older_than: Annotated[int, typer.Option(metavar="DAYS", min=1, help="Keep what is younger than this")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed")] = False,
    data: DataOption = None,
) -> None:
    """Remove what is old and done with from an emulator that is stopped, and give the disk back.

    Sender references, holdings, participants, runs and their verdicts, and what was not delivered stay for
    ever. Fetch the evidence of runs before: that of runs that ended before the limit cannot be made any more.
    """
    from backbone.clock import SystemClock
    from dipemu.errors import UpkeepRefused
    from dipemu.pruning import prune as prune_data

    work = prune_data(settings_for(data), timedelta(days=older_than), SystemClock().now(), dry_run=dry_run)
    try:
        done = asyncio.run(work)
    except UpkeepRefused as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(f"{'would be removed' if dry_run else 'removed'}, older than {done.before:%Y-%m-%d %H:%M} UTC:")
    for what, count in done.by_table.items():
        out.print(f"  {count:>9}  {what}")


def size(count: float) -> str:
    """A number of bytes as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
