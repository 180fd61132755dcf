"""What can be found wrong before the first step: configuration, not conformance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from services.qualification.binding import Binding, BoundParty
from services.qualification.format import STATUS, Scenario, Way

NONE_YET = "none registered yet"
SOON: Final = timedelta(days=14)  # a certificate that ends within is told of


class WebhookFacts(Protocol):
    """What is looked at of a webhook."""

    @property
    def url(self) -> str: ...


class CertificateFacts(Protocol):
    """What is looked at of a registered signing certificate."""

    @property
    def not_after(self) -> datetime: ...
    @property
    def revoked_at(self) -> datetime | None: ...


class Registered(Protocol):
    """A party as the directory knows it."""

    @property
    def certificates(self) -> Sequence[CertificateFacts]: ...


class Webhooks(Protocol):
    """Where parties are reached: the directory, seen from here."""

    async def webhook(self, dip_id: str, channel: str, /) -> WebhookFacts | None: ...


class DirectoryFacts(Webhooks, Protocol):
    """The directory, seen from here."""

    async def party(self, dip_id: str, /) -> Registered | None: ...


async def look(
    scenario: Scenario, binding: Binding, directory: DirectoryFacts, now: datetime
) -> tuple[list[dict[str, Any]], list[str]]:
    """The webhooks that the DIP will call, and every warning."""
    hooks = await webhooks(scenario, binding, directory)
    warned = warnings(scenario, binding, hooks)
    for party in binding.participants():
        warned += certificate_warnings(party, await directory.party(party.dip_id), now)
    return hooks, warned


def channels(scenario: Scenario, party: BoundParty) -> list[str]:
    """The channels on which the scenario publishes to a party, ``IF-002``, in the order of the steps."""
    steps = (s for s in scenario.steps if s.way is Way.PUBLICATION and s.recipient == party.name)
    return list(dict.fromkeys(step.message.replace("PUB-", "IF-") for step in steps))


async def webhooks(scenario: Scenario, binding: Binding, directory: Webhooks) -> list[dict[str, Any]]:
    """Which webhook the DIP will call for each publication to a participant; ``url`` None: none yet."""
    found = []
    for party in binding.participants():
        for channel in channels(scenario, party):
            webhook = await directory.webhook(party.dip_id, channel)
            url = webhook.url if webhook else None
            found.append({"party": party.name, "channel": channel, "url": url, "text": url or NONE_YET})
    return found


def warnings(scenario: Scenario, binding: Binding, hooks: Iterable[dict[str, Any]]) -> list[str]:
    """Plain sentences about what will probably go wrong."""
    missing: dict[str, list[str]] = {}
    for hook in hooks:
        if hook["url"] is None:
            missing.setdefault(hook["party"], []).append(hook["channel"])
    texts = [_no_webhook(binding.parties[name], unset) for name, unset in missing.items()]
    return texts + [
        _useless(message) for message in binding.injected if not _injects(scenario, binding, message)
    ]


def certificate_warnings(party: BoundParty, known: Registered | None, now: datetime) -> list[str]:
    """Whether the participant has a certificate that it can sign with now, and for some time yet."""
    certificates = known.certificates if known else ()
    usable = [c for c in certificates if c.not_after > now and (c.revoked_at is None or c.revoked_at > now)]
    remedy = f"Register one with: dipemu participants add-certificate {party.dip_id} FILE."
    if not usable:
        why = "no signing certificate" if not certificates else "only expired or revoked signing certificates"
        return [f"{party.name} ({party.dip_id}) has {why}: its messages will be refused. {remedy}"]
    last = max(min(c.not_after, c.revoked_at or c.not_after) for c in usable)
    if last - now > SOON:
        return []
    when = f"{last:%Y-%m-%d %H:%M} UTC"
    return [f"The signing certificate of {party.name} ({party.dip_id}) expires at {when}. {remedy}"]


def _no_webhook(party: BoundParty, unset: list[str]) -> str:
    status = unset[0] == STATUS
    place = (
        f"/statusmessage/config/{party.dip_id}"
        if status
        else (f"/dip-channel/{unset[0]}/pubconfig/{party.dip_id}")
    )
    return (
        f"{party.name} ({party.dip_id}) has no webhook for {', '.join(unset)}. Set it with POST "
        f"{place}; until then the DIP holds the messages."
    )


def _injects(scenario: Scenario, binding: Binding, message: str) -> bool:
    return any(step.message == message and binding.owner(step).participant for step in scenario.steps)


def _useless(message: str) -> str:
    return f"{message} needs no injection: the harness plays its sender."
