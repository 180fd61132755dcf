"""Hand-made journals of the headline scenario and their verdict, for tests without services."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding, Mode, bind
from services.qualification.format import Scenario
from services.qualification.results import RunState, StepState
from services.qualification.scenario import load_scenarios
from services.qualification.values import run_values
from services.qualification.verdict import evaluate

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MPAN = "1000000000013"
PARTICIPANT = "2300000012"
REGISTRATION = "6f1c9b3e-1111-4222-8333-444455556666"
SCENARIO_ID = "SITFTS0020-Smart-Single"


@dataclass(frozen=True)
class Member:
    """A party as the directory knows it."""

    dip_id: str
    role: str
    mpid: str
    organisation: str = "Harness"
    harness: bool = True


MEMBERS = (
    Member("2200000001", "REGS", "RGSA"),
    Member("2300000001", "SUP", "SUPA"),
    Member("2300000002", "SUP", "SUPB"),
    Member("1200000001", "MSS", "MSSA"),
    Member("1200000002", "MSS", "MSSB"),
    Member("1400000001", "SDS", "SDSA"),
    Member("2500000001", "LDSO", "LDSA"),
    Member(PARTICIPANT, "SUP", "ABCD", "Northern Lights Energy", harness=False),
)


@cache
def headline() -> Scenario:
    return load_scenarios()[SCENARIO_ID]


def binding(
    participants: dict[str, str] | None = None,
    injected: tuple[str, ...] = (),
    timeout: float = 30,
    mode: Mode = "automatic",
) -> Binding:
    """The headline scenario bound as asked; by default the incoming supplier is the participant."""
    scenario = headline()
    wished = {"SUPI": PARTICIPANT} if participants is None else participants
    parties = bind(scenario, wished, MEMBERS)
    return Binding(
        run="run-1",
        mpan=MPAN,
        parties=parties,
        values=run_values(scenario, parties, run="run-1", number=1, mpan=MPAN, now=BEGIN),
        injected=injected,
        timeout=timeout,
        created=BEGIN,
        mode=mode,
    )


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


class Story:
    """Writes the journal of one run, ``tick`` seconds apart, as the services would."""

    def __init__(self, bound: Binding, tick: float = 1) -> None:
        self.binding = bound
        self.events: list[JournalEvent] = []
        self.seconds = 0.0
        self.tick = tick

    def add(self, kind: Kind, **fields: Any) -> JournalEvent:
        self.seconds += self.tick
        name = f"{self.binding.run}-event-{len(self.events) + 1}"
        fields = {"service": "dip_gateway", "mpan": self.binding.mpan, "id": name} | fields
        when = self.binding.created + timedelta(seconds=self.seconds)
        event = JournalEvent(kind=kind, at=when, **fields)
        self.events.append(event)
        return event

    def change(self, event: JournalEvent, **fields: Any) -> JournalEvent:
        """Replace an event by one that differs in these fields."""
        changed = replace(event, **fields)
        self.events[self.events.index(event)] = changed
        return changed

    @property
    def now(self) -> datetime:
        return at(self.seconds + 0.1)

    @property
    def supplier(self) -> str:
        return self.binding.parties["SUPI"].dip_id

    def prepared(self) -> None:
        confirmed = [("registration", "load_mpan"), ("dip_gateway", "load_mpan")]
        if not self.binding.parties["SUPI"].participant:
            confirmed.append(("supplier_stub", "plan"))
        for service, command in confirmed:
            fields = {"service": service, "run": self.binding.run}
            self.add(Kind.HARNESS_PREPARED, details={"command": command}, **fields)

    def switch(self, **fields: Any) -> JournalEvent:
        data = {
            "mpxn": self.binding.mpan,
            "supplierMpid": self.binding.parties["SUPI"].mpid,
            "supplyStartDate": self.binding.values["supplyStartDate"],
        }
        fields = {"sender": self.supplier, "body": _text({"eventType": "CSS01700", "data": data})} | fields
        return self.add(Kind.CSS_MESSAGE, service="css_stub", interface="CSS01700", recipient="CSS", **fields)

    def pending(self) -> JournalEvent:
        body = {"eventType": "CSS02800", "data": {"mpxn": self.binding.mpan, "registrationId": REGISTRATION}}
        return self.add(
            Kind.CSS_MESSAGE, interface="CSS02800", sender="CSS", recipient="2200000001", body=_text(body)
        )

    def accepted(self, interface: str, event: str, sender: str, **fields: Any) -> JournalEvent:
        custom = fields.pop("custom", {})
        response = fields.pop("response", None)
        fields.setdefault("mpan", self.binding.mpan)
        common = {
            "S0": {"interfaceID": interface, "eventCode": event},
            "S1": {"senderDIPID": sender},
            "M0": {"MPANCore": fields["mpan"]},
        }
        common |= {"R0": response} if response else {}
        body = {"payload": {"CommonBlock": common, "CustomBlock": custom}}
        fields.setdefault("kind", Kind.ACCEPTED)
        fields.setdefault("reference", f"S-{interface}-{sender}-{len(self.events)}")
        return self.add(
            interface=interface,
            event_code=event,
            sender=sender,
            transaction_id=f"T-{interface}-{len(self.events)}",
            body=_text(body),
            **fields,
        )

    def site_information(self) -> JournalEvent:
        custom = {"B013": {"CSSRegistrationID": REGISTRATION}}
        return self.accepted("IF-002", "[GainMPANInfo]", "2200000001", custom=custom)

    def appointment(self, registration: str = REGISTRATION, **fields: Any) -> JournalEvent:
        proposed = {
            "proposedMeteringServiceDIPID": "1200000001",
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": self.binding.values["supplyStartDate"],
            "appointmentScenario": "COS",
        } | fields.pop("proposed", {})
        custom = {"B013": {"CSSRegistrationID": registration}, "B070": proposed}
        return self.accepted(
            "IF-031", "[MSApp]", fields.pop("sender", self.supplier), custom=custom, **fields
        )

    def response(self, code: str = "A", *messages: str) -> JournalEvent:
        block = {"responseCode": code, "responseMessages": list(messages)}
        return self.accepted("IF-032", "[MSAppInitialResp]", "2200000001", response=block)

    def delivery(self, source: JournalEvent, recipient: str, *statuses: int, final: bool = True) -> None:
        """Route the message of ``source`` and POST it; the last status is final unless said otherwise."""
        publication = (source.interface or "").replace("IF-", "PUB-")
        common: dict[str, Any] = {
            "interface": publication,
            "recipient": recipient,
            "transaction_id": source.transaction_id,
        }
        self.add(Kind.ROUTED, details={"routing": "primary"}, **common)
        for number, status in enumerate(statuses, start=1):
            last = final and number == len(statuses)
            done = Kind.DELIVERED if status == 201 else Kind.DELIVERY_ABANDONED
            self.add(
                done if last else Kind.DELIVERY_ATTEMPTED,
                body=f"[{source.body}]",
                details={"attempt": number, "url": "http://127.0.0.1:9000/webhook", "status": status},
                **common,
            )

    def until_site_information(self) -> None:
        """Preparation and steps 1 to 4."""
        self.prepared()
        self.switch()
        self.pending()
        self.delivery(self.site_information(), self.supplier, 201)

    def whole(self) -> None:
        """Everything, as it should be."""
        self.until_site_information()
        self.delivery(self.appointment(), "2200000001", 201)
        self.delivery(self.response(), self.supplier, 201)


def judge(story: Story, now: datetime | None = None) -> RunState:
    return evaluate(headline(), story.binding, story.events, now or story.now)


def step(state: RunState, number: int) -> StepState:
    return state.steps[number - 1]


def statuses(state: RunState) -> list[str]:
    return [one.status.value for one in state.steps]


def _text(document: object) -> str:
    return orjson.dumps(document).decode()
