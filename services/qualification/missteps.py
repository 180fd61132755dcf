"""What a participant did that keeps the harness's part from happening, and no field of a message tells.

It addressed its message to others than the step's recipient, or it took a publication that it had to refuse
and so nobody is told of a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from backbone.journal.events import JournalEvent, Kind
from services.qualification import explain
from services.qualification.causes import Told
from services.qualification.format import Step
from services.qualification.messages import primary_of

_WRONG_PRIMARY: Final = frozenset({"MSG1030", "MSG1031", "MSG1032"})  # others are not the sender's choice
_ANSWERS: Final = (Kind.DELIVERED, Kind.DELIVERY_ATTEMPTED, Kind.DELIVERY_ABANDONED)
_TO_BE_REFUSED: Final = {
    "bad signature": "a signature that does not verify (RCP9999)",
    "expired certificate": "the signature of an expired certificate (RCP9999)",
    "wrong environment": "the environment tag of another environment (RCP1004)",
}


def misstep(told: Told, step: Step, events: Sequence[JournalEvent]) -> str | None:
    """In a sentence what a participant did that explains why nothing came at this step; None: nothing did."""
    return _astray(told, step, events) or next(_not_refused(told, events), None)


def _astray(told: Told, step: Step, events: Sequence[JournalEvent]) -> str | None:
    """A participant's message that the DIP could not bring to this step's recipient, as it was addressed."""
    sent = told.deciding.get(step.publishes or 0)
    if sent is None or not told.binding.waits_for_participant(told.scenario.step(step.publishes or 0)):
        return None
    own = [event for event in events if event.transaction_id == sent.transaction_id]
    failed = [e for e in own if e.kind is Kind.ROUTING_FAILED and _WRONG_PRIMARY & set(e.codes)]
    chosen = [e for e in own if e.kind is Kind.ROUTED and e.details.get("routing") == "primary"]
    went = {event.recipient or "" for event in chosen}
    if not failed and (not went or told.binding.owner(step).dip_id in went):
        return None
    reasons = [str(one.get("help")) for event in failed for one in event.details.get("failures", ())]
    return explain.astray(told.binding, step, sent, primary_of(sent), sorted(went), reasons)


def _not_refused(told: Told, events: Sequence[JournalEvent]) -> Iterator[str]:
    """Publications spoilt on purpose that a participant did not refuse."""
    parties = {party.dip_id: party for party in told.binding.participants()}
    for number, spoilt in enumerate(events):
        fault = _TO_BE_REFUSED.get(str(spoilt.details.get("fault")))
        if spoilt.kind is not Kind.FAULT_INJECTED or fault is None or spoilt.recipient not in parties:
            continue
        place = (spoilt.recipient, spoilt.transaction_id)
        answers = (
            event
            for event in events[number:]
            if event.kind in _ANSWERS and (event.recipient, event.transaction_id) == place
        )
        answer = next(answers, None)
        if answer is not None and answer.kind is not Kind.DELIVERY_ABANDONED:
            yield explain.spoilt_and_taken(parties[spoilt.recipient], answer, fault)
