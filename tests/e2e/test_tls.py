"""`dipemu up --tls`: mutual TLS with curl and with httpx, large batches, and what is refused."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import envelope
from participant.identity import Identity
from tests.e2e.distributed import free_port
from tests.e2e.emulator import DIPEMU, dipemu, wait_until
from tests.e2e.test_refusals import a_message, request


@dataclass(frozen=True)
class Secured:
    """A gateway behind mutual TLS; ``control`` is its loopback address without TLS."""

    url: str
    control: str
    data: Path

    def participant(self, out: Path) -> Identity:
        dipemu("participants", "add", "--role", "SUP", "--mpid", "ABCD", "--out", out, "--data", self.data)
        return Identity.load(out)

    def context(self, folder: Path | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.data / "authority" / "ca.crt"))
        if folder:
            context.load_cert_chain(folder / "signing.crt", folder / "signing.key")
        return context


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    data = tmp_path_factory.mktemp("tls") / "data"
    control = free_port()
    command = [*DIPEMU, "up", "--tls", "--port", "0", "--control-port", str(control), "--data", str(data)]
    with (data.parent / "up.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        health = f"http://127.0.0.1:{control}/health/ready"
        wait_until(lambda: httpx.get(health).status_code == 200, process)
        wait_until((data / "gateway.url").exists, process)
        yield Secured((data / "gateway.url").read_text().strip(), f"http://127.0.0.1:{control}", data)
    finally:
        process.terminate()
        process.wait(timeout=20)


def batch(identity: Identity, size: int) -> list[dict[str, Any]]:
    """Messages that fill at least ``size`` bytes of JSON."""
    one = len(json.dumps(a_message(identity)))
    return [a_message(identity) for _ in range(size // one + 1)]


def test_a_hundred_kilobytes_with_httpx(secured: Secured, tmp_path: Path) -> None:
    identity = secured.participant(tmp_path / "me")
    url = f"{secured.url}/dip-channel/IF-031"
    headers, body = request(identity, url, batch(identity, 100_000))
    assert len(body) >= 100_000
    with httpx.Client(verify=secured.context(tmp_path / "me"), timeout=30) as http:
        answer = http.post(url, headers=headers, content=body)
    assert answer.status_code == 201, answer.text


def test_a_hundred_kilobytes_with_curl(secured: Secured, tmp_path: Path) -> None:
    identity = secured.participant(tmp_path / "me")
    url = f"{secured.url}/dip-channel/IF-031"
    headers, body = request(identity, url, batch(identity, 100_000))
    (tmp_path / "body.json").write_bytes(body)
    (tmp_path / "headers.txt").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
    done = subprocess.run(
        [
            "curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "30",
            "--cacert", secured.data / "authority" / "ca.crt",
            "--cert", tmp_path / "me" / "signing.crt", "--key", tmp_path / "me" / "signing.key",
            "--header", f"@{tmp_path / 'headers.txt'}", "--data-binary", f"@{tmp_path / 'body.json'}", url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["messageArray"][0]["message"] == "MSG0000 - Success"


def test_without_a_certificate_there_is_no_connection(secured: Secured) -> None:
    with httpx.Client(verify=secured.context(None)) as http, pytest.raises(httpx.TransportError):
        http.get(f"{secured.url}/health/live")


def test_the_certificate_of_another_party_is_refused(secured: Secured, tmp_path: Path) -> None:
    identity = secured.participant(tmp_path / "me")
    secured.participant(tmp_path / "other")
    url = f"{secured.url}/dip-channel/IF-031"
    message, began = a_message(identity), datetime.now(UTC)
    headers, body = request(identity, url, [message])
    with httpx.Client(verify=secured.context(tmp_path / "other")) as http:
        answer = http.post(url, headers=headers, content=body)
    assert answer.status_code == 403
    assert "TLS client certificate belongs to" in answer.json()["messageArray"][0]["help"]
    query = {"reference": envelope.header(message).reference or "", "since": began.isoformat()}
    kinds = {event["kind"] for event in httpx.get(f"{secured.control}/api/journal", params=query).json()}
    assert "accepted" not in kinds


def test_runs_and_health_are_on_loopback_without_tls_and_the_gateway_is_not(secured: Secured) -> None:
    assert httpx.get(f"{secured.control}/api/scenarios").status_code == 200
    assert httpx.get(f"{secured.control}/health/live").status_code == 200
    refused = httpx.post(f"{secured.control}/dip-channel/IF-031", content=b"[]")
    assert refused.status_code == 404
    assert "TLS only" in refused.json()["error"]
