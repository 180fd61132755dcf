"""Before the disk is full the gateway takes nothing more in, says why, and goes on when there is room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backbone.disk import DiskSpace
from backbone.journal import Kind
from dipemu.readiness import Readiness
from dipemu.supervisor import Supervisor
from tests.integration.dip_gateway.environment import REGISTRATION, Gateway, open_gateway


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as opened:
        yield opened


def with_disk(gateway: Gateway, free_mb: list[int]) -> DiskSpace:
    """The gateway on a disk that has the last of these megabytes free."""
    space = DiskSpace(Path("/"), 200, lambda folder: free_mb[-1] * 1_000_000)
    gateway.context.__dict__["disk"] = space  # a cached property: it is looked up there
    return space


async def test_a_disk_that_is_nearly_full_is_told_and_goes_on_by_itself(gateway: Gateway) -> None:
    free = [100]
    space = with_disk(gateway, free)
    message = gateway.message()
    refused = await gateway.send(message)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert "100 MB free" in refused.text
    readiness = Readiness(Supervisor([], gateway.context.journal, gateway.context.clock), space)
    assert readiness.parts() == {"disk": False}
    assert "DIPEMU_DISK_FREE_MIN_MB" in readiness.reasons()["disk"]
    free.append(900)
    async with asyncio.timeout(10):
        while (await gateway.send(message)).status_code != 201:  # noqa: ASYNC110 - looked at once a second
            await asyncio.sleep(0.1)
    assert (readiness.parts(), readiness.reasons()) == ({"disk": True}, {})


async def test_refusals_do_not_fill_what_is_left_of_the_disk(gateway: Gateway) -> None:
    free = [100]
    with_disk(gateway, free)
    for _ in range(3):
        await gateway.send(gateway.message())
    del gateway.context.__dict__["disk"]
    await gateway.request("/dip-channel/IF-031", b"{")
    (refused,) = await gateway.events(Kind.REFUSED)
    assert refused.details["left out before"] == 3


async def test_what_is_kept_can_still_be_read(gateway: Gateway) -> None:
    with_disk(gateway, [0])
    assert (await gateway.get("/openapi.json")).status_code == 200
