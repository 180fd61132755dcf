"""Whose a message is that carries no MPAN."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.journal.events import JournalEvent, Kind
from contracts import load_catalogue
from services.qualification.attribution import Candidate, attribute, without_mpan
from services.qualification.binding import Binding
from services.qualification.claims import attributed, claim_of
from tests.unit.qualification.given import BEGIN, at, binding, headline
from tests.unit.qualification.nameless import (
    OTHER,
    OURS,
    RUN,
    SHAPER,
    SUPPLIER,
    bound,
    candidate,
    delivered,
    submitted,
    totals,
)

patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LATER = BEGIN + timedelta(seconds=30)


def run_of(event: JournalEvent, *runs: Candidate, known: tuple[str, ...] = ()) -> tuple[str, str] | None:
    found = attribute(event, runs, lambda name: name in known)
    return (found.binding.run, found.because) if found else None


def test_messages_without_an_mpan_are_known_from_the_contracts() -> None:
    catalogue = load_catalogue("2.1.0")
    assert without_mpan(totals(), catalogue) == ("IF-023", "PUB-023")
    assert without_mpan(headline(), catalogue) == ()


def test_a_reference_that_names_the_run_decides_whoever_sent_it() -> None:
    event = submitted(sender=OURS, last=f"{OTHER}77aa")
    runs = candidate(bound()), candidate(bound(OTHER))
    assert run_of(event, *runs) == (OTHER, "its sender reference names the run")


def test_a_reference_that_names_a_run_outweighs_who_waits_longest() -> None:
    runs = candidate(bound()), candidate(bound(OTHER, LATER))
    assert run_of(submitted(last=OTHER), *runs) == (OTHER, "its sender reference names the run")


@pytest.mark.parametrize("name", ["555555555555", OTHER])
def test_what_names_a_run_that_is_not_waiting_belongs_to_no_other(name: str) -> None:
    event = submitted(last=f"{name}77")
    assert run_of(event, candidate(bound()), known=(RUN, name)) is None


def test_the_run_that_alone_waits_for_the_participant_gets_its_message() -> None:
    because = f"no other run waits for IF-023 from {SHAPER}"
    assert run_of(submitted(), candidate(bound())) == (RUN, because)


def test_a_refused_message_is_attributed_as_well() -> None:
    refused = submitted(kind=Kind.REFUSED, transaction_id=None)
    assert run_of(refused, candidate(bound())) is not None


def test_of_two_runs_that_wait_the_one_that_has_waited_longest_gets_it() -> None:
    young, old = candidate(bound(RUN, LATER)), candidate(bound(OTHER))
    found = run_of(submitted(seconds=40), young, old)
    assert found is not None
    assert found[0] == OTHER
    assert found[1] == f"it has waited longest of the 2 runs that wait for IF-023 from {SHAPER}"


def test_a_run_that_has_its_message_does_not_take_the_next_one_too() -> None:
    first, second = submitted(), submitted(last="c3d4", seconds=2)
    old = replace(candidate(bound()), claims=[claim_of(first)])
    assert run_of(second, old, candidate(bound(OTHER, LATER))) == (
        OTHER,
        f"no other run waits for IF-023 from {SHAPER}",
    )
    assert run_of(second, old) is None


def test_a_step_that_is_decided_waits_no_more() -> None:
    event = submitted()
    found = attribute(event, [candidate(bound())])
    assert found is not None
    done = candidate(bound(), event, attributed(event, found, at(2)), now=at(3))
    assert run_of(submitted(last="c3d4"), replace(done, claims=[])) is None


def test_a_correlation_id_known_from_the_run_outweighs_who_waits_longest() -> None:
    young = bound(OTHER, LATER)
    earlier = JournalEvent(Kind.ACCEPTED, at(31), "dip_gateway", mpan=young.mpan, correlation_id="CI-known")
    event = submitted(correlation_id="CI-known")
    because = "its correlation ID CI-known is known from a message of the run"
    assert run_of(event, candidate(bound()), candidate(young, earlier)) == (OTHER, because)


@pytest.mark.parametrize("field", ["correlation_id", "transaction_id", "reference"])
def test_a_participant_may_quote_any_name_of_an_earlier_message(field: str) -> None:
    first = submitted(correlation_id="CI-1", transaction_id="T-1", reference="S-1")
    run = replace(candidate(bound(OTHER, LATER), first), claims=[claim_of(first)])
    event = submitted(last="c3d4", correlation_id=getattr(first, field))
    found = run_of(event, candidate(bound()), run)
    assert found is not None
    assert found[0] == OTHER


def test_a_correlation_id_that_two_runs_know_decides_nothing() -> None:
    bindings = bound(), bound(OTHER, LATER)
    runs = [
        candidate(b, JournalEvent(Kind.ACCEPTED, at(1), "dip_gateway", mpan=b.mpan, correlation_id="CI-both"))
        for b in bindings
    ]
    found = run_of(submitted(correlation_id="CI-both"), *runs)
    assert found is not None
    assert found[0] == RUN
    assert "waited longest" in found[1]


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "1800000099"},  # nobody's participant
        {"sender": OURS},  # the harness sends by order only, and orders name the run
        {"mpan": "1000000000013"},
        {"run": RUN},
        {"kind": Kind.SERVICE_FAULT},
        {"interface": "IF-022"},
        {"interface": None},
    ],
)
def test_what_no_rule_speaks_of_belongs_to_no_run(change: dict[str, Any]) -> None:
    assert run_of(submitted(**change), candidate(bound()), candidate(bound(OTHER))) is None


def test_what_a_participant_is_sent_belongs_to_no_run_that_waits_for_its_own_message() -> None:
    run = candidate(bound(SUP=SUPPLIER))
    strange = delivered(submitted(sender="1800000099"), SUPPLIER)
    assert run_of(strange, run) is None


def test_what_a_participant_is_sent_by_somebody_else_is_attributed_to_who_waits_for_it() -> None:
    steps = tuple(step.model_copy(update={"publishes": None}) for step in totals().steps[1:])
    run = candidate(bound(SUP=SUPPLIER))
    run = replace(run, scenario=totals().model_copy(update={"steps": steps}))
    strange = delivered(submitted(sender="1800000099"), SUPPLIER)
    assert run_of(strange, run) == (RUN, f"no other run waits for PUB-023 to {SUPPLIER}")
    assert run_of(replace(strange, recipient="2300000001"), run) is None


orders = st.permutations([bound(), bound(OTHER, LATER), bound("aaaaaaaaaaaa", at(60))])
events = st.builds(
    submitted,
    last=st.sampled_from(["x1", RUN, f"{OTHER}99", "555555555555", ""]),
    sender=st.sampled_from([SHAPER, OURS, "1800000099"]),
    kind=st.sampled_from([Kind.ACCEPTED, Kind.REFUSED, Kind.DELIVERED, Kind.NOTED]),
    interface=st.sampled_from(["IF-023", "PUB-023", "IF-031", None]),
    recipient=st.sampled_from([None, SUPPLIER, "2300000001"]),
    correlation_id=st.sampled_from([None, "CI-x", "CI-known"]),
)


@patient
@given(events, orders)
def test_the_order_of_the_runs_does_not_matter(event: JournalEvent, order: list[Binding]) -> None:
    runs = [candidate(one) for one in order]
    shuffled = random.Random(1).sample(runs, len(runs))
    assert run_of(event, *runs) == run_of(event, *shuffled)


@patient
@given(events, orders)
def test_nobody_gets_what_names_another_run_or_comes_from_a_stranger(
    event: JournalEvent, order: list[Binding]
) -> None:
    runs = [candidate(one) for one in order]
    found = run_of(event, *runs, known=(RUN, OTHER, "aaaaaaaaaaaa", "555555555555"))
    named = (event.reference or "").rpartition("-")[2][:12]
    if found is None:
        return
    assert event.interface in ("IF-023", "PUB-023")
    if named in (RUN, OTHER, "aaaaaaaaaaaa", "555555555555"):
        assert found == (named, "its sender reference names the run")
    else:
        assert event.sender == SHAPER


@patient
@given(st.permutations(["one", "two", "three"]), st.integers(1, 3))
def test_as_many_messages_as_runs_wait_are_shared_out_one_each(names: list[str], count: int) -> None:
    open_ = {run: candidate(bound(run, made)) for run, made in ((RUN, BEGIN), (OTHER, LATER))}
    got = []
    for name in names[:count]:
        event = submitted(last=name)
        found = attribute(event, open_.values())
        if found:
            run = open_[found.binding.run]
            open_[found.binding.run] = replace(run, claims=[*run.claims, claim_of(event)])
            got.append(found.binding.run)
    assert got == [RUN, OTHER][:count]


def test_the_headline_scenario_claims_nothing() -> None:
    run = Candidate(headline(), binding(), candidate(bound()).state)
    assert run_of(submitted(), run) is None
