"""One address serves the whole of a distributed composition: the gateway's process passes on the rest."""

from __future__ import annotations

import httpx

from backbone.settings import Settings
from dipemu.composition import PREFIXES
from dipemu.distributed import _passed_on

SETTINGS = Settings(service_urls={name: f"http://{name}:8080" for name in PREFIXES})


async def test_the_gateway_passes_on_every_prefix_and_the_pages() -> None:
    async with httpx.AsyncClient() as http:
        passed_on = _passed_on(SETTINGS, "dip_gateway", http)
    assert {(service.name, service.prefix) for service in passed_on} == {
        *((name, prefix) for name, prefix in PREFIXES.items() if prefix),
        ("qualification", "/ui"),
    }


async def test_no_other_process_passes_anything_on() -> None:
    async with httpx.AsyncClient() as http:
        assert _passed_on(SETTINGS, "qualification", http) == []
