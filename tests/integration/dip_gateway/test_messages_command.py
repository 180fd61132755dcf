"""``dipemu messages`` against a running gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from backbone.journal import Kind
from dipemu.cli.messages import app
from tests.integration.dip_gateway.environment import MPAN, REGISTRATION, Gateway, open_gateway


async def run(gateway: Gateway, *arguments: str) -> tuple[int, str]:
    """Exit code and what was printed, into a pipe."""
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--server", gateway.url])
    return result.exit_code, result.output


async def test_list_and_show(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(503)
        [entry] = (await gateway.send(gateway.message())).json()["messageArray"]
        await gateway.events(Kind.DELIVERED)
        code, text = await run(gateway, "list", "--mpan", MPAN)
        assert code == 0
        assert MPAN in text
        code, text = await run(gateway, "show", entry["transactionID"])
        assert code == 0
        assert [word in text for word in ("accepted", "routed", "answered 503", "delivered")] == [True] * 4
        code, text = await run(gateway, "show", entry["transactionID"], "--bodies")
        assert "X-DIP-Signature" in text
        assert gateway.identities[REGISTRATION].api_key not in text


async def test_a_message_that_is_not_there(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        code, _ = await run(gateway, "show", "T-none")
        assert code == 2


def test_no_emulator_at_that_address() -> None:
    result = CliRunner().invoke(app, ["list", "--server", "http://127.0.0.1:1"])
    assert result.exit_code == 3
