"""L2: who gets a message. Pure: the routing rule, the sender's choice, the MPAN's holders, the directory.

Primary recipients are the sender's choice in A0; secondary ones hold a role for the MPAN; always ones are
fixed by the interface. A wrong primary recipient stops the message, since the sender will correct and
send it again; a secondary or always recipient that cannot be found is reported and stops nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.envelope import Header


class Rule(Protocol):
    """What of a ``contracts.routing.RoutingRule`` is needed here."""

    @property
    def primary(self) -> frozenset[str]: ...

    @property
    def secondary(self) -> frozenset[str]: ...

    @property
    def always(self) -> frozenset[str]: ...

    @property
    def secondary_next(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressed party. ``routing``: ``primary``, ``secondary`` or ``always``."""

    dip_id: str
    routing: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a recipient could not be addressed: an MSG code and a sentence for the sender."""

    code: str
    help: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a role for the MPAN, with the role it was appointed to."""

    dip_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Market:
    """What the routing knows: the role of each DIP ID and who holds which role.

    ``role_of``: role of a registered DIP ID, None for an unknown one. ``everyone``: all DIP IDs of a role.
    ``holders(role, following)``: who holds the role for this MPAN now and, with ``following``, next.
    ``always``: DIP IDs configured for an always role; other always roles go to everyone who has them.
    """

    role_of: Callable[[str], str | None]
    everyone: Callable[[str], Sequence[str]]
    holders: Callable[[str, bool], Sequence[Holder]]
    always: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addressing:
    """The outcome: recipients in order, failures, and secondary roles that nobody holds."""

    recipients: tuple[Recipient, ...] = ()
    failures: tuple[Failure, ...] = ()
    vacant: tuple[str, ...] = ()

    def of(self, routing: str) -> tuple[str, ...]:
        """DIP IDs addressed this way."""
        return tuple(r.dip_id for r in self.recipients if r.routing == routing)


def address(header: Header, rule: Rule, market: Market) -> Addressing:
    """Decide who gets the message with this header."""
    primary, wrong = _primary(header, rule, market)
    if wrong:
        return Addressing(failures=tuple(wrong))
    secondary, unresolved, vacant = _secondary(header, rule, market)
    always, missing = _always(rule, market)
    recipients = tuple(_distinct([*primary, *secondary, *always], header.sender))
    failures = [*unresolved, *missing]
    if not failures and (not recipients or (rule.primary and not header.primary)):
        failures.append(_nobody(header, rule, [] if recipients else vacant))
    return Addressing(recipients, tuple(failures), tuple(vacant))


def _primary(header: Header, rule: Rule, market: Market) -> tuple[list[Recipient], list[Failure]]:
    failures = []
    for dip_id in header.primary:
        role = market.role_of(dip_id)
        if role is None:
            failures.append(_failure("MSG1031", f"Primary recipient {dip_id} is not a registered DIP ID."))
        elif rule.primary and role not in rule.primary:
            wanted = ", ".join(sorted(rule.primary))
            text = f"Primary recipient {dip_id} has role {role}; {header.interface} goes to {wanted}."
            failures.append(_failure("MSG1032", text))
    return [Recipient(dip_id, "primary") for dip_id in header.primary], failures


def _secondary(
    header: Header, rule: Rule, market: Market
) -> tuple[list[Recipient], list[Failure], list[str]]:
    if not rule.secondary:
        return [], [], []
    if header.mpan is None:
        text = f"{header.interface} is addressed by MPAN, and the message carries none."
        return [], [_failure("MSG1037", text)], []
    recipients, failures, vacant = [], [], []
    for role in sorted(rule.secondary):
        holders = market.holders(role, role in rule.secondary_next)
        vacant += [] if holders else [role]
        for holder in holders:
            failure = _holder_failure(holder, header.mpan, market)
            failures += [failure] if failure else []
            recipients += [] if failure else [Recipient(holder.dip_id, "secondary")]
    return recipients, failures, vacant


def _holder_failure(holder: Holder, mpan: str, market: Market) -> Failure | None:
    role = market.role_of(holder.dip_id)
    if role is None:
        text = f"{holder.dip_id} holds role {holder.role} for MPAN {mpan} and is not a registered DIP ID."
        return _failure("MSG1033", text)
    if role != holder.role:
        text = f"{holder.dip_id} is held to be {holder.role} for MPAN {mpan}; its registered role is {role}."
        return _failure("MSG1034", text)
    return None


def _always(rule: Rule, market: Market) -> tuple[list[Recipient], list[Failure]]:
    recipients, failures = [], []
    for role in sorted(rule.always):
        configured = market.always.get(role)
        for dip_id in market.everyone(role) if configured is None else configured:
            actual = market.role_of(dip_id)
            if actual is None:
                text = f"Always recipient {dip_id} ({role}) is not a registered DIP ID."
                failures.append(_failure("MSG1035", text))
            elif actual != role:
                text = f"Always recipient {dip_id} is configured as {role}; its registered role is {actual}."
                failures.append(_failure("MSG1036", text))
            else:
                recipients.append(Recipient(dip_id, "always"))
    return recipients, failures


def _nobody(header: Header, rule: Rule, vacant: Sequence[str]) -> Failure:
    if vacant:
        roles = ", ".join(vacant)
        text = f"Nobody holds role {roles} for MPAN {header.mpan}, so {header.interface} has no recipient."
        return _failure("MSG1038", text)
    wanted = ", ".join(sorted(rule.primary)) or "nobody"
    text = f"No recipient: name one with role {wanted} in A0.primaryRecipients of this {header.interface}."
    return _failure("MSG1030", text)


def _failure(code: str, text: str) -> Failure:
    return Failure(code, text)


def _distinct(recipients: Iterable[Recipient], sender: str | None) -> Iterable[Recipient]:
    """Each party once, by its strongest routing; nobody is sent its own message by look-up."""
    seen: set[str] = set()
    for recipient in recipients:
        own = recipient.dip_id == sender and recipient.routing != "primary"
        if recipient.dip_id not in seen and not own:
            seen.add(recipient.dip_id)
            yield recipient
