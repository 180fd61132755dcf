"""``dipemu sample``: a message of the wanted event, valid or with one deliberate fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from dipemu.cli.console import USAGE, err, fail
from dipemu.cli.contracts import ContractOption, load, print_json
from dipemu.cli.up import DataOption

if TYPE_CHECKING:
    from contracts import Catalogue, Variant


def sample(
    interface: Annotated[str, typer.Argument(help="IF-031")],
    event: Annotated[str, typer.Argument(help="MSApp or [MSApp]")],
    seed: Annotated[int, typer.Option(help="The same seed always gives the same message")] = 0,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="POINTER=VALUE",
            help="Put a value in its place: /payload/CommonBlock/M0/MPANCore=2000056535971. May be repeated",
        ),
    ] = None,
    invalid: Annotated[
        str | None, typer.Option(metavar="KIND", help="Make one fault of this kind; `list` names the kinds")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Print an array of so many messages, as the DIP takes it")
    ] = None,
    contract: ContractOption = None,
    data: DataOption = None,
) -> None:
    """Print a message of this event as JSON: plausible values, the same for the same seed.

    With --invalid exactly one thing is wrong with it; standard error says where. Exit code 2: no such
    event, or no place in it for that kind of fault.
    """
    from contracts.errors import SampleImpossible
    from contracts.reading.errors import UnknownPart
    from contracts.reading.lookup import find_event

    if invalid == "list":
        _list_kinds()
    catalogue = load(contract, data)
    try:
        variant, label = find_event(catalogue, interface, event)
        overrides = dict(_override(variant, text) for text in given or [])
        messages = [
            _message(catalogue, (variant.interface, label), number, overrides, invalid)
            for number in range(seed, seed + (count or 1))
        ]
    except (UnknownPart, SampleImpossible) as fault:
        raise typer.Exit(fail(str(fault).replace("[", "\\["), USAGE)) from fault
    print_json(messages if count else messages[0])


def _list_kinds() -> None:
    from contracts.samples import KINDS

    typer.echo("\n".join(KINDS))
    raise typer.Exit


def _message(
    catalogue: Catalogue, names: tuple[str, str], seed: int, overrides: dict[str, Any], invalid: str | None
) -> dict[str, Any]:
    from contracts.samples import sample, spoiled

    if invalid:
        fault = spoiled(catalogue, *names, invalid, seed=seed)
        err.print(f"one fault ({fault.kind}) at {fault.pointer}", soft_wrap=True, markup=False)
    return sample(catalogue, *names, seed=seed, overrides=overrides, invalid=invalid)


def _override(variant: Variant, text: str) -> tuple[str, Any]:
    pointer, equals, value = text.partition("=")
    if not (equals and pointer.startswith("/")):
        raise typer.Exit(fail(f"--set takes /POINTER=VALUE; got {text!r}", USAGE))
    return pointer, _typed(value, is_text=_takes_text(variant, pointer))


def _typed(value: str, *, is_text: bool) -> Any:
    """The value as JSON where it reads as such, else as text.

    For a field that takes text, numbers stay text: an MPAN is written without quotes.
    """
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if is_text and isinstance(parsed, bool | int | float) else parsed


def _takes_text(variant: Variant, pointer: str) -> bool:
    """Whether the standard has a text at this place."""
    from contracts.model import Block, DataItem

    kind: DataItem | Block = Block("message", ())
    for name in pointer.split("/")[1:]:
        if name == "payload":
            kind = variant.payload
        elif isinstance(kind, Block) and not name.isdigit():
            part = kind.field(name)
            if part is None:
                return False
            kind = part.type
    return isinstance(kind, DataItem) and kind.type == "string"
