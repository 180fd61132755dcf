"""What deliveries leave behind: journal events, and a status message to the sender when one is abandoned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from backbone.trace import continued
from participant.context import Context
from services.dip_gateway import responses, status
from services.dip_gateway.answers import entries_of, said_about
from services.dip_gateway.courier import Parcel, packed
from services.dip_gateway.lanes import Item
from services.dip_gateway.occurrences import occurrence
from services.dip_gateway.responses import Entry
from services.dip_gateway.retry import Outcome, outcome
from services.dip_gateway.status import CHANNEL as STATUS
from services.dip_gateway.status import stable_id


class Reporter:
    """Writes the journal of deliveries, each batch in one append."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._dip_id = context.dip_identity.dip_id
        self._failed = context.catalogue().code_text(responses.PROCESSING_FAILED)

    async def held(self, items: Sequence[Item]) -> None:
        """These wait until their recipient sets a webhook, or until a tester lets them go."""
        await self._context.log.append([self._held(item).to_record() for item in items])

    async def attempted(
        self, kind: Kind, items: Sequence[Item], parcel: Parcel, seconds: float | None
    ) -> None:
        """One POST and what it led to. ``seconds``: until the next attempt."""
        entries = entries_of(parcel.answer.body)
        records: list[Record] = []
        for index, item in enumerate(items):
            details = _details(kind, items, index, parcel, seconds)
            answered = said_about(entries, item.transaction_id, index, len(items))
            details |= {"answered": answered} if answered else {}
            records.append(self._event(kind, item, parcel, details).to_record())
            if kind is Kind.DELIVERY_ABANDONED:
                records += self._told_sender(item, parcel)
        await self._context.log.append(records)

    def _held(self, item: Item) -> JournalEvent:
        details: dict[str, Any] = {"reason": f"{item.recipient} has set no webhook for {item.channel}"}
        name = "held"
        if item.held is not None:
            details = {"reason": f"waiting for release of step {item.held}", "step": item.held}
            name = "held by a step"
        return occurrence(Kind.HELD, item, self._now(item), details, id=stable_id(name, _name(item)))

    def _event(self, kind: Kind, item: Item, parcel: Parcel, details: Mapping[str, Any]) -> JournalEvent:
        return occurrence(
            kind,
            item,
            self._now(item),
            details,
            headers=parcel.headers,
            body=packed([item]).decode(),
            codes=_codes(details.get("answered")),
        )

    def _now(self, item: Item) -> datetime:
        return self._context.clock.now(item.mpan)

    def _told_sender(self, item: Item, parcel: Parcel) -> list[Record]:
        """A status message about a status message would never end, so there is none."""
        if item.channel == STATUS or not item.sender or item.replay:
            return []
        failed = f"{item.publication} was not delivered to {item.recipient}"
        text = f"{failed}: {_said(parcel)}, attempt {item.attempts}."
        entry = Entry(
            message=self._failed,
            help=text,
            recipient=item.sender,
            transaction_id=item.transaction_id,
            reference=item.reference,
            correlation_id=item.correlation_id,
        )
        return status.status_records(
            [entry],
            recipient=item.sender,
            sender=self._dip_id,
            mpan=item.mpan,
            at=self._now(item),
            cause=f"abandoned {_name(item)}",
            trace=continued(item.trace),
        )


def _name(item: Item) -> str:
    return f"{item.recipient} {item.channel} {item.occurrence}"


def _said(parcel: Parcel) -> str:
    answer = parcel.answer
    return answer.error or f"the webhook answered {answer.status}"


def _details(
    kind: Kind, items: Sequence[Item], index: int, parcel: Parcel, seconds: float | None
) -> dict[str, Any]:
    item, answer = items[index], parcel.answer
    details: dict[str, Any] = {
        "attempt": item.attempts,
        "url": parcel.url,
        "status": answer.status,
        "error": answer.error,
        "answer": answer.text,
    }
    if item.replay:
        details["replay"] = True
    if len(items) > 1:  # the bytes sent were "[" + the messages of the batch with "," between + "]"
        details["batch"] = {"place": index + 1, "of": len(items), "first": items[0].transaction_id}
    if kind is Kind.DELIVERED:
        details["attempts"] = item.attempts
    if kind is Kind.DELIVERY_ATTEMPTED:
        details["nextAttemptInSeconds"] = round(seconds or 0.0, 3)
    if kind is Kind.DELIVERY_ABANDONED:
        details["attempts"] = item.attempts
        details["reason"] = _reason(parcel)
    return details


def _reason(parcel: Parcel) -> str:
    if outcome(parcel.answer.status) is Outcome.RETRY:
        return "the last of the allowed attempts failed"
    return f"{_said(parcel)}, which is not retried"


def _codes(answered: Mapping[str, Any] | None) -> tuple[str, ...]:
    message = answered.get("message") if answered else None
    code = message.split(" ", 1)[0] if isinstance(message, str) and message else ""
    return (code,) if code else ()
