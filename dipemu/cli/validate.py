"""``dipemu validate``: is this message valid, and if not, where and why?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from dipemu.cli.console import FAILED, PASSED, USAGE, fail, out
from dipemu.cli.contracts import load, served
from dipemu.cli.up import DataOption

if TYPE_CHECKING:
    from contracts import Catalogue
    from contracts.validation import Checked, Violation


def validate(
    file: Annotated[
        Path, typer.Argument(help="A message, or an array of messages, as JSON; - reads standard input")
    ],
    contract: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="Version of the standard. May be repeated: the schema version of a message chooses, "
            "else the first counts. Default: the versions that are served",
        ),
    ] = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON")] = False,
) -> None:
    """Check messages against the published definitions.

    Each violation comes with its JSON pointer, the official code, what was seen and what would be right.
    Exit code 0: all valid; 1: not all; 2: the file cannot be read.
    """
    messages, batch = _read(file)
    results = _check(messages, [load(version, data) for version in contract or served(data)])
    if as_json:
        out.file.write(orjson.dumps(_document(results), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(results, batch=batch)
    raise typer.Exit(PASSED if all(result.valid for result in results) else FAILED)


def _check(messages: list[Any], catalogues: list[Catalogue]) -> list[Checked]:
    from contracts.validation import Validator
    from contracts.versions import choose

    validators = {one.version: Validator(one) for one in catalogues}
    return [validators[choose(catalogues, message).version].check(message) for message in messages]


def _read(file: Path) -> tuple[list[Any], bool]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        document = orjson.loads(content)
    except OSError as fault:
        raise typer.Exit(fail(f"cannot read {file}: {fault.strerror}", USAGE)) from fault
    except orjson.JSONDecodeError as fault:
        raise typer.Exit(
            fail(f"{file} is not JSON: {fault.msg} (line {fault.lineno}, column {fault.colno})", USAGE)
        ) from fault
    batch = isinstance(document, list)
    return (document if batch else [document]), batch


def _document(results: list[Checked]) -> dict[str, Any]:
    return {"messages": [_entry(index, result) for index, result in enumerate(results)]}


def _entry(index: int, result: Checked) -> dict[str, Any]:
    return {
        "index": index,
        "interface": result.interface,
        "event": result.event,
        "valid": result.valid,
        "violations": [_violation(one) for one in result.violations],
    }


def _violation(one: Violation) -> dict[str, Any]:
    return {
        "pointer": one.pointer,
        "code": one.code,
        "rule": one.rule,
        "message": one.message,
        "value": one.value,
        "expected": one.expected,
        "item": one.item,
        "severity": str(one.severity),
    }


def _print(results: list[Checked], *, batch: bool) -> None:
    for index, result in enumerate(results):
        name = f"{result.interface or 'unknown interface'} {result.event or ''}".strip()
        place = f"message {index}: " if batch else ""
        verdict = "[green]valid[/green]" if result.valid else "[bold red]not valid[/bold red]"
        out.print(f"{place}{name.replace('[', chr(92) + '[')}  {verdict}", soft_wrap=True)
        for one in result.violations:
            out.print(f"  {one.pointer or '/'}", style="bold", soft_wrap=True, markup=False)
            out.print(f"    {_label(one)}  {one.message}", soft_wrap=True, markup=False)


def _label(one: Violation) -> str:
    """The official code of an error; a warning answers nothing, so it has none worth showing."""
    return "warning" if str(one.severity) == "warning" else one.code
