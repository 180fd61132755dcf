"""POST /dip-channel/{id}: the hot path from the bytes of a request to its durable acceptance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from backbone.errors import DatabaseUnavailable, LogClosed, LogUnavailable, RecordTooLarge
from backbone.log import Record
from contracts import Catalogue, envelope, routing
from contracts.errors import ContractError
from contracts.semantics import RULES, Semantics
from participant.context import Context
from participant.parties import Party, Snapshot
from services.dip_gateway import responses, texts
from services.dip_gateway.acceptance import Accepted, journal_record, message_record, number
from services.dip_gateway.admission import Admission, Admitted
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import ReferencesTaken, Refused, Subject
from services.dip_gateway.judgement import Judged, Rules, explain, judge_batch, used_before
from services.dip_gateway.judges import Judges
from services.dip_gateway.lapses import Lapses
from services.dip_gateway.references import References
from services.dip_gateway.responses import Entry
from services.dip_gateway.settings import GatewaySettings

_RETRY_AFTER: Final = 5  # seconds; ours, nothing is published
_ALL_OFF: Final = tuple(f"{rule.id}=off" for rule in RULES)
_UNDER_WAY: Final = "A request with the same sender reference is under way and may yet fail."
_BODY_KEPT: Final = 65_536  # of a refused request that cannot be taken apart, in the journal


class Intake:
    """Takes messages in. One per process."""

    def __init__(
        self,
        context: Context,
        settings: GatewaySettings,
        admission: Admission,
        references: References,
        lapses: Lapses,
    ) -> None:
        self._context = context
        self._admission = admission
        self._lapses = lapses
        self._references = references
        self._catalogue: Catalogue = context.catalogue()
        self._judges = Judges(
            [context.catalogue(version) for version in context.settings.contracts],
            Semantics.of([*_ALL_OFF, *settings.semantic_rules]) if settings.semantic_rules else None,
        )
        self._tolerance = timedelta(seconds=settings.timestamp_tolerance_seconds)
        self._nesting = settings.max_nesting
        self._senders: dict[tuple[str, str | None], frozenset[str]] = {}
        self._rules_from: Snapshot | None = None
        self._rules_kept: dict[tuple[str, str], Rules] = {}
        self._success = self._catalogue.code_text(responses.SUCCESS)

    def channel(self, name: str) -> str:
        """The interface of a URL's channel, whatever its case. Raises Refused with 404."""
        channel = name.upper()
        if self._judges.knows(channel):
            return channel
        text = f"There is no channel {name}. Channels are named like the interfaces: IF-031, REP-002."
        raise Refused(404, text, [self._entry("MSG1002", text)], detail="channel unknown")

    async def take(self, request: Request, channel: str) -> list[Entry]:
        """Accept a request; one entry per message. Raises Refused."""
        if not self._references.loaded.is_set():
            raise self.unavailable("The gateway is starting.")
        admitted = await self._admission.admit(request)
        await self._lapses.outage(admitted.party.dip_id, channel)
        messages = self._parse(request, admitted.party)
        lapse = await self._lapses.strike(admitted.party.dip_id, channel, messages)
        judged = judge_batch(messages, await self._rules(channel, admitted.party))
        if any(one.findings for one in judged):
            self._check_nesting(messages, request, admitted.party)
            raise self._refused(judged, texts.split_raw(request.body, messages), admitted.party)
        accepted = number(judged, texts.split_raw(request.body, messages), request, self._context.clock.now)
        await self._keep(accepted, request, channel, admitted)
        if lapse is not None:
            raise self._lapses.failure(lapse, admitted.party.dip_id)
        return [self._accepted_entry(one) for one in accepted]

    def unavailable(self, reason: str) -> Refused:
        """503: nothing was taken in, and trying again is right."""
        text = f"{reason} Nothing was accepted; send the same request again after {_RETRY_AFTER} s."
        entry = self._entry(responses.PROCESSING_FAILED, text)
        return Refused(503, reason, [entry], detail="unavailable", retry_after=_RETRY_AFTER)

    def _parse(self, request: Request, party: Party) -> list[Any]:
        try:
            messages = orjson.loads(request.body)
        except orjson.JSONDecodeError as fault:
            raise self._unusable(f"The body is not JSON: {fault}.", request, party) from fault
        if not isinstance(messages, list) or not messages:
            text = 'The body is an array of one or more messages: [{"payload": {…}}].'
            raise self._unusable(text, request, party)
        limit = self._context.settings.max_batch
        if len(messages) > limit:
            text = f"The batch holds {len(messages)} messages; {limit} are allowed. Send it in parts."
            raise self._unusable(text, request, party)
        return messages

    def _check_nesting(self, messages: list[Any], request: Request, party: Party) -> None:
        """Nothing in the standard is deep, so this is asked of refused messages only, to say why."""
        if texts.nested_deeper(messages, self._nesting):
            text = f"The JSON is nested deeper than {self._nesting} levels; no message of the standard is."
            raise self._unusable(text, request, party)

    def _unusable(self, text: str, request: Request, party: Party) -> Refused:
        subject = Subject(
            sender=party.dip_id,
            body=request.body[:_BODY_KEPT].decode(errors="replace"),
            codes=(responses.SCHEMA_FAILURE,),
        )
        entry = self._entry(responses.SCHEMA_FAILURE, text, party)
        return Refused(400, text, [entry], detail="body unusable", subjects=[subject])

    async def _rules(self, channel: str, party: Party) -> Rules:
        """Kept while the directory stays as it is: they are the same for every request of a sender."""
        directory = self._context.directory
        snapshot: Snapshot = directory.at_hand or await directory.snapshot()
        if snapshot is not self._rules_from:
            self._rules_from = snapshot
            self._rules_kept.clear()
        rules = self._rules_kept.get((channel, party.dip_id))
        if rules is None or rules.party is not party:
            rules = self._rules_kept[channel, party.dip_id] = self._new_rules(channel, party, snapshot)
        return rules

    def _new_rules(self, channel: str, party: Party, snapshot: Snapshot) -> Rules:
        return Rules(
            channel=channel,
            party=party,
            party_of=snapshot.party,
            check=self._judges.check,
            senders=self._roles_of,
            known=self._references.known,
            now=self._now,
            tolerance=self._tolerance,
            environment=self._context.settings.environment_tag,
        )

    def _roles_of(self, interface: str, event: str | None) -> frozenset[str]:
        """Who may send this; nothing is known of events that the catalogue does not have."""
        key = (interface, event)
        if key not in self._senders:
            try:
                roles = routing.rule(self._judges.catalogue_of(interface), interface, event).senders
            except ContractError:
                return frozenset()
            self._senders[key] = roles
        return self._senders[key]

    def _now(self, mpan: str | None) -> datetime:
        """The later of business time and the time of the MPAN's run: senders may live in either."""
        now = self._context.clock.now
        return now() if mpan is None else max(now(), now(mpan))

    def _refused(self, judged: Sequence[Judged], raw: Sequence[str], party: Party) -> Refused:
        """All or nothing: one entry per message, also for those that passed."""
        wrong = [index + 1 for index, one in enumerate(judged) if one.findings]
        entries = [self._judged_entry(one, wrong, party) for one in judged]
        subjects = [_subject(one, text, party) for one, text in zip(judged, raw, strict=True)]
        first = judged[wrong[0] - 1]
        reason = f"message {wrong[0]} of {len(judged)}: {explain(first)}"
        return Refused(400, reason, entries, detail="refused at level 1", subjects=subjects)

    def _judged_entry(self, judged: Judged, wrong: Sequence[int], party: Party) -> Entry:
        if judged.code is not None:
            return self._entry(judged.code, explain(judged), party, judged)
        others = ", ".join(map(str, wrong[:20]))
        text = f"This message passed; it was refused with its batch, because of message {others}. Resend it."
        return self._entry(responses.PROCESSING_FAILED, text, party, judged)

    async def _keep(
        self, accepted: Sequence[Accepted], request: Request, channel: str, admitted: Admitted
    ) -> None:
        """Append messages and journal in one; what was appended is durable. Raises Refused."""
        records = [message_record(one, channel) for one in accepted]
        records += [journal_record(one, request, admitted.signed) for one in accepted]
        digests = [one.digest for one in accepted]
        if not self._references.claim(digests):
            raise self.unavailable(_UNDER_WAY)
        try:
            await self._append(records, digests)
            self._references.confirm(digests)
        except ReferencesTaken as taken:
            if not taken.used:
                raise self.unavailable(_UNDER_WAY) from taken
            raise self._taken(accepted, taken, admitted.party) from taken
        except DatabaseUnavailable as fault:
            raise self.unavailable("The database cannot be reached.") from fault
        except (LogUnavailable, LogClosed) as fault:
            raise self.unavailable("The message log cannot be reached.") from fault
        except RecordTooLarge as fault:
            text = f"{fault}. Send a smaller message."
            entries = [self._entry(responses.PROCESSING_FAILED, text, admitted.party)]
            raise Refused(413, str(fault), entries, detail="record too large") from fault
        finally:
            self._references.release(digests)

    async def _append(self, records: Sequence[Record], digests: Sequence[int]) -> None:
        claims = self._references.claims
        if claims is None:
            await self._context.log.append(records)
        else:
            async with claims.held(digests):
                await self._context.log.append(records)

    def _taken(self, accepted: Sequence[Accepted], taken: ReferencesTaken, party: Party) -> Refused:
        """As if it had been known when the messages were judged."""
        judged = [used_before(one.judged) if one.digest in taken.used else one.judged for one in accepted]
        return self._refused(judged, [one.raw for one in accepted], party)

    def _accepted_entry(self, accepted: Accepted) -> Entry:
        header = accepted.judged.header
        return Entry(
            message=self._success,
            recipient=header.sender,
            transaction_id=accepted.transaction_id,
            reference=header.reference,
            correlation_id=accepted.correlation_id,
            connection_provider=header.connection_provider,
        )

    def _entry(self, code: str, text: str, party: Party | None = None, judged: Judged | None = None) -> Entry:
        header = judged.header if judged else envelope.Header()
        return Entry(
            message=self._catalogue.code_text(code),
            help=text,
            recipient=party.dip_id if party else None,
            reference=texts.fitting(header.reference, 200),
            correlation_id=texts.fitting(header.correlation_id, 60),
            connection_provider=texts.fitting(header.connection_provider, 10),
        )


def _subject(judged: Judged, raw: str, party: Party) -> Subject:
    """``party``: who signed it. Whom the message names as its sender stands in the body, and may be wrong."""
    header = judged.header
    return Subject(
        interface=header.interface,
        event=header.event,
        sender=party.dip_id,
        mpan=header.mpan,
        reference=header.reference,
        correlation_id=header.correlation_id,
        body=raw,
        codes=tuple(dict.fromkeys(finding.code for finding in judged.findings))
        or (responses.PROCESSING_FAILED,),
        violations=[finding.as_details() for finding in judged.findings],
    )
