"""WireMock as a yardstick: it matches the published IF-031 schema and answers 201, nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.serve_gateway import ANSWER
from tests.contract.elexon import _BASE, Elexon, spec_directory, with_null_types

VERSION = "3.13.1"
COORDINATES = f"org.wiremock:wiremock-standalone:{VERSION}"


def find_jar(folder: Path) -> Path | None:
    """The published jar, fetched with Maven where it is not there yet; None without Maven or network."""
    jar = folder / f"wiremock-standalone-{VERSION}.jar"
    if not jar.exists():
        command = [
            "mvn",
            "-q",
            "-B",
            "dependency:copy",
            f"-Dartifact={COORDINATES}",
            f"-DoutputDirectory={folder}",
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            return None
    return jar if jar.exists() else None


def if031_schema() -> dict[str, Any] | None:
    """The published schema of an array of IF-031 messages, all references inlined; None without the files."""
    directory = spec_directory("2.1.0")
    if directory is None:
        return None
    documents = {name: with_null_types(value) for name, value in Elexon(directory).documents.items()}

    def inlined(value: Any, file: str) -> Any:
        if isinstance(value, list):
            return [inlined(entry, file) for entry in value]
        if not isinstance(value, dict):
            return value
        if "$ref" not in value:
            return {key: inlined(entry, file) for key, entry in value.items()}
        name, _, path = str(value["$ref"]).removeprefix(_BASE).partition("#/")
        target: Any = documents[name or file]
        for part in path.split("/"):
            target = target[part]
        return inlined(target, name or file)

    payload = inlined(
        {"$ref": f"{_BASE}Interfaces-EventCodes-unresolved.yaml#/components/schemas/IF-031-Payload"}, ""
    )
    message = {"type": "object", "required": ["payload"], "properties": {"payload": payload}}
    return {"type": "array", "minItems": 1, "items": message}


@contextmanager
def wiremock(jar: Path, schema: dict[str, Any], port: int) -> Iterator[tuple[int, int]]:
    """A running WireMock with the one mapping, without its request journal: its port and process ID."""
    options = ["--port", str(port), "--disable-banner", "--no-request-journal", "--disable-request-logging"]
    command = ["java", "-jar", str(jar), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}/__admin"
            transport = httpx.HTTPTransport(retries=20)
            with httpx.Client(transport=transport, timeout=60) as http:
                mapping = {
                    "request": {
                        "method": "POST",
                        "urlPath": "/dip-channel/IF-031",
                        "bodyPatterns": [{"matchesJsonSchema": schema, "schemaVersion": "V202012"}],
                    },
                    "response": {"status": 201, "body": ANSWER.decode()},
                }
                http.post(f"{base}/mappings", json=mapping).raise_for_status()
                refused = http.post(f"http://127.0.0.1:{port}/dip-channel/IF-031", json=[{"payload": {}}])
                assert refused.status_code == 404, "WireMock does not judge by the schema: no yardstick"
            yield port, process.pid
        finally:
            process.terminate()
