"""Whose fault rules are whose to change: a tester's are those for a run, an admin's are all."""

from __future__ import annotations

from collections.abc import Iterable

from backbone.caller import Caller, Role
from services.dip_gateway.faults import FaultRule


def too_wide(who: Caller, rule: FaultRule) -> str | None:
    """Why ``who`` may not put this rule in, if so: it could strike others than the messages of one run."""
    if who.may(Role.ADMIN) or (rule.run is not None and rule.mpan is None):
        return None
    return f"The rule {rule.name} is not for a run alone: name its run, and no mpan. {_told(who)}"


def not_theirs(who: Caller, name: str, rules: Iterable[FaultRule]) -> str | None:
    """Why ``who`` may not replace or remove the rule of this name among ``rules``, if so."""
    kept = next((rule for rule in rules if rule.name == name), None)
    if kept is None or kept.run is not None or who.may(Role.ADMIN):
        return None
    return f"The rule {name} is there for others than a run. {_told(who)}"


def _told(who: Caller) -> str:
    return f"The token of {who.name} has the role {who.role}; rules for others than a run need {Role.ADMIN}."
