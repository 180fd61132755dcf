"""Runs of a scenario whose messages carry no MPAN, and what the journal says of such messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from backbone.journal.events import JournalEvent, Kind
from contracts import load_catalogue
from services.qualification.attribution import Candidate, without_mpan
from services.qualification.binding import Binding, bind
from services.qualification.format import Scenario
from services.qualification.scenario import load_scenarios
from services.qualification.values import run_values
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import BEGIN, MEMBERS, Member, at

SHAPER = "1800000077"  # a participant that plays the load shaping service
SUPPLIER = "2300000012"
OURS = "1800000001"
PARTIES = (*MEMBERS, Member(OURS, "LSS", "LSSA"), Member(SHAPER, "LSS", "LSST", "Shapes & Co", harness=False))
RUN, OTHER = "0123456789ab", "fedcba987654"


@cache
def totals() -> Scenario:
    return load_scenarios()["SET-Load-Shape-Totals"]


@cache
def bound(run: str = RUN, created: datetime = BEGIN, **participants: str) -> Binding:
    """The scenario bound as asked; by default the load shaping service is the participant."""
    scenario = totals()
    parties = bind(scenario, participants or {"LSS": SHAPER}, PARTIES)
    mpan = "1000000000013" if run == RUN else "1000000000022"
    return Binding(
        run=run,
        mpan=mpan,
        parties=parties,
        values=run_values(scenario, parties, run=run, number=1, mpan=mpan, now=created),
        timeout=30,
        created=created,
        without_mpan=without_mpan(scenario, load_catalogue("2.1.0")),
    )


def candidate(binding: Binding, *events: JournalEvent, now: datetime | None = None) -> Candidate:
    state = evaluate(totals(), binding, events, now or binding.created)
    return Candidate(totals(), binding, state, events)


def submitted(seconds: float = 1, last: str = "a1b2", **fields: Any) -> JournalEvent:
    """IF-023 as the gateway takes it in."""
    group = {"loadShapeGSPGroupID": fields.pop("group", "_A"), "marketSegmentIndicator": "S"}
    day = {"settlementDayDate": fields.pop("day", bound().values["settlementDay"])}
    shapes: dict[str, Any] = {"LSGroup": group, "LSAnnualConsumption": {"annualLoadShapeTotal": "2900.000"}}
    shapes |= {"LSTTotals": [{"loadShapeDayTotal": "8.200"}]}
    body = {"payload": {"CustomBlock": {"B912List": [{"settlementDay": day, "LSGTotals": [shapes]}]}}}
    event = JournalEvent(
        Kind.ACCEPTED,
        at(seconds),
        "dip_gateway",
        interface="IF-023",
        event_code="[LSSTotalsData]",
        sender=SHAPER,
        reference=f"S-023-{SHAPER}-LSS-20260302-{last}",
        transaction_id=f"T-{last}",
        correlation_id=f"CI-{last}",
        body=orjson.dumps(body).decode(),
        id=f"accepted-{last}",
    )
    return replace(event, **fields)


def delivered(source: JournalEvent, recipient: str, seconds: float = 2, **fields: Any) -> JournalEvent:
    """PUB-023 as the webhook of a party took it."""
    event = replace(
        source,
        kind=Kind.DELIVERED,
        at=at(seconds),
        interface="PUB-023",
        recipient=recipient,
        details={"attempt": 1, "status": 201},
        id=f"delivered-{source.transaction_id}-{recipient}",
    )
    return replace(event, **fields)
