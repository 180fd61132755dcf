"""What is known about response codes beyond their texts: family, who sends them, what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from contracts.identifiers import DATA_SERVICES, METERING_SERVICES
from contracts.model import ResponseCode

_CODE: Final = re.compile(r"^([A-Z]+)(\d+)$")


@dataclass(frozen=True, slots=True)
class Family:
    """Codes of one prefix. ``senders``: role codes, ``DIP`` for the DIP, ``*`` for any recipient."""

    prefix: str
    name: str
    senders: frozenset[str]
    carried_in: str


# MSG to the DIP and RCP to recipients is inferred from the names of the codes.
FAMILIES: Final[Mapping[str, Family]] = {
    family.prefix: family
    for family in (
        Family("MSG", "outcome of a message at the DIP", frozenset({"DIP"}), "HTTP answer or status message"),
        Family("RCP", "outcome at a recipient", frozenset({"*"}), "webhook answer or status message"),
        Family("REG", "registration service", frozenset({"REGS"}), "R0 of the response"),
        Family("ECS", "consumption at the market-wide data service", frozenset({"MDS"}), "R0 of IF-014"),
        Family("SP", "answer to an appointment", METERING_SERVICES | DATA_SERVICES, "B007 of IF-034"),
        Family("DS", "meter data retriever at the data service", DATA_SERVICES, "B007 of IF-034"),
    )
}
_SUCCESS: Final = frozenset({"MSG0000", "RCP0000", "SP000"})


def described(codes: Mapping[str, ResponseCode]) -> dict[str, ResponseCode]:
    """The codes with family, senders and meaning filled in."""
    return {code: _described(entry) for code, entry in codes.items()}


def _described(entry: ResponseCode) -> ResponseCode:
    found = _CODE.match(entry.code)
    prefix = found[1] if found else ""
    family = FAMILIES.get(prefix)
    return replace(
        entry,
        family=prefix,
        senders=family.senders if family else frozenset(),
        meaning=_meaning(entry.code, prefix),
    )


def _meaning(code: str, prefix: str) -> str:
    family = FAMILIES.get(prefix)
    if family is None:
        return "a code of an unknown family"
    if code in _SUCCESS:
        return f"{family.name}: accepted"
    if prefix == "REG" and code.startswith("REG9"):
        return "registration service: refused by a rule of the migration period"
    return f"{family.name}: refused"
