"""Schemathesis over the gateway's own OpenAPI document: no 5xx, no status or body that it does not tell of.

A few hundred requests in CI. For longer, in seconds: ``DIPEMU_FUZZ_SECONDS=600 pytest tests/fuzz -s``.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import integers, sampled_from
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from contracts import load_catalogue
from contracts.samples import sample
from participant import signing
from participant.identity import Identity
from tests.e2e.emulator import Emulator

SECONDS = float(os.environ.get("DIPEMU_FUZZ_SECONDS", "20"))
ROUND = 15  # requests of one operation in one round
CATALOGUE = load_catalogue("2.1.0")
pytestmark = pytest.mark.timeout(SECONDS * 3 + 120)


class Signed(AuthBase):
    """Signs whatever Schemathesis made up, over exactly the bytes that are sent."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        body = prepared.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = signing.sign(
            self.identity, prepared.method or "", prepared.url or "", content, datetime.now(UTC)
        )
        prepared.headers.update(headers)
        prepared.headers["X-API-Key"] = self.identity.api_key
        return prepared


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("fuzz") / "data"
    data.mkdir()
    running = Emulator(data).start()
    yield running
    running.stop()


def test_no_request_breaks_the_gateway_or_gets_an_undocumented_answer(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.add_participant(tmp_path / "me")
    auth = Signed(Identity.load(tmp_path / "me"))
    schema = schemathesis.openapi.from_url(f"{emulator.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    answers: Counter[int] = Counter()
    deadline, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        rounds += 1
        for operation in operations:
            if time.monotonic() > deadline and rounds > 1:
                break
            _fuzz(operation, auth, checks, answers, rounds)
    total = sum(answers.values())
    told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    print(f"\n{total} requests to {len(operations)} operations in {rounds} rounds: {told}")
    assert 201 in answers, "some of what was made up was right"
    assert total >= len(operations)


def _make_likelier(case: schemathesis.Case, auth: Signed, luck: int, interface: str) -> None:
    """Steer some of the chance: a request of nobody's, on no channel, never gets far."""
    names = case.path_parameters or {}
    if "recipient-id" in names and luck % 2:
        names["recipient-id"] = auth.identity.dip_id
    if "id" in names and luck % 3:
        names["id"] = interface
    if case.path == "/dip-channel/{id}" and luck % 3 == 1:
        event = next(iter(CATALOGUE.interfaces[interface].events))
        sender = {
            "/payload/CommonBlock/S1/senderDIPID": auth.identity.dip_id,
            "/payload/CommonBlock/S1/senderRoleID": auth.identity.role,
        }
        kind = None if luck % 2 else "unknown-field"
        case.body = [sample(CATALOGUE, interface, event, seed=luck, overrides=sender, invalid=kind)]


def _fuzz(operation: object, auth: Signed, checks: list, answers: Counter[int], number: int) -> None:
    @seed(number)
    @settings(
        max_examples=ROUND if number > 1 else 3,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(),  # type: ignore[attr-defined]
        luck=integers(0, 2**32 - 1),
        interface=sampled_from(["IF-031", "IF-041", "IF-021", "IF-005"]),
    )
    def one(case: schemathesis.Case, luck: int, interface: str) -> None:
        _make_likelier(case, auth, luck, interface)
        response = case.call(auth=auth)
        answers[response.status_code] += 1
        case.validate_response(response, checks=checks)

    one()
