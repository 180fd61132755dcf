"""Under whose name something is recorded: that of the access token, or what is said where there is none."""

from __future__ import annotations

from dataclasses import replace

from backbone.caller import caller
from backbone.journal.events import JournalEvent
from services.qualification.errors import NameMissing, NameNotTheirs


def actor(claimed: str | None) -> str:
    """The name for the record. Raises NameNotTheirs, NameMissing."""
    name = caller().name
    if name is None and not claimed:
        raise NameMissing("Say in by who does this: no access token was shown that tells it.")
    if name is not None and claimed not in (None, "", name):
        raise NameNotTheirs(
            f"This is recorded under the name of the access token, {name}, not as {claimed}: leave by out."
        )
    return name or claimed or ""


def signed(event: JournalEvent) -> JournalEvent:
    """The event of an order, with the name of who gave it, where an access token tells it."""
    name = caller().name
    return event if name is None else replace(event, details={**event.details, "by": name})
