"""Schemathesis over the gateway's own OpenAPI document: no 5xx, no status or body that it does not tell of.

A few hundred requests in CI. For longer, in seconds: ``DIPEMU_FUZZ_SECONDS=600 pytest tests/fuzz -s``.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import integers
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from contracts import load_catalogue
from contracts.errors import SampleImpossible
from contracts.routing import rule
from contracts.sample_faults import KINDS
from contracts.samples import sample
from participant import signing
from participant.identity import Identity
from tests.e2e.emulator import Emulator

SECONDS = float(os.environ.get("DIPEMU_FUZZ_SECONDS", "20"))
ROUND = 15  # requests of one operation in one round
CATALOGUE = load_catalogue("2.1.0")
VARIANTS = [
    (name, event)
    for name, interface in CATALOGUE.interfaces.items()
    for event in interface.events
    if "SUP" in rule(CATALOGUE, name, event).senders
]
pytestmark = pytest.mark.timeout(SECONDS * 3 + 120)


class Signed(AuthBase):
    """Signs whatever Schemathesis made up, over exactly the bytes that are sent."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        body = prepared.body or b""
        content = body.encode() if isinstance(body, str) else body
        assert isinstance(content, bytes)
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
    emulator.add_participant(tmp_path / "supplier")
    emulator.add_participant(tmp_path / "publisher", role="ISD", mpid="ISDP")
    auths = [Signed(Identity.load(tmp_path / name)) for name in ("supplier", "publisher")]
    schema = schemathesis.openapi.from_url(f"{emulator.url}/openapi.json")
    operations = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operations.append(found.ok())
    answers: dict[str, Counter[int]] = {one.label: Counter() for one in operations}
    deadline, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        rounds += 1
        for operation in operations:
            if time.monotonic() > deadline and rounds > 1:
                break
            _fuzz(operation, auths, answers[operation.label], rounds)
    _tell(answers, rounds)
    for label, counted in answers.items():
        assert any(status < 300 for status in counted), f"{label}: nothing that was made up was right"


def _tell(answers: dict[str, Counter[int]], rounds: int) -> None:
    print(f"\n{sum(map(Counter.total, answers.values()))} requests in {rounds} rounds")
    for label, counted in answers.items():
        told = ", ".join(f"{count} x {status}" for status, count in sorted(counted.items()))
        print(f"{label:48} {told}")


def _steered(case: schemathesis.Case[Any], identity: Identity, chance: Random) -> None:
    """Take some of the chance away: a request of nobody's, on no channel, never gets far."""
    interface, event = chance.choice(VARIANTS)
    names = case.path_parameters or {}
    for name, likely in {"recipient-id": identity.dip_id, "id": interface, "interface": interface}.items():
        if name in names and chance.random() < 0.85:
            names[name] = likely
    if "event" in names and chance.random() < 0.85:
        names["event"] = chance.choice(_spellings(event))
    if chance.random() < 0.75:
        _with_likely_content(case, identity, chance, interface, event)


def _spellings(event: str) -> list[str]:
    return [event, event.strip("[]")]


def _with_likely_content(
    case: schemathesis.Case[Any], identity: Identity, chance: Random, interface: str, event: str
) -> None:
    path = case.path
    if path == "/dip-channel/{id}" or path.startswith("/validate"):
        case.path_parameters |= {"id": interface} if "id" in case.path_parameters else {}
        case.body = _messages(identity, chance, interface, event)
    elif "/replay/" in path or "/requeue/" in path:
        case.body = _wanted(chance)
    elif path == "/statusmessage":
        case.body = [_entry(identity, chance) for _ in range(chance.randint(1, 3))]
    elif path == "/companyDetails" and case.method == "POST":
        case.query = {"X-company-number": "01234567", "X-MPID": "ISDP", "X-market-role": "M"}


def _entry(identity: Identity, chance: Random) -> dict[str, Any]:
    """A status message to oneself, one in five with a field that is too long."""
    return {
        "transactionID": chance.choice([None, "T-IF-031-1"]),
        "senderUniqueReference": None,
        "correlationID": None,
        "sentTimestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "senderID": identity.dip_id,
        "recipientID": identity.dip_id,
        "DIPConnectionProviderID": None,
        "message": chance.choice(["MSG1031 - Failed to find a recipient", "MSG0000 - Success"]),
        "help": "x" * chance.choice([1, 100, 400, 500, 501]),
        "serviceTicketURL": None,
    }


def _messages(identity: Identity, chance: Random, interface: str, event: str) -> list[Any]:
    """One to three messages of this sender, most of them right, some odd, some wrong in one place."""
    sender = {
        "/payload/CommonBlock/S1/senderDIPID": identity.dip_id,
        "/payload/CommonBlock/S1/senderRoleID": identity.role,
    }
    made: list[Any] = []
    for _ in range(chance.randint(1, 3)):
        invalid = chance.choice(KINDS) if chance.random() < 0.3 else None
        wild, number = chance.random() < 0.3, chance.getrandbits(40)
        try:
            one = sample(
                CATALOGUE, interface, event, seed=number, wild=wild, invalid=invalid, overrides=sender
            )
        except (SampleImpossible, KeyError, TypeError):  # what was spoiled is where the sender belongs
            one = sample(CATALOGUE, interface, event, seed=number, overrides=sender)
        made.append(one)
    return made


def _wanted(chance: Random) -> dict[str, Any]:
    """What of the past is asked for: a period, and now and then more than that."""
    until = datetime.now(UTC) + timedelta(hours=1)
    asked: dict[str, Any] = {
        "datetimeFrom": (until - timedelta(hours=chance.randint(0, 48))).isoformat(timespec="seconds"),
        "datetimeTo": until.isoformat(timespec="seconds"),
        "eventCode": chance.choice([None, "[MSApp]"]),
        "MPAN": chance.choice([None, "2000000000001"]),
        "version": chance.choice([None, "011"]),
    }
    return asked if chance.random() < 0.7 else asked | {"transactionIDs": [f"T-{chance.getrandbits(64)}"]}


def _fuzz(operation: Any, auths: list[Signed], answers: Counter[int], number: int) -> None:
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    publishing = operation.path == "/companyDetails"

    @seed(number)
    @settings(
        max_examples=ROUND if number > 1 else 5,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), chance=integers(0, 2**62).map(Random))
    def one(case: schemathesis.Case[Any], chance: Random) -> None:
        auth = auths[publishing] if chance.random() < 0.9 else auths[not publishing]
        _steered(case, auth.identity, chance)
        response = case.call(auth=auth)
        answers[response.status_code] += 1
        case.validate_response(response, checks=checks)

    one()
