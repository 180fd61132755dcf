"""Checks beyond the schema. Each rule has an id, a severity, a source, and can be switched.

By default every rule only warns, so that the verdict stays that of the published schema; raise one to an
error with ``Semantics.of(["mpan-check-digit=error"])`` or switch it off with ``"gsp-group=off"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from contracts import semantic_rules as rules
from contracts.envelope import Header
from contracts.errors import ContractError
from contracts.facts import Context, Facts, moment_names
from contracts.model import Catalogue
from contracts.violations import Severity, Violation

__all__ = ["ALL_AS_WARNINGS", "RULES", "Context", "Rule", "Semantics", "described"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A semantic rule. ``source``: where it was read, or that it is inferred."""

    id: str
    summary: str
    source: str
    find: Callable[[Facts, Catalogue, Context], Iterable[Violation]]
    severity: Severity = Severity.WARNING


RULES: Final[tuple[Rule, ...]] = (
    Rule("mpan-check-digit", "MPAN cores end in the right check digit", "MPAN structure", rules.mpan),
    Rule(
        "date-validity", "dates exist and carry an offset", "ISO 8601, DateTime of the standard", rules.dates
    ),
    Rule(
        "uk-midnight",
        "appointment and supply dates are UK-local midnight",
        "programme change CR036",
        rules.uk_midnight,
    ),
    Rule("settlement-day-utc", "settlement days begin at midnight UTC", "code ECS1014", rules.day_utc),
    Rule("settlement-period-utc", "settlement periods are in UTC", "published item names", rules.period_utc),
    Rule(
        "settlement-period-end",
        "settlement periods are named by their end, on the half hour, within their day",
        "codes ECS1005 and ECS1007, published item names",
        rules.period_ends,
    ),
    Rule(
        "settlement-period-count",
        "a day has 48 settlement periods, 46 or 50 when clocks change",
        "settlement calendar",
        rules.period_count,
    ),
    Rule("duplicate-period", "no settlement period comes twice", "code ECS1006", rules.duplicate_periods),
    Rule(
        "reference-date",
        "the date in the sender reference is that of the sender timestamp",
        "format of the sender reference (inferred)",
        rules.reference_date,
    ),
    Rule(
        "reference-interface",
        "the interface in the sender reference is that of the message",
        "format of the sender reference (inferred)",
        rules.reference_interface,
    ),
    Rule(
        "reference-sender",
        "DIP ID and role in the sender reference are the sender's",
        "format of the sender reference (inferred)",
        rules.reference_sender,
    ),
    Rule(
        "sender-role",
        "the sender holds the role it names and may send this interface in it",
        "codes MSG1010 and RCP1010, routing table",
        rules.sender_role,
    ),
    Rule(
        "gsp-group",
        "the GSP group is that of the distributor's area (distributors 10 to 23)",
        "distribution areas",
        rules.gsp_group,
    ),
    Rule("sent-in-future", "the sender timestamp is not in the future", "code RCP1008", rules.future),
)


@dataclass(frozen=True, slots=True)
class Semantics:
    """A choice of rules and their severities; by default all of them, as warnings."""

    rules: tuple[Rule, ...] = field(default=RULES)

    @classmethod
    def of(cls, settings: Iterable[str]) -> Semantics:
        """From settings such as ``mpan-check-digit=error`` or ``gsp-group=off``.

        Raises ContractError for an unknown rule or setting.
        """
        chosen = {rule.id: rule for rule in RULES}
        for setting in settings:
            name, _, level = setting.partition("=")
            if name not in chosen and name not in {rule.id for rule in RULES}:
                raise ContractError(f"there is no semantic rule {name}; there are: {', '.join(chosen)}")
            if level == "off":
                chosen.pop(name, None)
            elif level in tuple(Severity):
                chosen[name] = replace(_rule(name), severity=Severity(level))
            else:
                raise ContractError(f"{setting}: a rule is set to error, warning or off")
        return cls(tuple(chosen.values()))

    def check(
        self,
        message: object,
        catalogue: Catalogue,
        context: Context | None = None,
        header: Header | None = None,
    ) -> tuple[Violation, ...]:
        """All violations of the chosen rules; whatever the message's shape, it never raises.

        ``header``: the message's, where the caller has read it already.
        """
        facts = Facts.read(message, moment_names(catalogue), header)
        known = context or Context()
        return tuple(
            replace(violation, severity=rule.severity, rule=rule.id)
            for rule in self.rules
            for violation in rule.find(facts, catalogue, known)
        )


ALL_AS_WARNINGS: Final = Semantics()


def described() -> Mapping[str, str]:
    """Every rule's id and what it says, for help texts."""
    return {rule.id: rule.summary for rule in RULES}


def _rule(name: str) -> Rule:
    return next(rule for rule in RULES if rule.id == name)
