"""A callback of another party is looked at each time before it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backbone.journal import JournalEvent, Kind
from tests.integration.participant.rig import HOST, Identities, open_rig, switch_request
from tests.integration.participant.role import registry, tell_css


async def refused(
    folder: Path, identities: Identities, to: str, **settings: Any
) -> tuple[JournalEvent, list[str]]:
    """What the journal says of a message to this callback, and the addresses that were called."""
    async with open_rig(folder, identities, registry(), **settings) as rig:
        await rig.command(tell_css(switch_request(), to, run="r 1"))
        (event,) = await rig.journal(1)
        return event, [request.path for request in rig.outside.requests]


@pytest.mark.parametrize(
    ("url", "settings", "reason"),
    [
        ("http://10.0.0.7/css", {"webhook_private_allowed": False}, "10.0.0.7 is a private address"),
        ("http://other.example/css", {"webhook_hosts": ["a.example"]}, "not among the allowed webhook hosts"),
        (f"{HOST}/registration/css/messages", {}, "the emulator's own"),
    ],
    ids=["private address", "host not allowed", "the emulator itself"],
)
async def test_an_address_that_may_not_be_called_is_not(
    tmp_path: Path, identities: Identities, url: str, settings: dict[str, Any], reason: str
) -> None:
    event, called = await refused(tmp_path, identities, url, **settings)

    assert called == []
    assert (event.kind, event.run, event.details["status"]) == (Kind.CSS_REFUSED, "r 1", None)
    assert event.details["answer"].startswith("not called: ")
    assert reason in event.details["answer"]


async def test_a_name_that_stands_for_nothing_counts_as_no_answer(
    tmp_path: Path, identities: Identities
) -> None:
    event, called = await refused(
        tmp_path,
        identities,
        "http://nowhere.invalid/css",
        webhook_private_allowed=False,
        retry_attempts=2,
    )
    assert called == []
    assert (event.kind, event.details["reason"]) == (Kind.CSS_REFUSED, "no answer")
