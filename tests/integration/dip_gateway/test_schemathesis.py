"""Schemathesis over our own OpenAPI document: no fault of ours, no status that is not documented.

Requests are signed, so that they get past the door. ``DIPEMU_FUZZ_EXAMPLES`` per operation, by default few.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from backbone.clock import SystemClock
from participant import signing
from participant.identity import Identity
from services.dip_gateway.settings import GatewaySettings
from tests.integration.dip_gateway.environment import PUBLISHER, SUPPLIER, open_gateway

EXAMPLES = int(os.environ.get("DIPEMU_FUZZ_EXAMPLES", "12"))


def signed(prepared: requests.PreparedRequest, identity: Identity) -> requests.PreparedRequest:
    """Signed over what will be sent, where it is sent."""
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    assert isinstance(body, bytes)
    headers = signing.sign(identity, prepared.method or "", prepared.url or "", body, SystemClock().now())
    prepared.headers.update({**headers, "X-API-Key": identity.api_key})
    return prepared


def fuzz(operation: Any, url: str, identity: Identity) -> list[str]:
    """Call one operation with generated requests; what was answered that should not have been."""
    wrong: list[str] = []
    documented = {int(status) for status in operation.definition.raw["responses"]}
    session = requests.Session()
    session.trust_env = False

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        arguments = case.as_transport_kwargs(base_url=url)
        arguments.pop("cookies", None)
        request = session.prepare_request(requests.Request(**arguments))
        answer = session.send(signed(request, identity), timeout=30, allow_redirects=False)
        if answer.status_code >= 500 or answer.status_code not in documented:
            wrong.append(f"{request.method} {request.url} -> {answer.status_code} {request.body!r:.300}")

    run()
    return wrong


async def every_operation(version: str, folder: Path) -> list[str]:
    async with open_gateway(folder, GatewaySettings(api_version=version)) as gateway:
        document = (await gateway.http.get(f"{gateway.url}/openapi.json")).json()
        schema = schemathesis.openapi.from_dict(document)
        wrong: list[str] = []
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            by = PUBLISHER if "company" in operation.path.lower() else SUPPLIER
            wrong += await asyncio.to_thread(fuzz, operation, gateway.url, gateway.identities[by])
        return wrong


async def test_21_answers_nothing_undocumented(tmp_path: Path) -> None:
    assert await every_operation("2.1", tmp_path) == []


async def test_22_answers_nothing_undocumented(tmp_path: Path) -> None:
    assert await every_operation("2.2", tmp_path) == []
