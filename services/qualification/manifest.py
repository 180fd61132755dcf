"""The manifest of an evidence pack: what it is about, and every file with size and SHA-256.

Canonical JSON (keys sorted, no white space, UTF-8), so that one manifest has one form. Its ``fingerprint``
is the SHA-256 of itself without ``fingerprint``, ``sealed`` and the entry of ``report.html``: the report
shows the fingerprint, so it cannot be a part of it. Two packs of one ended run have the same fingerprint
whenever they were sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.qualification.chain import digest, head
from services.qualification.store import StoredRun

FORMAT = "dip-emulator-evidence/1"
MANIFEST, SIGNATURE, CERTIFICATE = "manifest.json", "manifest.json.sig", "signer.pem"
UNLISTED = frozenset({MANIFEST, SIGNATURE, CERTIFICATE})
JOURNAL, VERDICT = "journal.ndjson", "verdict.json"
REPORT, AUTHORITIES = "report.html", "authorities.pem"


def canonical(value: Any) -> bytes:
    """The one form of a JSON value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def scenario_content(run: StoredRun) -> dict[str, Any]:
    """The scenario as it was judged, as ``verdict.json`` holds it."""
    return run.scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)


def body(
    run: StoredRun,
    document: Mapping[str, Any],
    chained: Sequence[bytes],
    made_by: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest without files and seal. ``made_by``: product, contracts, system, composition."""
    scenario = run.scenario
    return {
        "format": FORMAT,
        "run": {name: document[name] for name in ("id", "name", "mpan", "phase", "verdict")},
        "scenario": {
            "id": scenario.id,
            "revision": scenario.revision,
            "title": scenario.title,
            "testCase": scenario.test_case,
            "sha256": digest(canonical(scenario_content(run))),
        },
        "times": {"begun": document["created"], "ended": document["ended"], "evaluated": document["asOf"]},
        "parties": list(document["parties"]),
        "journal": {"path": JOURNAL, "lines": len(chained), "head": head(chained)},
        **made_by,
    }


def listed(files: Mapping[str, bytes], chained: Sequence[bytes], lines: Mapping[str, int]) -> list[Any]:
    """The entries of files, sorted by path. ``lines``: the journal line that a message file comes from."""
    return [_entry(path, content, chained, lines.get(path)) for path, content in sorted(files.items())]


def _entry(path: str, content: bytes, chained: Sequence[bytes], line: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": path, "size": len(content), "sha256": digest(content)}
    if line is not None:
        entry["journal"] = {"line": line, "sha256": digest(chained[line - 1])}
    return entry


def fingerprint_of(manifest: Mapping[str, Any]) -> str:
    """The fingerprint that follows from a manifest."""
    rest = {name: value for name, value in manifest.items() if name not in ("fingerprint", "sealed")}
    return digest(canonical(rest | {"files": [f for f in manifest["files"] if f["path"] != REPORT]}))
