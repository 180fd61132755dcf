"""Faults as configuration: what shall go wrong, for whom, how often. Seeded, so that a run can be repeated.

Every rule draws from a generator of its own, seeded by the plan's seed and the rule's name: what other
rules do, or how many messages others send, does not change what happens to these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.dip_gateway.errors import RequestInvalid


class Fault(StrEnum):
    """What goes wrong. The first group at delivery to a webhook, the second when a message is sent."""

    DELAY = "delay"  # delivered ``seconds`` later; on the way in: answered later
    DUPLICATE = "duplicate"  # delivered twice, the same transaction ID, no replay flag
    REORDER = "reorder"  # delivered after the next message of its MPAN
    DROP = "drop"  # never delivered
    LOSE_ANSWER = "lose answer"  # delivered, the answer lost: so delivered again
    BAD_SIGNATURE = "bad signature"
    EXPIRED_CERTIFICATE = "expired certificate"
    WRONG_ENVIRONMENT = "wrong environment"  # environmentTag of another environment
    REPLAY_FLAG = "replay flag"  # replayIndicator true on a first delivery
    OUTAGE = "outage"  # nothing is delivered for ``hours``; then everything, in order; on the way in: 503
    ANSWER = "answer"  # answered ``status``, nothing accepted; at delivery: as if the webhook had
    ANSWER_AFTER = "answer after"  # on the way in: accepted, and answered ``status`` all the same


ON_THE_WAY_IN = frozenset({Fault.DELAY, Fault.OUTAGE, Fault.ANSWER, Fault.ANSWER_AFTER})
AT_DELIVERY = frozenset(Fault) - {Fault.ANSWER_AFTER}


class FaultRule(BaseModel):
    """One rule. Empty conditions match everything.

    ``party``: the recipient at delivery, the sender on the way in. ``interface``: ``IF-031`` for both
    directions. ``probability``: per message. ``times``: at most so often. ``until``: of an outage, set from
    ``hours`` when the rule is taken in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    fault: Fault
    where: Literal["delivery", "intake"] = "delivery"
    party: str | None = None
    interface: str | None = None
    event: str | None = None
    mpan: str | None = None
    run: str | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=5.0, ge=0, le=86_400)
    status: int = Field(default=503, ge=400, le=599)
    hours: float = Field(default=1.0, gt=0)
    until: datetime | None = None

    @model_validator(mode="after")
    def _fits(self) -> FaultRule:
        possible = AT_DELIVERY if self.where == "delivery" else ON_THE_WAY_IN
        if self.fault not in possible:
            raise ValueError(f"{self.fault.value!r} cannot happen at {self.where}")
        if self.fault is Fault.OUTAGE and (self.interface or self.event):
            raise ValueError("an outage is of a party, or of everybody; leave out interface and event")
        return self

    def begun(self, now: datetime) -> FaultRule:
        """The rule as it is from ``now`` on: an outage has its end."""
        if self.fault is not Fault.OUTAGE or self.until is not None:
            return self
        return self.model_copy(update={"until": now + timedelta(hours=self.hours)})

    def matches(self, subject: FaultSubject) -> bool:
        wanted = (self.party, self.interface, self.event, self.mpan)
        given = (subject.party, subject.interface, subject.event, subject.mpan)
        return all(want is None or want == got for want, got in zip(wanted, given, strict=True))


class FaultSubject(BaseModel):
    """What a rule may look at."""

    model_config = ConfigDict(frozen=True)

    party: str
    interface: str | None = None
    event: str | None = None
    mpan: str | None = None


class FaultPlan:
    """The rules in force."""

    def __init__(self, seed: int = 0, rules: Iterable[FaultRule] = ()) -> None:
        self._seed = seed
        self._rules: dict[str, FaultRule] = {}
        self._random: dict[str, Random] = {}
        self._left: dict[str, int | None] = {}
        for rule in rules:
            self.put(rule)

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def touches_messages(self) -> bool:
        """Whether a rule may strike a single message, not only hold all of them back."""
        return any(rule.fault is not Fault.OUTAGE for rule in self._rules.values())

    def rules(self) -> list[FaultRule]:
        return list(self._rules.values())

    def put(self, rule: FaultRule, remaining: int | None = None) -> None:
        """Take a rule in, in place of one of the same name. ``remaining``: of its ``times``; None: all."""
        self._rules[rule.name] = rule
        self._random[rule.name] = Random(f"{self._seed} {rule.name}")  # noqa: S311 - it shall be repeatable
        self._left[rule.name] = rule.times if remaining is None else remaining

    def exhaust(self, name: str) -> None:
        """Let a rule strike no more: it has done so often enough elsewhere."""
        if name in self._left:
            self._left[name] = 0

    def remove(self, name: str) -> bool:
        """Take a rule out; whether there was one."""
        return self._rules.pop(name, None) is not None

    def draw(
        self, where: str, subjects: Sequence[FaultSubject], kinds: Iterable[Fault] | None = None
    ) -> list[FaultRule]:
        """The rules that strike now, outages apart; each draw counts. ``kinds``: only these.

        ``subjects``: of one request; a rule needs to fit one of them.
        """
        wanted = None if kinds is None else set(kinds)
        return [
            rule
            for rule in self._rules.values()
            if rule.where == where
            and rule.fault is not Fault.OUTAGE
            and (wanted is None or rule.fault in wanted)
            and any(map(rule.matches, subjects))
            and self._strikes(rule)
        ]

    def outage(self, where: str, party: str, now: datetime, mpan: str | None = None) -> FaultRule | None:
        """The outage that this party suffers now, if any: of everything, or of this MPAN alone."""
        suffered = (
            rule
            for rule in self._rules.values()
            if rule.fault is Fault.OUTAGE
            and rule.where == where
            and rule.party in (None, party)
            and rule.mpan in (None, mpan)
            and (rule.until is None or now < rule.until)
        )
        return next(suffered, None)

    def _strikes(self, rule: FaultRule) -> bool:
        left = self._left[rule.name]
        if left == 0 or self._random[rule.name].random() >= rule.probability:
            return False
        self._left[rule.name] = None if left is None else left - 1
        return True


def read_rules(values: object) -> list[FaultRule]:
    """Rules from JSON or YAML: one, or a list. Raises RequestInvalid with what is wrong where."""
    entries: Sequence[object] = values if isinstance(values, list) else [values]
    try:
        return [FaultRule.model_validate(entry) for entry in entries]
    except ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'rule'}: {e['msg']}" for e in fault.errors()]
        raise RequestInvalid("; ".join(lines)) from fault
