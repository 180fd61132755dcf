"""The plain sentences of a verdict. They name who did what, what was expected, and what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backbone.journal.events import JournalEvent
from services.qualification.binding import Binding, BoundParty
from services.qualification.causes import Cause
from services.qualification.format import Refusal, Step, Way
from services.qualification.results import Attempt, Finding, NearMiss, StepState, StepStatus

RULE = (
    "The rule: 201 or 207 takes a publication; after 408, 429, 500, 502, 503, 504 or no answer the DIP tries "
    "again; any other answer refuses it (DIP API specification, SubmitEvents, responses of the callback)."
)
ON_BEHALF = "Sent by the harness on the participant's behalf."


def name(step: Step) -> str:
    """``IF-031 [MSApp]``"""
    return f"{step.message} {step.event}" if step.event else step.message


def who(party: BoundParty) -> str:
    """``SUPI (2300000012)``; a party outside the DIP has no DIP ID to show."""
    return party.name if party.dip_id == party.role else f"{party.name} ({party.dip_id})"


def passed(step: Step, binding: Binding, event: JournalEvent, attempts: Sequence[Attempt]) -> str:
    """What happened at a step that passed."""
    owner = who(binding.owner(step))
    if binding.on_behalf(step):
        return ON_BEHALF
    if step.way is Way.PUBLICATION:
        tries = f" at attempt {len(attempts)}" if len(attempts) > 1 else ""
        return f"{owner} took {step.message} on its webhook{tries}."
    if step.refused:
        return f"The DIP refused {name(step)} from {owner} with {', '.join(event.codes)}, as it should."
    if step.way is Way.SUBMISSION:
        reference = event.reference or event.transaction_id or event.id
        return f"The DIP accepted {name(step)} from {owner}: {reference}."
    return f"{owner} sent {step.message} to {step.recipient}."


def field_findings(findings: Sequence[Finding], step: Step) -> str:
    """What differs in a message whose fields were compared."""
    wrong = [finding for finding in findings if not finding.passed]
    return f"{name(step)} came, but not as expected. " + " ".join(map(difference, wrong))


def difference(finding: Finding) -> str:
    """One finding in a sentence: rule first, then place and values."""
    if not finding.pointer:
        return _ended(f"{finding.code}: {finding.sentence}" if finding.code else finding.sentence)
    values = f"expected {_shown(finding.expected)}, seen {_shown(finding.seen)}"
    return f"{_ended(finding.sentence)} Not so at {finding.pointer}: {values}."


def refused(step: Step, binding: Binding, event: JournalEvent, findings: Sequence[Finding]) -> str:
    """Why the DIP or CSS refused the message."""
    by = "The DIP" if step.way is Way.SUBMISSION else step.recipient
    status = f" with {event.details['status']}" if "status" in event.details else ""
    codes = f" {', '.join(event.codes)}." if event.codes else ""
    reason = _ended(str(event.details["reason"])) if event.details.get("reason") else ""
    details = " ".join(_violation(finding) for finding in findings)
    head = f"{by} refused {name(step)} from {who(binding.owner(step))}{status}."
    return " ".join(part for part in (head + codes, reason, details) if part)


def not_refused(step: Step, binding: Binding, event: JournalEvent) -> str:
    """The DIP took a message that it should have refused."""
    reference = event.reference or event.transaction_id or event.id
    codes = " or ".join(step.refused)
    sender = who(binding.owner(step))
    return (
        f"The DIP accepted {name(step)} from {sender}, {reference}; it should have refused it with {codes}."
    )


def refused_otherwise(step: Step, binding: Binding, event: JournalEvent) -> str:
    """The DIP refused the message, but for another reason."""
    seen = ", ".join(event.codes) or "no code"
    expected = " or ".join(step.refused)
    return (
        f"The DIP refused {name(step)} from {who(binding.owner(step))} with {seen}; expected was {expected}."
    )


def came_all_the_same(step: Step, event: JournalEvent) -> str:
    """A message came that must not."""
    reference = event.reference or event.transaction_id or event.id
    return f"{name(step)} came, {reference}, which must not."


def stayed_away(step: Step) -> str:
    """A message did not come, as it must not."""
    return f"{name(step)} did not come within {step.must_not_come_within:g} s, as it must not."


def _violation(finding: Finding) -> str:
    place = f" At {finding.pointer}, seen {_shown(finding.seen)}." if finding.pointer else ""
    return _ended(finding.sentence) + place


def rejected(author: Step, binding: Binding, cause: Cause | None, findings: Sequence[Finding]) -> str:
    """A business rejection: who said no, with which codes, and to which message."""
    sender = binding.parties.get(author.source)
    codes = "; ".join(f.sentence for f in findings if f.code) or "no reason given"
    parts = [f"The {sender.title if sender else 'sender'} rejected the request: {codes}."]
    if cause is not None:
        parts.append(f"It answers {_told(cause, binding)}.")
        if cause.wrong:
            parts.append("In that message: " + " ".join(map(difference, cause.wrong)))
    return " ".join(parts)


def led_to(text: str, cause: Cause, binding: Binding) -> str:
    """What went wrong with the harness's part because of a participant's message."""
    why = " ".join(map(difference, cause.wrong)) or (cause.state.explanation if cause.state else "")
    return f"{text} It follows on {_told(cause, binding)}, which was not as expected: {why}"


def _told(cause: Cause, binding: Binding) -> str:
    reference = cause.event.reference if cause.event else None
    sender = who(binding.owner(cause.step))
    return f"{name(cause.step)} of step {cause.step.step} from {sender}, {reference or 'reference not known'}"


def abandoned(step: Step, binding: Binding, attempts: Sequence[Attempt]) -> str:
    """Why a publication was not delivered."""
    owner = who(binding.owner(step))
    if not attempts:
        return f"The DIP gave up delivering {step.message} to {owner}."
    last, count = attempts[-1], len(attempts)
    tries = "1 attempt" if count == 1 else f"{count} attempts"
    retry = "The DIP does not try again after this answer. " if last.status and count == 1 else ""
    return (
        f"{step.message} could not be delivered to {owner}: {_came_back(last)} after {tries}. {retry}{RULE}"
    )


def _came_back(post: Attempt) -> str:
    """What came of one POST to a webhook."""
    if post.error or not post.status:
        return f"no answer ({post.error or 'no connection'})"
    return f"the webhook answered {post.status}"


def refused_as_it_should(step: Step, binding: Binding, status: int) -> str:
    """The recipient refused a publication that it must not take."""
    return f"{who(binding.owner(step))} refused {step.message} with {status}, as it should."


def taken(step: Step, binding: Binding, refusal: Refusal, event: JournalEvent) -> str:
    """The recipient did not refuse a publication that it must not take, or with another status."""
    first, *others = refusal.statuses
    also = f" ({' or '.join(map(str, others))} would do)" if others else ""
    had_to = f"it had to refuse it with {first}{also}"
    return f"{_answered(binding.owner(step), event)}; {had_to}. {_ended(refusal.because)} {RULE}"


def spoilt_and_taken(party: BoundParty, event: JournalEvent, fault: str) -> str:
    """A participant did not refuse what was spoilt on purpose."""
    return f"{_answered(party, event)}, which carried {fault}; it had to refuse it with 401 or 400. {RULE}"


def _answered(party: BoundParty, event: JournalEvent) -> str:
    status, error = event.details.get("status"), event.details.get("error")
    answer = f"answered {status}" if status and not error else f"gave no answer ({error or 'no connection'})"
    return f"{who(party)} {answer} to {event.interface}"


def astray(
    binding: Binding,
    step: Step,
    sent: JournalEvent,
    chosen: Sequence[str],
    went: Sequence[str],
    reasons: Sequence[str],
) -> str:
    """A participant's message did not reach who it was to reach, since it was addressed to others."""
    sender = next((who(p) for p in binding.participants() if p.dip_id == sent.sender), sent.sender)
    head = f"{sender} sent {sent.interface} {sent.reference} with A0.primaryRecipients {_list(chosen)}"
    if step.codes:
        return f"{head}, so the DIP passed it on to {_list(went)} and had nothing to report."
    came = " ".join(map(_ended, reasons)) or f"The DIP passed it on to {_list(went)}."
    return f"{head}; it was to reach {who(binding.owner(step))}. {came}"


def _list(values: Sequence[str]) -> str:
    return ", ".join(values) or "(none)"


def waiting(step: Step, binding: Binding, *, held: bool, attempts: Sequence[Attempt]) -> str:
    """What is waited for now."""
    owner = binding.owner(step)
    if step.must_not_come_within:
        return f"{name(step)} must not come within {step.must_not_come_within:g} s."
    if step.way is not Way.PUBLICATION:
        verb = "to send" if binding.waits_for_participant(step) else "(harness) to send"
        return f"Waiting for {who(owner)} {verb} {name(step)}{_about(step, binding)}."
    if held:
        text = "the DIP holds the message until one is registered"
        return f"{who(owner)} has no webhook for {step.message}: {text}."
    if attempts:
        last = attempts[-1]
        got = f"attempt {last.number} got {last.status or last.error}"
        return f"Waiting for {who(owner)} to take {step.message}: {got}."
    return f"Waiting for the DIP to deliver {step.message} to {who(owner)}."


def held(step: Step, binding: Binding) -> str:
    """What happens when the tester presses Run."""
    if step.way is Way.PUBLICATION and binding.owner(step).participant:
        whom = who(binding.owner(step))
        what = f"the DIP delivers {name(step)}{_about(step, binding)} to {whom}"
        return f"Held: waiting for release of step {step.step}. Press Run, and {what}."
    whom = "the harness" if binding.waits_for_participant(step) else who(binding.owner(step))
    verb = "do its part of" if step.way is Way.PUBLICATION or whom == "the harness" else "send"
    return f"Held for the tester: press Run to let {whom} {verb} {name(step)}{_about(step, binding)}."


def all_fine(steps: Sequence[StepState]) -> str:
    """A run that nothing went wrong in: what passed, what people decided, what was sent for whom."""
    if all(step.status is StepStatus.SKIPPED for step in steps):
        return "Every step was left out by a person: nothing was judged."
    passed = sum(step.status is StepStatus.PASSED for step in steps)
    whole = passed == len(steps)
    special = {
        "Vouched for by a person": [s.step for s in steps if s.status is StepStatus.ATTESTED],
        "Left out by a person": [s.step for s in steps if s.status is StepStatus.SKIPPED],
        "Sent by the harness on the participant's behalf": [s.step for s in steps if s.on_behalf],
    }
    tails = [f"{how}: step {', '.join(map(str, which))}." for how, which in special.items() if which]
    return " ".join(
        [f"All {passed} steps passed." if whole else f"{passed} of {len(steps)} steps passed.", *tails]
    )


def timed_out(
    step: Step,
    binding: Binding,
    seconds: float,
    near: Sequence[NearMiss],
    *,
    held: bool,
    attempts: Sequence[Attempt],
) -> str:
    """What was waited for in vain, and what came instead."""
    what = f"{_about(step, binding)} within {seconds:g} s"
    expected = f"Expected {name(step)}{_parties(step, binding)}{what}; it did not come."
    if step.way is Way.PUBLICATION:
        verb = "refuse" if step.refusal else "take"
        expected = f"{who(binding.owner(step))} did not {verb} {step.message}{what}."
    if held:
        return expected + f" No webhook is registered for {step.message}, so the DIP could not deliver it."
    if attempts:
        return f"{expected} Last answer of the webhook: {attempts[-1].status or attempts[-1].error}. {RULE}"
    if not near:
        return f"{expected} No message came close."
    return f"{expected} Nearest: " + "; ".join(map(near_miss, near[:3])) + "."


def near_miss(near: NearMiss) -> str:
    """``IF-031 [MSApp] S-… (MPAN: expected 10…, seen 11…)``"""
    missed = (
        ", ".join(f"{m.field}: expected {m.expected}, seen {m.seen}" for m in near.misses)
        or "it came too late"
    )
    why = f"; refused because: {near.reason.rstrip('.')}" if near.reason else ""
    return f"{near.what} {near.reference or ''}".strip() + f" ({missed}{why})"


def _about(step: Step, binding: Binding) -> str:
    return "" if step.message in binding.without_mpan else f" for MPAN {binding.mpan}"


def _parties(step: Step, binding: Binding) -> str:
    return f" from {who(binding.parties[step.source])}" if step.source in binding.parties else ""


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else sentence + "."
