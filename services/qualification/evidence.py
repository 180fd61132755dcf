"""The evidence of a run: a folder from which anybody can recompute the verdict.

``journal.ndjson``    every event the verdict rests on, in order: the source of all the rest
``messages/``         each message as ``NNN-….json`` (raw bytes) and ``NNN-….headers.json``
``verdict.json``      the verdict with all it depends on besides the journal: scenario, binding, moment
``junit.xml``, ``ctrf.json``  for continuous integration
``report.html``       for people; needs nothing but a browser
``environment.json``  versions and settings of the harness
"""

from __future__ import annotations

import io
import platform
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from backbone.journal.events import JournalEvent, Kind
from participant.context import Context
from services.qualification.checks import Checks
from services.qualification.junit import ctrf, junit
from services.qualification.report import Letter, report
from services.qualification.store import StoredRun

FORMAT = "dip-emulator-verdict/1"
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_KINDS = (
    Kind.ACCEPTED,
    Kind.REFUSED,
    Kind.DELIVERY_ATTEMPTED,
    Kind.DELIVERED,
    Kind.DELIVERY_ABANDONED,
    Kind.STATUS_SENT,
    Kind.CSS_MESSAGE,
    Kind.CSS_REFUSED,
)
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Environment:
    """Where the evidence was made. ``facts``: versions and settings without secrets."""

    facts: Mapping[str, str]
    trust_anchors: Sequence[str] = field(default=(), repr=False)


def environment_of(context: Context) -> Environment:
    """The environment of this process."""
    settings = context.settings
    facts = {
        "DIP Emulator": _version("dip-emulator"),
        "Message contracts": ", ".join(settings.contracts),
        "Environment tag": settings.environment_tag,
        "Gateway": context.gateway_url,
        "Message log": "Apache Kafka" if settings.kafka else "embedded",
        "Database": context.database.dialect,
        "Python": platform.python_version(),
    }
    return Environment(facts, (context.authority.certificate_pem, *context.trust_anchors))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "source tree"


def evidence_files(
    run: StoredRun, events: Sequence[JournalEvent], document: Mapping[str, Any], environment: Environment
) -> dict[str, bytes]:
    """Every file of the evidence folder by its path."""
    checks = Checks(run.scenario.contracts[0], environment.trust_anchors)
    written = letters(events)
    files = {
        "journal.ndjson": b"".join(event.to_bytes() + b"\n" for event in events),
        "verdict.json": orjson.dumps(_verdict(run, document), option=_PRETTY),
        "environment.json": orjson.dumps(dict(environment.facts), option=_PRETTY),
        "junit.xml": junit(document),
        "ctrf.json": orjson.dumps(ctrf(document), option=_PRETTY),
        "report.html": report(run, events, document, written, checks, environment.facts).encode(),
    }
    for letter in written:
        files[f"messages/{letter.name}.json"] = (letter.event.body or "").encode()
        files[f"messages/{letter.name}.headers.json"] = orjson.dumps(_headers(letter.event), option=_PRETTY)
    return files


def _verdict(run: StoredRun, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run": run.id,
        "verdict": document["verdict"],
        "summary": document["summary"],
        "evaluatedAt": document["asOf"],
        "steps": document["steps"],
        "scenario": run.scenario.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "binding": run.binding.model_dump(mode="json", by_alias=True),
        "document": {key: value for key, value in document.items() if key != "steps"},
    }


def letters(events: Iterable[JournalEvent]) -> list[Letter]:
    """The events that hold a message, numbered in the journal's order."""
    found = (event for event in events if event.kind in _KINDS and event.body is not None)
    return [Letter(number, _name(number, event), event) for number, event in enumerate(found, start=1)]


def _name(number: int, event: JournalEvent) -> str:
    what = event.interface or "message"
    party = event.recipient if event.kind in (Kind.DELIVERED, Kind.DELIVERY_ATTEMPTED) else event.sender
    parts = [f"{number:03d}", what, (event.event_code or "").strip("[]"), party or "", event.kind.value]
    return "-".join(_UNSAFE.sub("-", part).strip("-")[:60] for part in parts if part)


def _headers(event: JournalEvent) -> dict[str, Any]:
    """All that is known of how the message travelled, headers first."""
    line: dict[str, Any] = orjson.loads(event.to_bytes())
    line.pop("body", None)
    return {"headers": line.pop("headers", {}), "event": line}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return buffer.getvalue()


def write_evidence(
    run: StoredRun,
    events: Sequence[JournalEvent],
    document: Mapping[str, Any],
    environment: Environment,
    directory: Path,
) -> None:
    """Write the evidence folder; what was in it under the same names is replaced."""
    for name, content in evidence_files(run, events, document, environment).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
