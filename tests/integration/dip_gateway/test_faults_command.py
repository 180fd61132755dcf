"""``dipemu faults`` and ``dipemu deliveries`` against a running gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backbone.journal import Kind
from dipemu.cli import app
from tests.integration.dip_gateway.environment import MPAN, REGISTRATION, Gateway, open_gateway


async def run(gateway: Gateway, *arguments: str, code: int = 0) -> str:
    """What was printed, into a pipe."""
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--server", gateway.url])
    assert result.exit_code == code, result.output
    return result.output


async def test_a_rule_is_added_strikes_is_listed_and_removed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await run(gateway, "faults", "add", "my rule", "drop", "--party", REGISTRATION, "--times", "1")
        listed = await run(gateway, "faults", "list")
        assert [word in listed for word in ("my rule", "drop", f"party {REGISTRATION}", "times 1")] == [
            True
        ] * 4
        await gateway.send(gateway.message())
        [event] = await gateway.events(Kind.FAULT_INJECTED)
        assert event.details["rule"] == "my rule"
        await run(gateway, "faults", "remove", "my rule")
        assert "my rule" not in await run(gateway, "faults", "list")
        assert "no fault rule my rule" in await run(gateway, "faults", "remove", "my rule", code=2)


async def test_rules_are_loaded_from_a_file_all_or_none(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    async with open_gateway(tmp_path) as gateway:
        file.write_text("- {name: one, fault: drop}\n- {name: two, fault: explode}\n")
        assert "fault" in await run(gateway, "faults", "load", str(file), code=2)
        assert "one" not in await run(gateway, "faults", "list")
        file.write_text("- {name: one, fault: drop}\n- {name: two, fault: delay, seconds: 3}\n")
        assert "2 rules are in force: one, two" in await run(gateway, "faults", "load", str(file))


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "rules.yaml"
    if content is not None:
        file.write_bytes(content)
    result = CliRunner().invoke(app, ["faults", "load", str(file)])
    assert result.exit_code == 2
    assert "cannot read" in result.output


async def test_an_abandoned_delivery_is_listed_and_sent_once_more(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(400)
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERY_ABANDONED)
        listed = await run(gateway, "deliveries", "list", "--state", "abandoned", "--mpan", MPAN)
        assert [word in listed for word in ("PUB-031 [MSApp]", REGISTRATION, "400")] == [True] * 3
        assert "delivery 1 is sent once more" in await run(gateway, "deliveries", "requeue", "1")
        await gateway.events(Kind.DELIVERED)
        assert "(replayed)" in await run(gateway, "deliveries", "list", "--state", "delivered")
        assert "There is no delivery 99" in await run(gateway, "deliveries", "requeue", "99", code=2)
