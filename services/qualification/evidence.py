"""The evidence of a run: a folder from which anybody can recompute the verdict.

``manifest.json``     what it is about, and every file with size and SHA-256
``manifest.json.sig``, ``signer.pem``  the signature of the manifest, and the certificate to check it with
``journal.ndjson``    every event the verdict rests on, in order and chained: the source of all the rest
``messages/``         each message as ``NNN-….json`` (raw bytes) and ``NNN-….headers.json``
``verdict.json``      the verdict with all it depends on besides the journal: scenario, binding, moment
``junit.xml``, ``ctrf.json``  for continuous integration
``report.html``       for people; needs nothing but a browser
``environment.json``  versions and settings of the harness
``authorities.pem``   the authorities that the harness trusted when it checked the messages' signatures
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.backends.openssl import backend

from backbone.clock import SystemClock
from backbone.journal.events import JournalEvent, Kind
from contracts import catalogue_digest
from participant.context import Context
from services.qualification import manifest
from services.qualification.chain import linked
from services.qualification.checks import Checks
from services.qualification.junit import ctrf, junit
from services.qualification.redaction import cleaned, redacted
from services.qualification.report import Letter, Seal, report
from services.qualification.signer import Signer, describe, open_signer
from services.qualification.store import StoredRun

FORMAT = "dip-emulator-verdict/1"
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_LIBRARIES = ("aiokafka", "cryptography", "fastapi", "httpx", "orjson", "pydantic", "sqlalchemy", "uvicorn")
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
_HEADERS = ".headers.json"
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Environment:
    """Where the evidence is made. ``facts``: versions and settings without secrets, for people.

    ``made_by``: the same for the manifest, by its names. ``signer`` opens the signer, None: the evidence is
    not signed. ``contracts``: directories of imported message contracts. ``now``: when it is sealed, by
    the machine's clock.
    """

    facts: Mapping[str, str]
    trust_anchors: Sequence[str] = field(default=(), repr=False)
    made_by: Mapping[str, Any] = field(default_factory=dict)
    signer: Callable[[], Signer] | None = None
    contracts: Sequence[Path] = ()
    now: Callable[[], datetime] = SystemClock().now


def environment_of(context: Context) -> Environment:
    """The environment of this process."""
    settings, clock = context.settings, SystemClock()
    log = "Apache Kafka" if settings.kafka else "embedded"
    imported = (settings.data / "contracts",)
    product = version_of("dip-emulator")
    facts = {
        "DIP Emulator": product,
        "Message contracts": ", ".join(settings.contracts),
        "Environment tag": settings.environment_tag,
        "Gateway": context.gateway_url,
        "Message log": log,
        "Database": context.database.dialect,
        "Python": platform.python_version(),
    }
    composition = {
        "kind": "distributed" if settings.kafka else "embedded",
        "log": log,
        "database": context.database.dialect,
        "gateway": context.gateway_url,
        "publicUrl": settings.gateway_url,
        "environmentTag": settings.environment_tag,
    }
    contracts = [{"version": v, "sha256": catalogue_digest(v, imported)} for v in settings.contracts]
    made_by = {
        "product": {"name": "DIP Emulator", "version": product},
        "contracts": contracts,
        "composition": composition,
        "system": _system(),
    }
    return Environment(
        facts,
        (context.authority.certificate_pem, *context.trust_anchors),
        made_by,
        lambda: open_signer(settings, context.authority, clock.now()),
        imported,
    )


def bases_of(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses under which participants know the gateway, as the manifest says."""
    return tuple(filter(None, [manifest.get("composition", {}).get("publicUrl")]))


def _system() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "os": platform.platform(),
        "openssl": backend.openssl_version_text(),
        "libraries": {name: version_of(name) for name in _LIBRARIES},
    }


@cache
def version_of(package: str) -> str:
    """The version of a package, ``source tree`` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "source tree"


def evidence_files(
    run: StoredRun, events: Sequence[JournalEvent], document: Mapping[str, Any], environment: Environment
) -> dict[str, bytes]:
    """Every file of the evidence folder by its path, sealed. Raises EvidenceUnsigned."""
    events, document = [redacted(event) for event in events], cleaned(document)
    chained = linked(event.to_bytes() for event in events)
    written = letters(events)
    files = {
        manifest.JOURNAL: b"".join(line + b"\n" for line in chained),
        manifest.VERDICT: orjson.dumps(_verdict(run, document), option=_PRETTY),
        "environment.json": orjson.dumps(dict(environment.facts), option=_PRETTY),
        "junit.xml": junit(document),
        "ctrf.json": orjson.dumps(ctrf(document), option=_PRETTY),
        manifest.AUTHORITIES: "".join(environment.trust_anchors).encode(),
        **_message_files(written),
    }
    bases = bases_of(environment.made_by)
    checks = Checks(run.scenario.contracts[0], environment.trust_anchors, environment.contracts, bases)
    show = partial(report, run, events, document, written, checks, environment.facts)
    body = manifest.body(run, document, chained, environment.made_by)
    return _sealed(files, body, chained, _lines(written, events), environment, show)


def _message_files(written: Iterable[Letter]) -> dict[str, bytes]:
    paths = ((f"messages/{one.name}{ending}", one.event) for one in written for ending in (".json", _HEADERS))
    return {path: message_file(path, event) for path, event in paths}


def message_file(path: str, event: JournalEvent) -> bytes:
    """The content of one file of ``messages/``: the raw bytes, or how they travelled."""
    if path.endswith(_HEADERS):
        return orjson.dumps(_headers(event), option=_PRETTY)
    return (event.body or "").encode()


def _lines(written: Iterable[Letter], events: Iterable[JournalEvent]) -> dict[str, int]:
    """The journal line of each message file."""
    line_of = {event.id: number for number, event in enumerate(events, start=1)}
    return {
        f"messages/{one.name}{end}": line_of[one.event.id] for one in written for end in (".json", _HEADERS)
    }


def _sealed(
    files: dict[str, bytes],
    body: dict[str, Any],
    chained: Sequence[bytes],
    lines: Mapping[str, int],
    environment: Environment,
    show: Callable[[Seal], str],
) -> dict[str, bytes]:
    """The files with their report, their manifest and its signature."""
    signer = environment.signer() if environment.signer else None
    known = describe(signer.certificates[0]) if signer else None
    fingerprint = manifest.fingerprint_of(body | {"files": manifest.listed(files, chained, lines)})
    files = files | {manifest.REPORT: show(Seal(fingerprint, known)).encode()}
    whole = body | {
        "files": manifest.listed(files, chained, lines),
        "fingerprint": fingerprint,
        "sealed": {"at": environment.now().isoformat(), "signer": known},
    }
    written = manifest.canonical(whole)
    if signer is None:
        return files | {manifest.MANIFEST: written}
    signed = {manifest.SIGNATURE: signer.sign(written), manifest.CERTIFICATE: signer.pem}
    return files | signed | {manifest.MANIFEST: written}


def _verdict(run: StoredRun, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run": run.id,
        "verdict": document["verdict"],
        "summary": document["summary"],
        "evaluatedAt": document.get("evaluatedAt", document["asOf"]),
        "steps": document["steps"],
        "scenario": manifest.scenario_content(run),
        "binding": run.binding.model_dump(mode="json", by_alias=True),
        "document": {key: value for key, value in document.items() if key != "steps"},
    }


def holds_message(event: JournalEvent) -> bool:
    """Whether an event holds a message that evidence shows and checks."""
    return event.kind in _KINDS and event.body is not None


def letters(events: Iterable[JournalEvent]) -> list[Letter]:
    """The events that hold a message, numbered in the journal's order."""
    found = filter(holds_message, events)
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
