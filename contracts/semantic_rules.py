"""The semantic rules themselves: each takes the facts of a message and yields violations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts import identifiers
from contracts.describing import MOMENT_EXAMPLE, shown
from contracts.errors import UnknownVariant
from contracts.facts import Context, Day, Facts
from contracts.model import Catalogue
from contracts.routing import rule as routing_rule
from contracts.violations import Violation

_UK: Final = ZoneInfo("Europe/London")
_HALF_HOUR: Final = timedelta(minutes=30)
# The dates on which a service or a supply begins. End dates have no published convention.
_BEGINNINGS: Final = re.compile(r"^(?:supplier|proposed|incoming\w*Service|.*Service)\w*EffectiveFromDate$")
_S1: Final = "/payload/CommonBlock/S1"


def mpan(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for pointer, value in facts.mpans:
        if len(value) == 13 and value.isascii() and value.isdigit() and not identifiers.is_mpan(value):
            right = value[:12] + identifiers.check_digit(value[:12])
            text = f"MPAN {value} has the wrong check digit: it would have to be {right}."
            yield Violation(pointer, "", text, recipient_code="RCP1061", value=value, expected=right)


def dates(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for pointer, name, value in facts.moments:
        if len(value) == 25 and parsed(value) is None:
            text = f"`{name}` {shown(value)} is no date and time that exists."
            yield Violation(pointer, "", text, value=value, expected=f"such as {MOMENT_EXAMPLE}")


def uk_midnight(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for pointer, name, value in facts.moments:
        moment = parsed(value) if _BEGINNINGS.match(name) else None
        if moment is None:
            continue
        local = moment.astimezone(_UK)
        if (local.hour, local.minute, local.second) != (0, 0, 0):
            right = datetime(local.year, local.month, local.day, tzinfo=_UK).isoformat()
            text = (
                f"`{name}` {value} is not midnight in the UK: in UK time it is {local:%H:%M} "
                f"on {local.day} {local:%B}. Midnight of that day is {right}."
            )
            yield Violation(pointer, "", text, value=value, expected=right)


def day_utc(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for day in facts.odd_days:
        moment = parsed(day.date)
        if moment is not None and (moment.utcoffset() or moment != _midnight(moment)):
            right = _midnight(moment).isoformat()
            text = f"`settlementDayDate` {day.date} is not midnight UTC, such as {right}."
            pointer = f"{day.pointer}/settlementDay/settlementDayDate"
            yield Violation(pointer, "", text, value=day.date, expected=right)


def period_utc(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for day in facts.odd_days:
        wrong = [(i, m) for i, m in _ends(day) if m.utcoffset()]
        if wrong:
            index, moment = wrong[0]
            right = moment.astimezone(UTC).isoformat()
            text = f"`{day.end_name}` {day.ends[index]} is not in UTC: it is {right}.{_more(wrong)}"
            yield Violation(_place(day, index), "", text, value=day.ends[index], expected=right)


def period_ends(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    """Within (day, day + 24 h], on a multiple of 30 minutes; an hour is allowed for a UK-local day."""
    for day in facts.odd_days:
        start = parsed(day.date)
        if start is None:
            continue
        last = start + timedelta(hours=25 if day_lengths(start) != {48} else 24)
        wrong = [(i, m) for i, m in _ends(day) if not start < m <= last or (m - start) % _HALF_HOUR]
        if wrong:
            index, moment = wrong[0]
            hint = " That is where the first period starts; a period has the name of its end."
            text = f"`{day.end_name}` {day.ends[index]} does not end a period of {day.date}."
            text += (hint if moment == start else "") + _more(wrong)
            wanted = f"after {start.isoformat()}, up to {last.isoformat()}"
            yield Violation(_place(day, index), "", text, value=day.ends[index], expected=wanted)


def period_count(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for day in facts.odd_days:
        start = parsed(day.date)
        allowed = day_lengths(start) if start is not None else set()
        if start is not None and day.duration == 30 and len(day.ends) not in allowed:
            wanted = " or ".join(map(str, sorted(allowed)))
            text = f"{start:%Y-%m-%d} has {len(day.ends)} settlement periods; that day has {wanted}."
            pointer = f"{day.pointer}/{day.list_name}"
            yield Violation(pointer, "", text, value=len(day.ends), expected=wanted)


def duplicate_periods(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    for day in facts.odd_days:
        if len(set(map(str, day.ends))) == len(day.ends):
            continue
        for index, end in enumerate(day.ends):
            if end is not None and end in day.ends[:index]:
                text = f"The period that ends {end} comes twice in {day.date}."
                yield Violation(_place(day, index), "", text, value=end, expected="each period once")


def reference_date(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    found, moment = facts.reference, parsed(facts.header.timestamp)
    if found is None or moment is None:
        return
    if found["day"] == f"{moment.year}{moment.month:02}{moment.day:02}":
        return
    days = {moment.astimezone(zone).strftime("%Y%m%d") for zone in (UTC, _UK)}
    if found["day"] not in days:
        text = (
            f"`senderUniqueReference` has the date {found['day']}; "
            f"the message was sent on {moment.astimezone(UTC):%Y%m%d}."
        )
        yield _about_reference(facts, text, " or ".join(sorted(days)))


def reference_interface(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    found, interface = facts.reference, facts.header.interface
    if found is None or interface is None or found["interface"] is None:
        return
    if found["interface"] != re.sub(r"[A-Z]$", "", interface):
        text = f"`senderUniqueReference` names {found['interface']}; the message is {interface}."
        yield _about_reference(facts, text, interface)


def reference_sender(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    found, sender, role = facts.reference, facts.header.sender, facts.header.role
    if found is None or sender is None or role is None:
        return
    if (found["sender"], found["role"]) != (sender, role):
        text = (
            f"`senderUniqueReference` is that of {found['sender']} as {found['role']}; "
            f"the sender is {sender} as {role}."
        )
        yield _about_reference(facts, text, f"{sender}-{role}")


def sender_role(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    head = facts.header
    if head.role is None:
        return
    held = context.role_of(head.sender) if context.role_of and head.sender else None
    if held is not None and held != head.role:
        yield _about_role(head.role, f"{head.sender} holds the role {held}, not {head.role}.", held)
    senders = _senders(catalogue, head.interface, head.event)
    if senders and head.role not in senders:
        allowed = ", ".join(sorted(senders))
        text = f"{head.interface} {head.event or ''} is sent by {allowed}, not by {head.role}."
        yield _about_role(head.role, text, allowed)


def gsp_group(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    core, group = facts.header.mpan, facts.header.gsp_group
    if core is None or group is None or not core[:2].isdigit():
        return
    distributor = identifiers.distributor_of(core)
    right = identifiers.gsp_group_of(distributor)
    if right is not None and right != group:
        text = (
            f"`GSPGroupID` is {group}; MPAN {core} is of distributor {distributor}, whose group is {right}."
        )
        block = "M1" if facts.header.interface in ("IF-019", "IF-020") else "M0"
        yield Violation(f"/payload/CommonBlock/{block}/GSPGroupID", "", text, value=group, expected=right)


def future(facts: Facts, catalogue: Catalogue, context: Context) -> Iterator[Violation]:
    moment = parsed(facts.header.timestamp)
    if moment is not None and context.now is not None and moment > context.now:
        text = f"`senderTimestamp` {facts.header.timestamp} is in the future: it is {_second(context.now)}."
        yield Violation(
            f"{_S1}/senderTimestamp",
            "",
            text,
            "MSG1007",
            "RCP1008",
            facts.header.timestamp,
            f"not after {_second(context.now)}",
        )


@lru_cache(maxsize=4096)
def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def parsed(value: Any) -> datetime | None:
    """An aware instant, or None for anything that is none."""
    return _parsed(value) if isinstance(value, str) else None


def day_lengths(start: datetime) -> set[int]:
    """How many half hours the day may have: 48 as a UTC day; as a UK-local day 46 or 50 on clock changes."""
    local = start.astimezone(_UK)
    begin = datetime(local.year, local.month, local.day, tzinfo=_UK)
    after = begin.date() + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=_UK)
    return {48, int((end.astimezone(UTC) - begin.astimezone(UTC)) / _HALF_HOUR)}


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _second(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def _ends(day: Day) -> Iterator[tuple[int, datetime]]:
    for index, end in enumerate(day.ends):
        moment = parsed(end)
        if moment is not None:
            yield index, moment


def _place(day: Day, index: int) -> str:
    return f"{day.pointer}/{day.list_name}/{index}/{day.end_name}"


def _more(wrong: list[tuple[int, datetime]]) -> str:
    return f" So are {len(wrong) - 1} more." if len(wrong) > 1 else ""


def _about_reference(facts: Facts, text: str, wanted: str) -> Violation:
    value = facts.header.reference
    return Violation(f"{_S1}/senderUniqueReference", "", text, "MSG1001", "RCP1006", value, wanted)


def _about_role(role: str, text: str, wanted: str) -> Violation:
    return Violation(f"{_S1}/senderRoleID", "", text, "MSG1010", "RCP1010", role, wanted)


@lru_cache(maxsize=1024)
def _senders(catalogue: Catalogue, interface: str | None, event: str | None) -> frozenset[str]:
    try:
        return routing_rule(catalogue, interface or "", event).senders
    except UnknownVariant:
        return frozenset()
