"""What a tester fills in to start a run, and what is wrong with it, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.identifiers import is_mpan
from services.qualification.binding import Binding, BoundParty, Mode, PartyFacts, bind
from services.qualification.errors import BindingInvalid
from services.qualification.format import Scenario
from services.qualification.web.forms import Form, text

LONGEST_LABEL: Final = 100
LONGEST_TIMEOUT: Final = 86_400
ROLE: Final = "role-"
WHOLE: Final = "form"  # what is wrong with the whole, not with one field


@dataclass(frozen=True)
class Wish:
    """The fields as they were filled in; ``participants``: role name to DIP ID, without the harness's."""

    participants: Mapping[str, str] = field(default_factory=dict)
    inject: tuple[str, ...] = ()
    timeout: str = ""
    label: str = ""
    mpan: str = ""
    mode: Mode = "automatic"


def wish_of(scenario: Scenario, form: Form) -> Wish:
    """What the form says about this scenario; what is not part of it is left out."""
    roles = {name: text(form, f"{ROLE}{name}") for name in scenario.roles}
    return Wish(
        participants={name: dip_id for name, dip_id in roles.items() if dip_id},
        inject=tuple(message for message in injectable(scenario) if message in form.get("inject", ())),
        timeout=text(form, "timeout"),
        label=text(form, "label"),
        mpan=text(form, "mpan"),
        mode="stepwise" if text(form, "mode") == "stepwise" else "automatic",
    )


def injectable(scenario: Scenario) -> list[str]:
    """The messages that the harness can send on a participant's behalf."""
    return list(dict.fromkeys(step.message for step in scenario.steps if step.inject))


def faults(scenario: Scenario, wish: Wish, directory: Iterable[PartyFacts]) -> dict[str, str]:
    """What is wrong, by the name of the field; empty when the run can start."""
    parties = list(directory)
    found = {ROLE + name: fault for name, fault in _role_faults(scenario, wish, parties)}
    if not found:
        try:
            bind(scenario, wish.participants, parties)
        except BindingInvalid as fault:
            found[WHOLE] = str(fault)
    if len(wish.label) > LONGEST_LABEL:
        found["label"] = f"At most {LONGEST_LABEL} characters; these are {len(wish.label)}."
    elif not wish.label.isprintable():
        found["label"] = "One line, of characters that can be printed."
    if wish.timeout and seconds(wish) is None:
        found["timeout"] = f"A number of seconds above 0, at most {LONGEST_TIMEOUT} (one day)."
    if wish.mpan and not is_mpan(wish.mpan):
        found["mpan"] = "An MPAN has thirteen digits, the last one the check digit. Empty: a fresh one."
    return found


def _role_faults(scenario: Scenario, wish: Wish, parties: list[PartyFacts]) -> Iterable[tuple[str, str]]:
    for name, dip_id in wish.participants.items():
        try:
            bind(scenario, {name: dip_id}, parties)
        except BindingInvalid as fault:
            yield name, str(fault)


def seconds(wish: Wish) -> float | None:
    """The timeout as a number; None where it is none that may be used."""
    try:
        value = float(wish.timeout)
    except ValueError:
        return None
    return value if 0 < value <= LONGEST_TIMEOUT else None


def foreseen(scenario: Scenario, wish: Wish, parties: Mapping[str, BoundParty], now: datetime) -> Binding:
    """The run that this would be, as far as it can be known before it starts."""
    return Binding(
        run="", mpan="", parties=dict(parties), values={}, injected=wish.inject,
        timeout=seconds(wish) or scenario.timeouts.participant, created=now,
    )  # fmt: skip
