"""Sample messages for every event variant: valid ones, and ones with a deliberate fault.

The same catalogue, interface, event and seed always give the same message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts import envelope
from contracts.errors import SampleImpossible, UnknownVariant
from contracts.identifiers import gsp_group_of
from contracts.model import Block, Catalogue, DataItem, Field, Variant
from contracts.routing import rule
from contracts.sample_faults import KINDS, Fault, spoil
from contracts.sample_values import Values

__all__ = ["KINDS", "Fault", "sample", "spoiled"]

_UK: Final = ZoneInfo("Europe/London")
_FIRST_DAY: Final = datetime(2026, 1, 2, tzinfo=UTC)
_THE_DIP: Final = envelope.Sender("1000000000", "DIP")
_HALF_HOUR: Final = timedelta(minutes=30)
_SET_BY_DIP: Final = frozenset({"D0"})
_FULL_DAY: Final = frozenset({"B047", "B048", "B052", "B084"})  # blocks repeated for each period of a day


def sample(
    catalogue: Catalogue,
    interface: str,
    event: str,
    *,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    invalid: str | None = None,
    wild: bool = False,
    bare: bool = False,
    at: datetime | None = None,
) -> dict[str, Any]:
    """A message as a sender sends it.

    ``overrides``: values by JSON pointer, set last. ``invalid``: one of ``KINDS``. ``wild``: seek edge cases
    (nulls, shortest and longest texts, odd characters) instead of plausible values. ``bare``: only what is
    required. ``at``: when it is sent, which its dates lie around; by default some day of 2026. Raises
    UnknownVariant, SampleImpossible.
    """
    if invalid is not None:
        message = spoiled(catalogue, interface, event, invalid, seed=seed, wild=wild).message
    else:
        maker = _Maker(catalogue, catalogue.variant(interface, event), event, seed, wild, bare=bare, at=at)
        message = maker.message()
    for pointer, value in (overrides or {}).items():
        put(message, pointer, value)
    return message


def spoiled(
    catalogue: Catalogue, interface: str, event: str, kind: str, *, seed: int = 0, wild: bool = False
) -> Fault:
    """A message with one fault of this kind, and where it is. Raises SampleImpossible, UnknownVariant."""
    variant = catalogue.variant(interface, event)
    message = _Maker(catalogue, variant, event, seed, wild).message()
    return spoil(message, variant, kind, _random(f"{seed} {interface} {event} {kind}"))


def put(message: Any, pointer: str, value: Any) -> None:
    """Set a value by JSON pointer; the last step may be new. Raises SampleImpossible for a wrong pointer."""
    *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]] or [""]
    try:
        for step in steps:
            message = message[int(step)] if isinstance(message, list) else message[step]
        if isinstance(message, list):
            message[int(last)] = value
        elif isinstance(message, dict):
            message[last] = value
        else:
            raise SampleImpossible(f"{pointer}: there is no object to put it in")
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise SampleImpossible(f"{pointer}: no such place in the message") from error


def _random(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - repeatable samples, no secrets


class _Maker:
    """Makes one message."""

    def __init__(
        self,
        catalogue: Catalogue,
        variant: Variant,
        event: str,
        seed: int,
        wild: bool,
        *,
        bare: bool = False,
        at: datetime | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.variant = variant
        self.event = f"[{event.strip('[]')}]"
        self.bare = bare
        self.random = _random(f"{seed} {variant.interface} {self.event}")
        day, minute = self.random.randrange(364), self.random.randrange(1440)
        self.sent = at or _FIRST_DAY + timedelta(days=day, minutes=minute)
        local = self.sent.astimezone(_UK).date()
        midnight = datetime(local.year, local.month, local.day, tzinfo=_UK)
        self.values = Values(self.random, midnight, self.random.randint(10, 23), wild)

    def message(self) -> dict[str, Any]:
        sender = self._sender()
        message = envelope.build(
            self.variant.interface,
            self.event,
            sender=sender,
            now=self.sent,
            schema_version=self.variant.schema_versions[-1] if self.variant.schema_versions else "011",
            primary=self._primary(),
            unique=f"{self.random.getrandbits(64):016x}",
        )
        payload = message["payload"]
        given = payload["CommonBlock"]
        payload["CommonBlock"] = self._common(given)
        if self.variant.custom.fields:
            payload["CustomBlock"] = self._block(self.variant.custom)
        return message

    def _sender(self) -> envelope.Sender:
        role = self.random.choice(sorted(self._rule_part("senders")) or ["SUP"])
        if role == "DIP":
            return _THE_DIP
        return envelope.Sender(self.values.dip_id(_ROLE_WORDS.get(role, "")), role)

    def _primary(self) -> list[str]:
        roles = self._rule_part("primary")
        return [self.values.dip_id(_ROLE_WORDS.get(role, "")) for role in sorted(roles)[:1]]

    def _rule_part(self, part: str) -> frozenset[str]:
        try:
            found: frozenset[str] = getattr(rule(self.catalogue, self.variant.interface, self.event), part)
        except UnknownVariant:
            return frozenset()
        return found

    def _common(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The envelope's blocks as far as this variant knows them, and the rest of what it requires."""
        common = {}
        for part in self.variant.common.fields:
            if part.name in given:
                common[part.name] = self._known_fields(part.type, given[part.name])
            elif part.required:
                common[part.name] = self._mpan_block(part) or self._field(part)
        return common

    def _known_fields(self, kind: DataItem | Block, given: Mapping[str, Any]) -> dict[str, Any]:
        """Older versions may lack a field of the envelope, newer ones may want one more."""
        if isinstance(kind, DataItem):
            return dict(given)
        return {
            part.name: given[part.name] if part.name in given else self._field(part)
            for part in kind.fields
            if part.name in given or part.required
        }

    def _mpan_block(self, part: Field) -> dict[str, Any] | None:
        if part.name not in ("M0", "M1") or not isinstance(part.type, Block):
            return None
        block = self._block(part.type)
        if "GSPGroupID" in block:
            block["GSPGroupID"] = gsp_group_of(self.values.distributor)
        return block

    def _block(self, block: Block) -> dict[str, Any]:
        return {part.name: self._field(part) for part in block.fields if self._wanted(part)}

    def _wanted(self, part: Field) -> bool:
        return part.required or (not self.bare and self.random.random() < 0.6)

    def _field(self, part: Field) -> Any:
        if not part.many:
            return self._value(part)
        kind = part.type
        if isinstance(kind, Block) and kind.key in _FULL_DAY and not self.values.wild:
            return self._periods(kind, part.max_items)
        low = part.min_items or (0 if self.values.wild else 1)
        high = min(part.max_items if part.max_items is not None else low + 2, low + 2)
        return [self._value(part) for _ in range(self.random.randint(low, max(low, high)))]

    def _value(self, part: Field) -> Any:
        if isinstance(part.type, Block):
            return self._block(part.type)
        return self.values.value(part.name, part.type)

    def _periods(self, block: Block, most: int | None) -> list[dict[str, Any]]:
        """One entry for each half hour of the UTC settlement day, named by its end."""
        start = self.values.settlement_day()
        periods = []
        for number in range(1, min(48, most or 48) + 1):
            period = self._block(block)
            end = next((n for n in ("sp", "settlementPeriodEffectiveToDateTime") if n in period), None)
            if end:
                period[end] = (start + number * _HALF_HOUR).isoformat()
            periods.append(period)
        return periods


_ROLE_WORDS: Final = {
    "SUP": "supplier",
    "MSS": "metering",
    "MSA": "metering",
    "UMSO": "metering",
    "SDS": "data",
    "ADS": "data",
    "UMSDS": "data",
    "MDR": "mdr",
    "LDSO": "distributor",
}
