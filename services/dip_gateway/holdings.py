"""Who holds which role for an MPAN, learnt from the messages that pass. Pure.

An MPAN has one supplier, one metering service, one data service, one meter data retriever, one distributor
and one registration service at a time; a metering service is an MSS, an MSA or a UMSO, and likewise for
data services. A holding begins at its effective date and ends when it is ended or the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from contracts import envelope
from contracts.envelope import Header

FAMILIES: Final[Mapping[str, str]] = {
    "MSS": "MS",
    "MSA": "MS",
    "UMSO": "MS",
    "SDS": "DS",
    "ADS": "DS",
    "UMSDS": "DS",
}
_BY_SEGMENT: Final[Mapping[tuple[str, str], str]] = {
    ("MS", "S"): "MSS",
    ("MS", "A"): "MSA",
    ("MS", "U"): "UMSO",
    ("DS", "S"): "SDS",
    ("DS", "A"): "ADS",
    ("DS", "U"): "UMSDS",
}
ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


def family(role: str) -> str:
    """The kind of appointment a role code stands for: MSS, MSA and UMSO are all ``MS``."""
    return FAMILIES.get(role, role)


@dataclass(frozen=True, slots=True)
class Holding:
    """``dip_id`` holds ``role`` for ``mpan`` from ``begins`` until ``ends`` (exclusive; None: open)."""

    mpan: str
    role: str
    dip_id: str
    begins: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A party no longer holds a role of this family from ``at`` on."""

    mpan: str
    family: str
    dip_id: str
    at: datetime
    began: datetime | None = None


Change = Holding | Ended
RoleOf = Callable[[str], str | None]


def apply(holdings: Sequence[Holding], change: Change) -> tuple[Holding, ...]:
    """The holdings of one MPAN after a change. The same change twice changes nothing more."""
    if isinstance(change, Ended):
        return _ended(holdings, change)
    same = [h for h in holdings if _same(h, change)]
    kept = tuple(h for h in holdings if not _same(h, change))
    ends = change.ends or (same[0].ends if same else None)
    return (*kept, replace(change, ends=ends))


def holders(holdings: Sequence[Holding], role: str, at: datetime, *, following: bool) -> tuple[Holding, ...]:
    """Who holds this very role at ``at`` and, with ``following``, who is appointed to it next."""
    line = sorted((h for h in holdings if family(h.role) == family(role)), key=lambda h: h.begins)
    begun = [h for h in line if h.begins <= at][-1:]
    current = [h for h in begun if h.ends is None or at < h.ends]
    future = [h for h in line if h.begins > at][:1] if following else []
    return tuple(h for h in (*current, *future) if h.role == role)


def learn(message: Mapping[str, Any], header: Header, role_of: RoleOf) -> tuple[Change, ...]:
    """What a message that passed says about its MPAN. Unusable parts of it are passed over."""
    if header.mpan is None:
        return ()
    custom = envelope.custom(message)
    reader = _Reader(header.mpan, custom, role_of, _text(custom, "B026", "marketSegmentIndicator"))
    lesson = _LESSONS.get(header.interface or "")
    return (*_parties(header), *(lesson(reader) if lesson else ()))


def subjects(message: Mapping[str, Any], interface: str | None) -> Mapping[str, str]:
    """Whom the message itself is about, by family: an appointment is news for the one appointed, whatever
    its date, and the end of one for the one it ends for. They count as holders when it is addressed."""
    custom = envelope.custom(message)
    found = {kind: _text(custom, block, name) for kind, block, name in _SUBJECTS.get(interface or "", ())}
    return {kind: dip_id for kind, dip_id in found.items() if dip_id}


_SUBJECTS: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "IF-036": (
        ("SUP", "B012", "serviceProviderAppointmentRequestingSupplierDIPID"),
        ("MS", "B014", "incomingMeteringServiceDIPID"),
        ("DS", "B015", "incomingDataServiceDIPID"),
    ),
    "IF-037": (
        ("MS", "B008", "deAppointedMeteringServiceDIPID"),
        ("DS", "B009", "deAppointedDataServiceDIPID"),
    ),
    "IF-003": (
        ("MS", "B008", "deAppointedMeteringServiceDIPID"),
        ("DS", "B009", "deAppointedDataServiceDIPID"),
    ),
}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads appointments out of one custom block."""

    mpan: str
    custom: Mapping[str, Any]
    role_of: RoleOf
    segment: str | None

    def begins(self, block: str, kind: str, name: str, date: str) -> Iterable[Change]:
        dip_id = _text(self.custom, block, f"{name}DIPID")
        at = _moment(_text(self.custom, block, date))
        if dip_id and at:
            yield Holding(self.mpan, self._role(dip_id, kind), dip_id, at)

    def ends(self, block: str, kind: str, name: str, date: str, began: str = "") -> Iterable[Change]:
        dip_id = _text(self.custom, block, f"{name}DIPID")
        at = _moment(_text(self.custom, block, date))
        if dip_id and at:
            start = _moment(_text(self.custom, block, began)) if began else None
            yield Ended(self.mpan, kind, dip_id, at, start)

    def _role(self, dip_id: str, kind: str) -> str:
        known = self.role_of(dip_id)
        return known or _BY_SEGMENT.get((kind, self.segment or "S"), kind)


def _supplier_gain(reader: _Reader) -> Iterable[Change]:
    yield from reader.begins("B002", "SUP", "incomingSupplier", "supplierEffectiveFromDate")
    yield from reader.ends("B003", "SUP", "outgoingSupplier", "supplierEffectiveToDate")


def _service_active(reader: _Reader) -> Iterable[Change]:
    metering, data = "incomingMeteringService", "incomingDataService"
    for block in ("B014", "B016"):
        yield from reader.begins(block, "MS", metering, f"{metering}EffectiveFromDate")
    for block in ("B015", "B017"):
        yield from reader.begins(block, "DS", data, f"{data}EffectiveFromDate")
    yield from reader.begins("B019", "MDR", "assignedMDR", "assignedMDREffectiveFromDate")


def _service_ended(reader: _Reader) -> Iterable[Change]:
    for block, kind, name in (("B008", "MS", "MeteringService"), ("B009", "DS", "DataService")):
        lower = name[0].lower() + name[1:]
        yield from reader.ends(
            block, kind, f"deAppointed{name}", f"{lower}EffectiveToDate", f"{lower}EffectiveFromDate"
        )
    for block, kind, name in (("B010", "MS", "MeteringService"), ("B011", "DS", "DataService")):
        yield from reader.begins(block, kind, f"incoming{name}", f"incoming{name}EffectiveFromDate")
    yield from reader.begins("B002", "SUP", "incomingSupplier", "supplierEffectiveFromDate")


def _retriever(reader: _Reader) -> Iterable[Change]:
    for block in ("B066", "B092", "B019"):
        yield from reader.begins(block, "MDR", "assignedMDR", "assignedMDREffectiveFromDate")


_LESSONS: Final[Mapping[str, Callable[[_Reader], Iterable[Change]]]] = {
    "IF-001": _supplier_gain,
    "IF-003": _service_ended,
    "IF-035": _retriever,
    "IF-036": _service_active,
    "IF-037": _service_ended,
}


def _parties(header: Header) -> Iterable[Change]:
    """The registration service knows the distributor, and shows by sending that it is in charge."""
    assert header.mpan is not None  # noqa: S101 - the caller has looked
    if header.role in ("REGS", "LDSO") and header.distributor_dip_id:
        yield Holding(header.mpan, "LDSO", header.distributor_dip_id, ALWAYS)
    if header.role == "REGS" and header.sender:
        yield Holding(header.mpan, "REGS", header.sender, ALWAYS)


def _same(holding: Holding, change: Holding) -> bool:
    """The same appointment, or one that this change takes the place of."""
    if family(holding.role) != family(change.role):
        return False
    return holding.begins == change.begins


def _ended(holdings: Sequence[Holding], change: Ended) -> tuple[Holding, ...]:
    own = [h for h in holdings if family(h.role) == change.family and h.dip_id == change.dip_id]
    started = [h for h in own if h.begins < change.at]
    if not started:
        return tuple(holdings)
    last = max(started, key=lambda h: h.begins)
    return tuple(replace(h, ends=change.at) if h is last else h for h in holdings)


def _text(custom: Mapping[str, Any], block: str, name: str) -> str | None:
    values = custom.get(block)
    value = values.get(name) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
