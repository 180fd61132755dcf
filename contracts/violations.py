"""What a check says about a message: violations, their severity and the official code for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_BY_FIELD: Final = {
    "interfaceID": ("MSG1002", "RCP1002"),
    "eventCode": ("MSG1001", "RCP1003"),
    "schemaVersion": ("MSG1001", "RCP1005"),
    "environmentTag": ("MSG1001", "RCP1004"),
    # MSG1006 means a duplicated reference, so one that breaks the schema is a schema failure.
    "senderUniqueReference": ("MSG1001", "RCP1006"),
    "senderTimestamp": ("MSG1007", "RCP1007"),
    "senderDIPID": ("MSG1009", "RCP1009"),
    "senderRoleID": ("MSG1010", "RCP1010"),
    "DIPConnectionProviderID": ("MSG1011", "RCP1001"),
    "senderCorrelationID": ("MSG1012", "RCP1001"),
    "transactionID": ("MSG1001", "RCP1043"),
    "transactionTimestamp": ("MSG1001", "RCP1044"),
    "publicationID": ("MSG1001", "RCP1042"),
    "initialCorrelationID": ("MSG1001", "RCP1046"),
    "replayIndicator": ("MSG1001", "RCP1047"),
}
_BY_RULE: Final = {
    "missing": "RCP1021",
    "enum": "RCP1022",
    "pattern": "RCP1022",
    "null": "RCP1022",
    "mpan-check-digit": "RCP1061",
}


class Severity(StrEnum):
    """An error makes the message invalid; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a message.

    ``pointer``: JSON pointer in the sender's own spelling (for a missing field: where it should be).
    ``code``: what the DIP answers; ``recipient_code``: what a recipient answers. ``rule``: missing,
    unknown, duplicate, type, null, enum, length, pattern, range, multiple, items, one-of, shape, or a
    semantic rule's id. ``message``: one plain sentence or two. ``item``: ``DI-063`` where it has a number.
    """

    pointer: str
    rule: str
    message: str
    code: str = "MSG1001"
    recipient_code: str = "RCP1001"
    value: Any = None
    expected: str = ""
    item: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check.

    ``message``: with field names in the published spelling, the same object when nothing changed.
    ``variant``: name of the structure checked against; None when S0 names none.
    """

    message: Any
    interface: str | None = None
    event: str | None = None
    variant: str | None = None
    violations: tuple[Violation, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether there is no violation of severity error."""
        return not self.violations or not self.errors

    @property
    def errors(self) -> tuple[Violation, ...]:
        return tuple(v for v in self.violations if v.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Violation, ...]:
        return tuple(v for v in self.violations if v.severity is Severity.WARNING)


def codes_for(name: str, rule: str) -> tuple[str, str]:
    """The DIP's and the recipient's code for a violated rule of the field of this name."""
    dip, recipient = _BY_FIELD.get(name, ("MSG1001", "RCP1001"))
    if recipient == "RCP1001" or (rule == "missing" and recipient not in ("RCP1006", "RCP1007", "RCP1009")):
        recipient = _BY_RULE.get(rule, recipient)
    return dip, recipient
