"""L1: the checks the DIP makes before it answers. Pure: a message and what is known give findings.

One message yields findings; a batch with a finding anywhere is refused as a whole, because the DIP
takes a request as one operation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from backbone.clock import dip_timestamp
from contracts.envelope import Header
from participant.parties import Party
from services.dip_gateway.headers import read_header

PRIORITY: Final = (
    "MSG1002",
    "MSG1001",
    "MSG1009",
    "MSG1010",
    "MSG1011",
    "MSG1007",
    "MSG1012",
    "MSG1006",
)
_CORRELATION: Final = re.compile(r"CI-[0-9]{8}-[A-Za-z0-9]+")
Uses = Counter[tuple[str | None, str | None]]
_S0, _S1 = "/payload/CommonBlock/S0", "/payload/CommonBlock/S1"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for refusing a message. ``pointer``: RFC 6901, within the message."""

    code: str
    pointer: str
    message: str
    value: Any = None

    def as_details(self) -> dict[str, Any]:
        """For the journal; JSON values only."""
        return {"pointer": self.pointer, "code": self.code, "message": self.message, "value": self.value}


class SchemaCheck(Protocol):
    """The outcome of ``contracts.validation.Validator.check``, as far as it is used here."""

    @property
    def message(self) -> Any: ...

    @property
    def violations(self) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What a message is judged against.

    ``channel``: the interface of the URL. ``party``: who was authenticated. ``party_of``: the directory.
    ``senders(interface, event)``: the role codes that may send it, empty when nothing is known.
    ``known(sender, reference)``: whether this sender used this reference before. ``now(mpan)``: business
    time. ``tolerance``: how far in the future a sender's time may be, since clocks differ.
    """

    channel: str
    party: Party
    party_of: Callable[[str], Party | None]
    check: Callable[[object], SchemaCheck]
    senders: Callable[[str, str | None], frozenset[str]]
    known: Callable[[str, str], bool]
    now: Callable[[str | None], datetime]
    tolerance: timedelta = timedelta(minutes=5)
    environment: str = "UIT"


class Judged(NamedTuple):
    """A message with its findings. ``message``: with the field names in official spelling.

    ``respelled``: whether the sender spelled some otherwise.
    """

    header: Header
    message: Any
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    respelled: bool = False

    @property
    def code(self) -> str | None:
        """The one code that the official answer has room for: the most telling one."""
        codes = {finding.code for finding in self.findings}
        return min(codes, key=_rank) if codes else None


def judge_batch(messages: Sequence[object], rules: Rules) -> list[Judged]:
    """Judge every message, and the batch for references used twice in it."""
    judged = [judge(message, rules) for message in messages]
    if len(judged) < 2:
        return judged
    uses: Uses = Counter((j.header.sender, j.header.reference) for j in judged)
    return [_with_repetition(one, uses) for one in judged]


def judge(message: object, rules: Rules) -> Judged:
    """Judge one message by itself."""
    checked = rules.check(message)
    header = read_header(checked.message)
    faults, warnings = _of_schema(checked.violations) if checked.violations else ((), ())
    findings = (
        *_interface(header, rules),
        *faults,
        *_sender(header, rules),
        *_timestamp(header, rules),
        *_correlation(header),
        *_reference(header, rules),
    )
    warnings = (*warnings, *_environment(header, rules))
    return Judged(
        header, checked.message, _distinct(findings), warnings, respelled=checked.message is not message
    )


def used_before(judged: Judged) -> Judged:
    """What passed, once it turns out that its reference was used after all: taken in elsewhere meanwhile."""
    return judged._replace(findings=(*judged.findings, _reference_used(judged.header)))


def explain(judged: Judged) -> str:
    """What the sender is to do, in the one help field the answer has."""
    first = min(judged.findings, key=lambda finding: _rank(finding.code))
    more = len(judged.findings) - 1
    where = f"{first.pointer}: " if first.pointer else ""
    rest = f" ({more} more; /validate/<interface>/<event>?explain=true lists all.)" if more else ""
    return f"{where}{first.message}{rest}"


def _of_schema(violations: Sequence[Any]) -> tuple[Sequence[Finding], Sequence[str]]:
    """What the schema says against the message, and what it only warns of."""
    faults = [v for v in violations if v.severity != "warning"]
    findings = [Finding(v.code, v.pointer, v.message, _shown(v.value)) for v in faults]
    return findings, [v.message for v in violations if v.severity == "warning"]


def _distinct(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The schema and the rules here may find the same fault; one telling is enough."""
    if len(findings) < 2:
        return findings
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.code, finding.pointer.casefold()), finding)
    return tuple(first.values())


def _rank(code: str) -> int:
    return PRIORITY.index(code) if code in PRIORITY else len(PRIORITY)


def _with_repetition(judged: Judged, uses: Uses) -> Judged:
    header = judged.header
    if header.reference is None or uses[header.sender, header.reference] < 2:
        return judged
    if any(finding.code == "MSG1006" for finding in judged.findings):
        return judged
    text = "Two messages of this batch have the same senderUniqueReference; give each its own."
    finding = Finding("MSG1006", f"{_S1}/senderUniqueReference", text, header.reference)
    return judged._replace(findings=(*judged.findings, finding))


def _interface(header: Header, rules: Rules) -> Sequence[Finding]:
    if header.interface is None or header.interface == rules.channel:
        return ()
    text = (
        f"The message says {header.interface} and was sent to channel {rules.channel}; "
        f"send it to /dip-channel/{header.interface}."
    )
    return [Finding("MSG1002", f"{_S0}/interfaceID", text, header.interface)]


def _sender(header: Header, rules: Rules) -> Sequence[Finding]:
    if header.sender is None:
        return ()
    provider = _provider(header, rules)
    if provider:
        return provider
    sender = rules.party if header.sender == rules.party.dip_id else rules.party_of(header.sender)
    if sender is None or (sender is not rules.party and header.connection_provider != rules.party.dip_id):
        text = (
            f"The API key and certificate are those of {rules.party.dip_id}; the message names "
            f"{header.sender} as its sender. Send it with the credentials of its sender."
        )
        return [Finding("MSG1009", f"{_S1}/senderDIPID", text, header.sender)]
    return _role(header, sender, rules)


def _provider(header: Header, rules: Rules) -> Sequence[Finding]:
    """A connection provider is named only where the sender has nominated it."""
    if header.connection_provider is None:
        return ()
    sender = rules.party_of(header.sender or "")
    if sender is not None and sender.connection_provider == header.connection_provider:
        return ()
    text = (
        f"{header.sender} has not nominated {header.connection_provider} as its DIP Connection Provider; "
        "leave DIPConnectionProviderID null, or nominate it first."
    )
    return [Finding("MSG1011", f"{_S1}/DIPConnectionProviderID", text, header.connection_provider)]


def _role(header: Header, sender: Party, rules: Rules) -> Sequence[Finding]:
    if header.role is None:
        return ()
    pointer = f"{_S1}/senderRoleID"
    if header.role != sender.role:
        text = f"{sender.dip_id} is registered with role {sender.role}; the message says {header.role}."
        return [Finding("MSG1010", pointer, text, header.role)]
    allowed = rules.senders(header.interface or rules.channel, header.event)
    if allowed and header.role not in allowed:
        text = (
            f"Role {header.role} does not send {header.interface} {header.event}; "
            f"that is for {', '.join(sorted(allowed))}."
        )
        return [Finding("MSG1010", pointer, text, header.role)]
    return ()


def _timestamp(header: Header, rules: Rules) -> Sequence[Finding]:
    if header.timestamp is None:
        return ()
    pointer = f"{_S1}/senderTimestamp"
    moment = _instant(header.timestamp)
    if moment is None:
        text = "Not a date and time with an offset; write it like 2026-03-21T19:05:00+00:00."
        return [Finding("MSG1007", pointer, text, header.timestamp)]
    now = rules.now(header.mpan)
    if moment > now + rules.tolerance:
        seconds = int((moment - now).total_seconds())
        text = f"The time lies {seconds} s in the future; the DIP's clock says {dip_timestamp(now)}."
        return [Finding("MSG1007", pointer, text, header.timestamp)]
    return ()


def _correlation(header: Header) -> Sequence[Finding]:
    if header.correlation_id is None or _CORRELATION.fullmatch(header.correlation_id):
        return ()
    text = "A correlation ID is one the DIP gave, CI-<yyyymmdd>-<reference>, quoted unchanged; or null."
    return [Finding("MSG1012", f"{_S1}/senderCorrelationID", text, header.correlation_id)]


def _reference(header: Header, rules: Rules) -> Sequence[Finding]:
    if not header.sender or not header.reference or not rules.known(header.sender, header.reference):
        return ()
    return [_reference_used(header)]


def _reference_used(header: Header) -> Finding:
    text = "This senderUniqueReference was used in a message already accepted; give every message a new one."
    return Finding("MSG1006", f"{_S1}/senderUniqueReference", text, header.reference)


def _environment(header: Header, rules: Rules) -> Sequence[str]:
    if header.environment in (None, rules.environment):
        return ()
    return [f"environmentTag is {header.environment}; this environment is {rules.environment}."]


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _shown(value: Any) -> Any:
    """The value as it is kept in the journal: a long one shortened, a structure named only."""
    if isinstance(value, str):
        return value if len(value) <= 200 else value[:200] + "…"
    if isinstance(value, Mapping):
        return "(an object)"
    return "(an array)" if isinstance(value, list) else value
