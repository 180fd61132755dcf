"""Which addresses of others may be called."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from backbone.settings import Settings
from participant.errors import ParticipantError, TargetRefused, TargetUnresolved
from participant.targets import TargetGuard


def guard_of(gateway: str, services: str, **settings: Any) -> TargetGuard:
    """The guard of a composition whose gateway and services have these addresses."""
    context: Any = SimpleNamespace(
        settings=Settings(**settings),
        gateway_url=gateway,
        service_url=lambda name: f"{services}/{name}",
    )
    return TargetGuard.of(context)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example",
        "a.example",
        "https://",
        "https://user:word@a.example/",
        "https://a.example:notaport/",
        "https://[::1",
    ],
)
def test_addresses_that_are_wrong_by_themselves(url: str) -> None:
    with pytest.raises(TargetRefused):
        TargetGuard().check(url)


def test_only_allowed_hosts_where_a_list_is_set() -> None:
    guard = TargetGuard(hosts=["a.example", "*.b.example"])
    guard.check("https://a.example/x")
    guard.check("https://A.EXAMPLE/x")
    guard.check("https://deep.b.example/x")
    for url in ("https://b.example", "https://evil.example", "https://a.example.evil.example"):
        with pytest.raises(TargetRefused, match="allowed webhook hosts"):
            guard.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://localhost./",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
    ],
)
def test_private_addresses_only_where_allowed(url: str) -> None:
    TargetGuard(private=True).check(url)
    with pytest.raises(TargetRefused, match="private"):
        TargetGuard(private=False).check(url)


def test_the_emulators_own_addresses_are_for_its_own_parties() -> None:
    guard = TargetGuard(internal=frozenset({"harness.internal"}))
    guard.check("http://harness.internal/registration/2200000001/webhook", own=True)
    with pytest.raises(TargetRefused, match="emulator's own"):
        guard.check("http://Harness.Internal/registration")


async def test_a_name_that_stands_for_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()

    async def inside(*args: object, **more: object) -> list[tuple[object, ...]]:
        return [(None, None, None, "", ("93.184.216.34", 0)), (None, None, None, "", ("10.0.0.7", 0))]

    monkeypatch.setattr(loop, "getaddrinfo", inside)
    guard = TargetGuard(private=False)
    guard.check("http://inside.example/x")
    with pytest.raises(TargetRefused, match=r"inside\.example stands for 10\.0\.0\.7, a private address"):
        await guard.check_resolved("http://inside.example/x")
    await guard.check_resolved("http://inside.example/x", own=True)


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 64}.example"])
async def test_a_name_nobody_knows_is_refused_for_the_moment(host: str) -> None:
    with pytest.raises(TargetUnresolved, match="cannot be resolved"):
        await TargetGuard(private=False).check_resolved(f"http://{host}/x")
    await TargetGuard().check_resolved(f"http://{host}/x")


async def test_a_public_address_passes() -> None:
    await TargetGuard(private=False).check_resolved("https://1.1.1.1/x")


def test_services_inside_the_process_are_closed_to_others_by_their_name() -> None:
    guard = guard_of("http://harness.internal", "http://harness.internal", public_url="http://dip.example")
    for url in ("http://harness.internal/css/messages", "http://HARNESS.internal.:81/"):
        with pytest.raises(TargetRefused, match="your own system"):
            guard.check(url)
    guard.check("http://dip.example/supplier/webhook")


def test_services_on_one_machine_are_closed_to_others_by_their_port() -> None:
    guard = guard_of("http://127.0.0.1:8080", "http://127.0.0.1:8081", host="127.0.0.1", port=8080)
    with pytest.raises(TargetRefused, match="emulator's own"):
        guard.check("http://127.0.0.1:8081/css/messages")
    guard.check("http://127.0.0.1:9000/webhook")


def test_hosts_and_private_addresses_are_settings() -> None:
    guard = guard_of(
        "http://gateway", "http://css", webhook_hosts=["a.example"], webhook_private_allowed=False
    )
    assert (guard.hosts, guard.private) == (["a.example"], False)


def test_every_refusal_is_a_fault_of_the_room() -> None:
    assert issubclass(TargetUnresolved, TargetRefused)
    assert issubclass(TargetRefused, ParticipantError)
