"""What the harness loads into the registration service, the gateway knows too: who holds what for the MPAN.

The registration service's command ``load_mpan`` travels on the log; its site data name the supplier, the
metering service, the data service, the meter data retriever and the distributor. Where a participant is the
registration service, that command is not given, and the DIP is told by an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from backbone.journal import JournalEvent, Kind
from backbone.log import ConsumedRecord
from participant.context import Context
from participant.handlers import Incoming
from participant.parties import Snapshot
from participant.timekeeper import follow_clock
from participant.wire import harness_topic, read_record
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.holdings import ALWAYS, Holding, RoleOf
from services.dip_gateway.ledger import Ledger, Load
from services.dip_gateway.patience import until_done
from services.dip_gateway.status import SERVICE, stable_id

GROUP: Final = "gateway-site-data"
_COMMAND: Final = "load_mpan"
_PARTIES: Final = (  # name in the site data, role when the directory does not know the party
    ("supplier", "SUP"),
    ("meteringService", "MSS"),
    ("dataService", "SDS"),
    ("meterDataRetriever", "MDR"),
    ("distributor", "LDSO"),
)


class LoadedSites:
    """Follows the commands to the registration service."""

    def __init__(self, context: Context, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger

    async def run(self) -> None:
        """Take in what is loaded, until cancelled."""
        async with self._context.log.consume(GROUP, [harness_topic("registration")]) as subscription:
            while True:
                records = await until_done(subscription.fetch, "loaded sites")
                await until_done(partial(self._take_in, records), "loaded sites")
                await until_done(partial(subscription.commit, records), "loaded sites")

    async def load(self, order: Incoming) -> None:
        """Load what an order to the DIP itself says. Raises RequestInvalid where it says nothing."""
        snapshot = await self._context.directory.snapshot()
        held = list(site_holdings(order.mpan, order.to, order.message, _roles(snapshot)))
        if not held:
            raise RequestInvalid("load_mpan takes siteData, and an MPAN that they are about")
        await self._ledger.load_once([Load(order.id, held)])

    async def _take_in(self, records: Sequence[ConsumedRecord]) -> None:
        snapshot = await self._context.directory.snapshot()
        follow_clock(self._context.clock, [consumed.record for consumed in records])
        roles = _roles(snapshot)
        held = [(c.record, list(read_holdings(c.record.value, roles))) for c in records]
        commands = [(read_record(record), holdings) for record, holdings in held if holdings]
        if commands:
            await self._ledger.load_once([Load(command.id, holdings) for command, holdings in commands])
            await self._context.journal.write(*(self._confirmed(command) for command, _ in commands))

    def _confirmed(self, command: Incoming) -> JournalEvent:
        """A run does not begin before its messages find their recipients."""
        return JournalEvent(
            kind=Kind.HARNESS_PREPARED,
            at=self._context.clock.now(command.mpan),
            service=SERVICE,
            mpan=command.mpan,
            run=command.run,
            details={"command": command.name},
            id=stable_id("loaded", command.id),
        )


def _roles(snapshot: Snapshot) -> RoleOf:
    def role_of(dip_id: str) -> str | None:
        party = snapshot.party(dip_id)
        return party.role if party else None

    return role_of


def read_holdings(command: bytes, role_of: RoleOf) -> Iterable[Holding]:
    """The holdings that a command loads; none for other commands and for what cannot be read."""
    try:
        fields = orjson.loads(command)
    except orjson.JSONDecodeError:
        return
    if not isinstance(fields, dict) or fields.get("name") != _COMMAND:
        return
    if not isinstance(fields.get("id"), str):
        return
    yield from site_holdings(fields.get("mpan"), fields.get("to"), fields.get("arguments"), role_of)


def site_holdings(mpan: object, regs: object, arguments: object, role_of: RoleOf) -> Iterable[Holding]:
    """The holdings in the arguments of ``load_mpan``; ``regs``: DIP ID of the registration service."""
    site = arguments.get("siteData", arguments) if isinstance(arguments, Mapping) else None
    if not isinstance(mpan, str) or not mpan or not isinstance(site, Mapping):
        return
    if isinstance(regs, str):
        yield Holding(mpan, "REGS", regs, ALWAYS)
    for name, role in _PARTIES:
        dip_id = site.get(f"{name}DIPID")
        if isinstance(dip_id, str):
            begins = _moment(site, f"{name}EffectiveFromDate")
            yield Holding(mpan, role_of(dip_id) or role, dip_id, begins)


def _moment(site: Mapping[str, Any], name: str) -> datetime:
    """The date the site data give, since ever where they give none."""
    value = site.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else ALWAYS
    except ValueError:
        moment = ALWAYS
    return moment if moment.tzinfo else ALWAYS
