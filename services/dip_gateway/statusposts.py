"""POST /statusmessage: a participant tells others, through the DIP, what became of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

import orjson

from backbone.errors import LogUnavailable
from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from backbone.trace import TRACEPARENT, trace_of, traceparent
from participant.context import Context
from participant.parties import Party, Snapshot
from services.dip_gateway import responses, status
from services.dip_gateway.admission import Admission
from services.dip_gateway.asgi import Request
from services.dip_gateway.entries import code_of, problem, spelled
from services.dip_gateway.errors import Refused, Subject
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.intake import Intake
from services.dip_gateway.lapses import Lapses
from services.dip_gateway.responses import Entry, standard_body
from services.dip_gateway.status import CHANNEL, SERVICE


class StatusPosts:
    """Takes status messages in; each entry goes to the party it names as its recipient."""

    def __init__(self, context: Context, admission: Admission, intake: Intake, lapses: Lapses) -> None:
        self._context = context
        self._lapses = lapses
        self._admission = admission
        self._intake = intake
        self._dip_id = context.dip_identity.dip_id
        self._text = context.catalogue().code_text

    def routes(self) -> list[Route]:
        return [Route("POST", "/statusmessage", self.post)]

    async def post(self, request: Request, values: Mapping[str, str]) -> Reply:
        party = (await self._admission.admit(request)).party
        await self._lapses.outage(party.dip_id, CHANNEL)
        given = self._parsed(request, party)
        lapse = await self._lapses.strike(party.dip_id, CHANNEL)
        snapshot = await self._context.directory.snapshot()
        entries = [spelled(entry) for entry in given]
        faults = [self._fault(entry, party, snapshot) for entry in entries]
        if any(faults):
            raise self._refused(entries, faults, party, request)
        try:
            await self._context.log.append([r for entry in entries for r in self._records(entry, request)])
        except LogUnavailable as fault:
            raise self._intake.unavailable("The message log cannot be reached.") from fault
        if lapse is not None:
            raise self._lapses.failure(lapse, party.dip_id)
        answers = [_answer(entry, self._text(responses.SUCCESS), None) for entry in entries]
        return Reply(201, standard_body(answers, self._dip_id, self._context.clock.now()))

    def _parsed(self, request: Request, party: Party) -> list[Any]:
        try:
            given = orjson.loads(request.body)
        except orjson.JSONDecodeError as fault:
            raise self._unusable(f"The body is not JSON: {fault}.", party, request) from fault
        if not isinstance(given, list) or not given:
            raise self._unusable("The body is an array of one or more status messages.", party, request)
        limit = self._context.settings.max_batch
        if len(given) > limit:
            text = f"{len(given)} status messages; {limit} are allowed. Send them in parts."
            raise self._unusable(text, party, request)
        return given

    def _unusable(self, text: str, party: Party, request: Request) -> Refused:
        entry = Entry(self._text(responses.SCHEMA_FAILURE), text, party.dip_id)
        body = request.body[:4_096].decode(errors="replace")
        subject = Subject(CHANNEL, sender=party.dip_id, body=body, codes=(responses.SCHEMA_FAILURE,))
        return Refused(400, text, [entry], detail="body unusable", subjects=[subject])

    def _fault(
        self, entry: Mapping[str, Any], party: Party, snapshot: Snapshot
    ) -> tuple[str, str, str] | None:
        """Code, field and sentence; None for an entry that is fine."""
        wrong = problem(entry)
        if wrong:
            return (responses.SCHEMA_FAILURE, *wrong)
        sender = snapshot.party(entry["senderID"])
        if sender is None or party.dip_id not in (sender.dip_id, sender.connection_provider):
            text = f"{party.dip_id} may not send status messages of {entry['senderID']}."
            return ("MSG1009", "senderID", text)
        if entry["recipientID"] is None or snapshot.party(entry["recipientID"]) is None:
            text = "recipientID names who sent the message that this is about; no such DIP ID is registered."
            return ("MSG1031", "recipientID", text)
        return None

    def _refused(
        self,
        entries: Sequence[Mapping[str, Any]],
        faults: Sequence[tuple[str, str, str] | None],
        party: Party,
        request: Request,
    ) -> Refused:
        answers, subjects = [], []
        passed = "This one passed; it was refused with the others of its request. Resend it."
        for entry, fault in zip(entries, faults, strict=True):
            code, name, text = fault or (responses.PROCESSING_FAILED, "", passed)
            answers.append(_answer(entry, self._text(code), text, party.dip_id))
            details = [{"pointer": f"/{name}", "code": code, "message": text, "value": None}] if fault else []
            subjects.append(
                Subject(
                    CHANNEL,
                    sender=party.dip_id,
                    body=orjson.dumps(entry).decode(),
                    codes=(code,),
                    violations=details,
                )
            )
        first = next(fault for fault in faults if fault)
        return Refused(400, first[2], answers, detail="status message refused", subjects=subjects)

    def _records(self, entry: Mapping[str, Any], request: Request) -> list[Record]:
        """The status message on its way, and its journal events."""
        identifier = token_hex(16)
        trace = trace_of(request.headers) or identifier
        recipient = str(entry["recipientID"])
        body = orjson.dumps([entry])
        headers = {
            "recipient": recipient,
            "id": identifier,
            "sender": str(entry["senderID"]),
            "transaction-id": entry["transactionID"] or "",
            "reference": entry["senderUniqueReference"] or "",
            "correlation-id": entry["correlationID"] or "",
            "mpan": "",
            TRACEPARENT: traceparent(trace, identifier[:16]),
        }
        code = code_of(entry)
        event = JournalEvent(
            kind=Kind.ACCEPTED,
            at=self._context.clock.now(),
            service=SERVICE,
            interface=CHANNEL,
            sender=str(entry["senderID"]),
            recipient=recipient,
            reference=entry["senderUniqueReference"],
            transaction_id=entry["transactionID"],
            correlation_id=entry["correlationID"],
            codes=(code,) if code else (),
            headers=request.public_headers,
            body=body[1:-1].decode(),
            trace=trace,
            id=identifier,
        )
        return [Record(status.TOPIC, recipient, body, headers), event.to_record()]


def _answer(entry: Mapping[str, Any], message: str, text: str | None, recipient: str | None = None) -> Entry:
    """An answer quotes only what fits its own schema."""
    fits = {name: entry.get(name) for name in ("transactionID", "senderUniqueReference", "correlationID")}
    limits = {"transactionID": 65, "senderUniqueReference": 200, "correlationID": 60}
    kept = {
        name: value if isinstance(value, str) and 0 < len(value) <= limits[name] else None
        for name, value in fits.items()
    }
    sender = entry.get("senderID")
    return Entry(
        message,
        text,
        recipient or (sender if isinstance(sender, str) else None),
        kept["transactionID"],
        kept["senderUniqueReference"],
        kept["correlationID"],
    )
