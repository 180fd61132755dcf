"""What is written down about refused requests: always why, and never without bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backbone.errors import LogClosed, LogUnavailable, RecordTooLarge
from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from participant.context import Context
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused, Subject
from services.dip_gateway.limits import Bucket
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.status import SERVICE

_STRANGER_BODY = 4_096  # of a request whose sender is not known
_UNKNOWN = (401, 403, 404, 405, 406, 408, 413, 429)


class RefusalBook:
    """Journals refusals. Strangers may fill the journal only so fast, and nobody a disk that is
    nearly full; what is left out is counted."""

    def __init__(self, context: Context, settings: GatewaySettings) -> None:
        self._context = context
        rate = settings.unauthenticated_events_per_second
        self._bucket = Bucket(rate, max(1.0, rate * 5))
        self._left_out = 0

    async def write(self, request: Request | None, refused: Refused, *, seconds: float) -> None:
        """One event per message refused, or one for the request. A log that is away loses nothing owed.

        ``seconds``: any steadily growing time.
        """
        stranger = refused.status in _UNKNOWN
        full = self._context.disk.shortage() is not None
        if full or (stranger and self._bucket.take("strangers", seconds) is not None):
            self._left_out += 1
            return
        records = self._records(request, refused, stranger)
        try:
            await self._context.log.append(records)
        except (LogUnavailable, LogClosed, RecordTooLarge):
            self._left_out += len(records)

    async def write_fault(self, request: Request | None, fault: Exception) -> None:
        """A request that failed through a fault of ours."""
        details = {"fault": f"{type(fault).__name__}: {fault}"}
        if request is not None:
            details |= {"method": request.method, "url": request.url}
        event = JournalEvent(Kind.SERVICE_FAULT, self._now(None), SERVICE, details=details)
        try:
            await self._context.log.append([event.to_record()])
        except (LogUnavailable, LogClosed, RecordTooLarge):
            self._left_out += 1

    def _records(self, request: Request | None, refused: Refused, stranger: bool) -> list[Record]:
        subjects = refused.subjects or [_subject(request, refused)]
        left_out, self._left_out = self._left_out, 0
        more: dict[str, Any] = {"left out before": left_out} if left_out else {}
        return [self._event(request, refused, subject, stranger, more).to_record() for subject in subjects]

    def _event(
        self,
        request: Request | None,
        refused: Refused,
        subject: Subject,
        stranger: bool,
        more: dict[str, Any],
    ) -> JournalEvent:
        details: dict[str, Any] = {
            "status": refused.status,
            "reason": refused.reason,
            "detail": refused.detail,
            "violations": list(subject.violations),
            **more,
        }
        if request is not None:
            details |= {"method": request.method, "url": request.url, "client": request.client}
        return JournalEvent(
            kind=Kind.REFUSED,
            at=self._now(subject.mpan),
            service=SERVICE,
            mpan=_bounded(subject.mpan),
            interface=_bounded(subject.interface),
            event_code=_bounded(subject.event),
            sender=_bounded(subject.sender),
            reference=_bounded(subject.reference, 250),
            correlation_id=_bounded(subject.correlation_id),
            codes=subject.codes or _codes(refused.entries),
            headers={} if request is None else _headers(request, stranger),
            body=subject.body,
            details=details,
        )

    def _now(self, mpan: str | None) -> datetime:
        return self._context.clock.now(mpan)


def _subject(request: Request | None, refused: Refused) -> Subject:
    body = request.body[:_STRANGER_BODY].decode(errors="replace") if request else None
    sender = refused.entries[0].recipient if refused.entries else None
    return Subject(sender=sender, body=body or None)


def _headers(request: Request, stranger: bool) -> dict[str, str]:
    """All but the secrets; a stranger's are cut, except the certificate, which tells who it is."""
    if not stranger:
        return request.public_headers
    return {name[:100]: value[:8_192] for name, value in list(request.public_headers.items())[:40]}


def _codes(entries: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.message.split(" ", 1)[0] for entry in entries))


def _bounded(text: str | None, limit: int = 80) -> str | None:
    return text if text is None else text[:limit]
