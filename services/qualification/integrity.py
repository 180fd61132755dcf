"""Whether the files of an evidence pack are those of its manifest, and its messages those of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.qualification import manifest as pack
from services.qualification.chain import digest, event_of
from services.qualification.errors import EvidenceInvalid
from services.qualification.evidence import message_file

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_SHOWN = 500


class _Part(BaseModel):
    """A part of the manifest that verification rests on; more may be there."""

    model_config = ConfigDict(strict=True)


class _Origin(_Part):
    line: Annotated[int, Field(ge=1)]
    sha256: Hash


class _File(_Part):
    path: str
    size: Annotated[int, Field(ge=0)]
    sha256: Hash
    journal: _Origin | None = None


class _Journal(_Part):
    lines: Annotated[int, Field(ge=0, le=10_000_000)]
    head: Hash


class _Signer(_Part):
    subject: str
    issuer: str
    fingerprint: Hash


class _Seal(_Part):
    at: str
    signer: _Signer | None


class _Run(_Part):
    id: str
    name: str
    verdict: str | None


class _Scenario(_Part):
    id: str
    revision: int


class _HashedScenario(_Scenario):
    sha256: Hash


class _Times(_Part):
    begun: str
    ended: str | None


class _Party(_Part):
    key: str
    dipId: str  # noqa: N815 - the manifest's own spelling
    organisation: str
    who: str


class _About(_Part):
    run: _Run
    scenario: _Scenario
    times: _Times
    parties: list[_Party]


class _Manifest(_About):
    format: Literal["dip-emulator-evidence/1"]
    fingerprint: Hash
    sealed: _Seal
    files: list[_File]
    journal: _Journal
    scenario: _HashedScenario


def read_manifest(content: bytes) -> dict[str, Any]:
    """The manifest. Raises EvidenceInvalid where it is not one that this version understands."""
    try:
        manifest: dict[str, Any] = orjson.loads(content)
        _Manifest.model_validate(manifest)
    except orjson.JSONDecodeError as fault:
        raise EvidenceInvalid(f"manifest.json is not JSON: {fault}.") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise EvidenceInvalid(f"manifest.json is not a manifest: {place}: {first['msg']}.") from fault
    if pack.canonical(manifest) != content:
        raise EvidenceInvalid("manifest.json is not in its canonical form: it was changed.")
    if pack.fingerprint_of(manifest) != manifest["fingerprint"]:
        raise EvidenceInvalid("manifest.json does not have the fingerprint that it states: it was changed.")
    return manifest


def about(document: Any) -> dict[str, Any]:
    """What a pack without manifest says it is about, in the manifest's words; empty where it does not.

    ``document``: the run's document, as ``verdict.json`` holds it.
    """
    try:
        said = {
            "run": {name: document[name] for name in ("id", "name", "mpan", "phase", "verdict")},
            "scenario": {"id": document["scenario"], "revision": document["revision"]},
            "times": {"begun": document["created"], "ended": document["ended"]},
            "parties": document["parties"],
        }
        _About.model_validate(said)
    except (ValidationError, LookupError, TypeError):
        return {}
    return said


def file_faults(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> list[str]:
    """Every file that is missing, changed or not of the manifest, by name."""
    return list(_file_faults(files, manifest))[:_SHOWN]


def _file_faults(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {entry["path"]: entry for entry in manifest["files"]}
    for path, entry in listed.items():
        if path not in files:
            yield f"{path} is missing."
        elif digest(files[path]) != entry["sha256"]:
            yield _changed(path, files, listed)
    if manifest["sealed"]["signer"] is None:
        expected = {pack.MANIFEST}
    else:
        expected = set(pack.UNLISTED)
        yield from (f"{path} is missing." for path in sorted(expected - files.keys()))
    for path in sorted(files.keys() - listed.keys() - expected):
        yield f"{path} was added: the manifest does not name it."


def _changed(path: str, files: Mapping[str, bytes], listed: Mapping[str, Any]) -> str:
    found = digest(files[path])
    other = next((name for name, entry in listed.items() if entry["sha256"] == found), None)
    if other is not None:
        return f"{path} was exchanged: it holds what belongs in {other}."
    return f"{path} was changed: {len(files[path])} bytes, {listed[path]['size']} when the evidence was made."


def message_faults(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> list[str]:
    """Every message file that is not what its journal line holds."""
    lines = {digest(line): line for line in files.get(pack.JOURNAL, b"").splitlines()}
    tied = [entry for entry in manifest["files"] if "journal" in entry and entry["path"] in files]
    found = (_message_fault(files[entry["path"]], entry, lines) for entry in tied)
    return [fault for fault in found if fault is not None][:_SHOWN]


def _message_fault(content: bytes, entry: Mapping[str, Any], lines: Mapping[str, bytes]) -> str | None:
    path, number = entry["path"], entry["journal"]["line"]
    line = lines.get(entry["journal"]["sha256"])
    if line is None:
        return f"{path}: line {number} of the journal is not the one that it was taken from."
    try:
        same = content == message_file(path, event_of(line))
    except (ValueError, TypeError):
        same = False
    return None if same else f"{path} is not the message of line {number} of the journal."
