"""The router: takes accepted messages from the log and puts one publication per recipient back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from backbone.journal import JournalEvent, Kind
from backbone.log import ConsumedRecord, Record
from backbone.log.dead_letters import bury
from backbone.trace import trace_context, trace_of
from contracts import envelope, routing
from contracts.envelope import Header
from contracts.errors import ContractError
from contracts.model import RoutingRule
from contracts.semantics import Semantics
from participant.context import Context
from participant.parties import Snapshot
from services.dip_gateway import consumption, holdings, status, store
from services.dip_gateway.addressing import Addressing, Recipient, address
from services.dip_gateway.headers import read_header
from services.dip_gateway.holdings import Change, Holding
from services.dip_gateway.ledger import Book, Ledger, after_changes
from services.dip_gateway.market import market_for
from services.dip_gateway.obfuscation import Obfuscation
from services.dip_gateway.patience import until_done
from services.dip_gateway.responses import Entry
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.status import SERVICE, stable_id

GROUP: Final = "gateway-router"
_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message as the router reads it from the log."""

    header: Header
    body: Mapping[str, Any]
    transaction_id: str
    correlation_id: str
    at: datetime
    trace: Mapping[str, str]  # its trace context, as it stands in the record's headers


class Router:
    """Routes what was accepted. Several may run: each takes its share of the keys."""

    def __init__(self, context: Context, settings: GatewaySettings, ledger: Ledger) -> None:
        self._context = context
        self._always = settings.always_recipients
        self._catalogue = context.catalogue()
        self._ledger = ledger
        self._semantics = Semantics()
        self._obfuscation = Obfuscation(self._catalogue, settings.obfuscate)
        self._dip_id = context.dip_identity.dip_id

    async def run(self) -> None:
        """Route until cancelled; what cannot be done now is tried again."""
        async with self._context.log.consume(GROUP, ["dip.if.*"]) as subscription:
            while True:
                records = await until_done(lambda: subscription.fetch(_BATCH), "the router")
                await self._route(records)
                await until_done(lambda: subscription.commit(records), "the router")  # noqa: B023

    async def _route(self, records: Sequence[ConsumedRecord]) -> None:
        """Route a batch: publications, status messages and journal in one append, then what was learnt.

        Done again after a crash, it appends the same once more, under the same IDs.
        """
        messages = [message for c in records if (message := await self._readable(c)) is not None]
        mpans = {m.header.mpan for m in messages if m.header.mpan}
        book = await until_done(lambda: self._ledger.read(mpans), "the router")
        snapshot = await until_done(self._context.directory.snapshot, "the router")
        out: list[Record] = []
        learnt: list[Change] = []
        for message in messages:
            changes = holdings.learn(message.body, message.header, _role_of(snapshot))
            book |= after_changes({c.mpan: book.get(c.mpan, ()) for c in changes}, changes)
            learnt += changes
            if message.header.interface == consumption.REQUEST:
                out += await until_done(partial(self._history, message), "the router")
            else:
                out += self._records(message, snapshot, book)
        await until_done(lambda: self._context.log.append(out), "the router")
        await until_done(lambda: self._ledger.learn(learnt), "the router")

    async def _readable(self, consumed: ConsumedRecord) -> Message | None:
        """The message; one that cannot be read is put aside, so that those behind it are not held up."""
        try:
            return _read(consumed.record)
        except (ValueError, KeyError, TypeError) as fault:
            reason = f"not an accepted message: {type(fault).__name__}: {fault}"
            await until_done(lambda: bury(self._context.log, GROUP, consumed, reason), "the router")
            return None

    async def _history(self, message: Message) -> list[Record]:
        """Answer a request for past consumption: the DIP itself is its recipient."""
        columns = store.delivery_table.c
        where = [columns.mpan == message.header.mpan, columns.publication.in_(consumption.SOURCES)]
        async with self._context.database.read() as connection:
            rows = await store.find_deliveries(connection, [*where, columns.replay.is_(False)])
        asked = consumption.Asked(
            header=message.header,
            message=message.body,
            transaction_id=message.transaction_id,
            correlation_id=message.correlation_id,
            at=self._context.clock.now(message.header.mpan),
            dip_id=self._dip_id,
            environment=self._context.settings.environment_tag,
        )
        history = [orjson.loads(row.body) for row in consumption.distinct(rows)]
        recipient = Recipient(message.header.sender or "", "primary")
        records: list[Record] = []
        for answer in consumption.answers(asked, history):
            made = Message(
                header=envelope.header(answer.publication),
                body=answer.publication,
                transaction_id=answer.transaction_id,
                correlation_id=asked.correlation_id,
                at=asked.at,
                trace=message.trace,
            )
            body = orjson.dumps(answer.publication)
            name = envelope.publication_id(consumption.ANSWER)
            records.append(_publication_record(made, name, recipient, body))
            records.append(self._routed(made, name, recipient, Addressing((recipient,)), ()).to_record())
        return records

    def _records(self, message: Message, snapshot: Snapshot, book: Book) -> list[Record]:
        header = message.header
        held: Sequence[Holding] = book.get(header.mpan or "", ())
        market = market_for(
            header,
            snapshot=snapshot,
            held=held,
            subjects=holdings.subjects(message.body, header.interface),
            always=self._always,
            at=self._context.clock.now(header.mpan),
        )
        addressing = address(header, self._rule(header), market)
        publications = self._publications(message, addressing, market.role_of)
        return [*publications, *self._failures(message, addressing)]

    def _rule(self, header: Header) -> RoutingRule:
        try:
            return routing.rule(self._catalogue, header.interface or "", header.event)
        except ContractError:
            return RoutingRule(header.interface or "", frozenset())

    def _publications(
        self, message: Message, addressing: Addressing, role_of: holdings.RoleOf
    ) -> list[Record]:
        if not addressing.recipients:
            return []
        publication = envelope.publication(
            message.body,
            transaction_id=message.transaction_id,
            at=self._context.clock.now(message.header.mpan),
            correlation_id=message.correlation_id,
            primary=addressing.of("primary"),
            secondary=addressing.of("secondary"),
            always=addressing.of("always"),
        )
        header, name = message.header, envelope.publication_id(message.header.interface or "")
        body, warnings = orjson.dumps(publication), self._warnings(message)
        records: list[Record] = []
        for recipient in addressing.recipients:
            copy = body
            if self._obfuscation.masks(header.interface, header.event, role_of(recipient.dip_id)):
                copy = self._obfuscation.masked(publication, header.interface or "", header.event or "")
            records.append(_publication_record(message, name, recipient, copy))
            records.append(self._routed(message, name, recipient, addressing, warnings).to_record())
        return records

    def _routed(
        self,
        message: Message,
        name: str,
        recipient: Recipient,
        addressing: Addressing,
        warnings: Sequence[str],
    ) -> JournalEvent:
        details: dict[str, Any] = {"routing": recipient.routing}
        if addressing.vacant:
            details["vacant"] = list(addressing.vacant)
        if warnings:
            details["warnings"] = list(warnings)
        return self._event(Kind.ROUTED, message, recipient=recipient.dip_id, interface=name, details=details)

    def _warnings(self, message: Message) -> list[str]:
        """What is doubtful about the message beyond its schema; asked here, where nobody waits for it."""
        found = self._semantics.check(message.body, self._catalogue, header=message.header)
        return [violation.message for violation in found]

    def _failures(self, message: Message, addressing: Addressing) -> list[Record]:
        if not addressing.failures:
            return []
        header = message.header
        entries = [self._entry(message, failure.code, failure.help) for failure in addressing.failures]
        event = self._event(
            Kind.ROUTING_FAILED,
            message,
            codes=tuple(dict.fromkeys(failure.code for failure in addressing.failures)),
            details={
                "failures": [{"code": f.code, "help": f.help} for f in addressing.failures],
                "delivered to": [recipient.dip_id for recipient in addressing.recipients],
            },
        )
        return [
            event.to_record(),
            *status.status_records(
                entries,
                recipient=header.sender or "",
                sender=self._dip_id,
                mpan=header.mpan,
                at=self._context.clock.now(header.mpan),
                cause=message.transaction_id,
                trace=message.trace,
            ),
        ]

    def _entry(self, message: Message, code: str, text: str) -> Entry:
        header = message.header
        return Entry(
            message=self._catalogue.code_text(code),
            help=text,
            recipient=header.sender,
            transaction_id=message.transaction_id,
            reference=header.reference,
            correlation_id=message.correlation_id,
            connection_provider=header.connection_provider,
        )

    def _event(
        self,
        kind: Kind,
        message: Message,
        *,
        recipient: str | None = None,
        interface: str | None = None,
        codes: tuple[str, ...] = (),
        details: Mapping[str, Any],
    ) -> JournalEvent:
        header = message.header
        return JournalEvent(
            kind=kind,
            at=self._context.clock.now(header.mpan),
            service=SERVICE,
            mpan=header.mpan,
            interface=interface or header.interface,
            event_code=header.event,
            sender=header.sender,
            recipient=recipient,
            reference=header.reference,
            transaction_id=message.transaction_id,
            correlation_id=message.correlation_id,
            codes=codes,
            details=details,
            trace=trace_of(message.trace),
            id=stable_id(kind.value, message.transaction_id, recipient or ""),
        )


def _read(record: Record) -> Message:
    body = orjson.loads(record.value)
    return Message(
        header=read_header(body),
        body=body,
        transaction_id=record.headers["transaction-id"],
        correlation_id=record.headers["correlation-id"],
        at=datetime.fromisoformat(record.headers["received-at"]),
        trace=trace_context(record.headers),
    )


def _role_of(snapshot: Snapshot) -> holdings.RoleOf:
    def role_of(dip_id: str) -> str | None:
        party = snapshot.party(dip_id)
        return party.role if party else None

    return role_of


def _publication_record(message: Message, name: str, recipient: Recipient, body: bytes) -> Record:
    header = message.header
    headers = {
        "recipient": recipient.dip_id,
        "routing": recipient.routing,
        "transaction-id": message.transaction_id,
        "correlation-id": message.correlation_id,
        "sender": header.sender or "",
        "reference": header.reference or "",
        "event": header.event or "",
        "mpan": header.mpan or "",
        "schema-version": header.schema_version or "",
        **message.trace,
    }
    return Record(f"dip.pub.{name}", header.mpan or header.sender or "", body, headers)
