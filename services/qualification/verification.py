"""Verifies an evidence pack, offline: whole, unchanged, signed by whom, and is its verdict the right one?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509

from services.qualification import manifest as pack
from services.qualification.chain import breaks
from services.qualification.errors import EvidenceInvalid, EvidenceRefused
from services.qualification.integrity import about, file_faults, message_faults, read_manifest
from services.qualification.packs import read_pack
from services.qualification.rechecks import MessageCheck, recheck, report_faults
from services.qualification.recompute import Judged, again, given_up, read_judged
from services.qualification.seals import Seals, check_seal


class Result(StrEnum):
    """What one check found."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "not known"


class Outcome(StrEnum):
    """What a pack is worth. The values are for programs and never change meaning."""

    SOUND = "sound"  # whole, signed by somebody trusted, its verdict the right one
    UNTRUSTED = "untrusted"  # all of that, but signed by somebody who is not trusted
    UNSIGNED = "unsigned"  # whole as far as that can be told without a signature
    BROKEN = "broken"  # changed, incomplete, or its verdict is not the right one
    OLD = "old"  # made before evidence had a manifest


SENTENCES = {
    Outcome.SOUND: "Complete, unchanged, signed by a trusted signer; the verdict follows from the journal.",
    Outcome.UNTRUSTED: "Complete and unchanged since it was signed, but the signer is not trusted.",
    Outcome.UNSIGNED: "Consistent in itself, but nobody signed it: anybody could have made it.",
    Outcome.BROKEN: "This is not the evidence that was made, or its verdict is not the right one.",
    Outcome.OLD: "Made before evidence had a manifest: whether it was changed since cannot be told.",
}


@dataclass(frozen=True)
class Line:
    """One check. ``findings``: everything that is wrong, each a sentence that names file or line."""

    name: str
    result: Result
    text: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """All checks of a pack and what they come to. ``about``: what the pack says it is about."""

    outcome: Outcome
    lines: tuple[Line, ...]
    about: Mapping[str, Any]
    signer: Mapping[str, str] | None = None
    messages: tuple[MessageCheck, ...] = ()

    @property
    def sentence(self) -> str:
        return SENTENCES[self.outcome]


def verify_path(
    path: Path, trust: Sequence[x509.Certificate] = (), contracts: Sequence[Path] = ()
) -> Verification:
    """Verify a pack on disk, as ``verify`` does. One that is not safe to open is broken."""
    try:
        return verify(read_pack(path), trust, contracts)
    except EvidenceRefused as fault:
        line = Line("Pack", Result.BAD, "It was not opened.", (str(fault),))
        return Verification(Outcome.BROKEN, (line,), {})


def verify(
    files: Mapping[str, bytes], trust: Sequence[x509.Certificate] = (), contracts: Sequence[Path] = ()
) -> Verification:
    """Verify the files of a pack. ``trust``: authorities whose signers count. ``contracts``: directories of
    imported message contracts. Raises EvidenceInvalid for what is no evidence at all.
    """
    if pack.MANIFEST not in files:
        return _old(files, contracts)
    try:
        manifest = read_manifest(files[pack.MANIFEST])
    except EvidenceInvalid as fault:
        line = Line("Manifest", Result.BAD, "It cannot be relied on.", (str(fault),))
        return Verification(Outcome.BROKEN, (line,), {})
    seals = check_seal(files, manifest, trust)
    contents = _contents(files, manifest, contracts)
    lines = [*_integrity(files, manifest), _signature(seals), *contents.lines]
    outcome = _outcome(lines, seals)
    if seals.certificate is not None:
        trusted = Result.UNKNOWN if seals.distrust else Result.GOOD
        lines.insert(4, Line("Signer", trusted, seals.signer_text))
    return Verification(outcome, tuple(lines), manifest, seals.signer, contents.messages)


def _outcome(lines: Sequence[Line], seals: Seals) -> Outcome:
    if any(line.result is Result.BAD for line in lines):
        return Outcome.BROKEN
    if seals.certificate is None:
        return Outcome.UNSIGNED
    return Outcome.UNTRUSTED if seals.distrust else Outcome.SOUND


def _signature(seals: Seals) -> Line:
    if seals.certificate is None and not seals.signature_faults:
        return Line("Signature", Result.UNKNOWN, seals.signature)
    return _line("Signature", seals.signature, seals.signature_faults)


def _line(name: str, good: str, faults: Sequence[str]) -> Line:
    if not faults:
        return Line(name, Result.GOOD, good)
    many = f"{len(faults)} faults found." if len(faults) > 1 else "A fault was found."
    return Line(name, Result.BAD, many, tuple(faults))


def _integrity(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[Line]:
    listed, journal = manifest["files"], manifest["journal"]
    yield _line("Files", f"{len(listed)} files, all there and unchanged.", file_faults(files, manifest))
    content = files.get(pack.JOURNAL, b"")
    chained = f"{journal['lines']} lines, the chain is whole."
    yield _line("Journal", chained, breaks(content, journal["lines"], journal["head"]))
    messages = sum("journal" in entry for entry in listed)
    yield _line("Message files", f"{messages} files, each that of its line.", message_faults(files, manifest))


@dataclass(frozen=True)
class _Contents:
    """What can be said of a pack's meaning."""

    lines: tuple[Line, ...]
    messages: tuple[MessageCheck, ...] = ()


def _contents(
    files: Mapping[str, bytes], manifest: Mapping[str, Any] | None, contracts: Sequence[Path]
) -> _Contents:
    try:
        judged = read_judged(files)
        made = recheck(judged, files.get(pack.AUTHORITIES, b""), manifest, contracts)
        lines = [_line("Message checks", made.text, made.faults), _verdict(judged)]
        if manifest is not None:
            text = "Manifest, JUnit and CTRF say what the verdict says."
            lines.append(_line("Reports", text, report_faults(files, manifest, judged)))
    except EvidenceInvalid as fault:
        return _Contents((_not_judged(str(fault)),))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as fault:
        text = f"What the evidence holds cannot be judged: {type(fault).__name__}: {fault}"
        return _Contents((_not_judged(text),))
    return _Contents(tuple(lines), made.messages)


def _not_judged(why: str) -> Line:
    return Line("Verdict", Result.BAD, "It cannot be computed again.", (why,))


def _verdict(judged: Judged) -> Line:
    if given_up(judged):
        text = "error, as the harness could not judge this run by its own fault; nothing to compute again."
        return Line("Verdict", Result.UNKNOWN, text)
    found = again(judged)
    verdict = found.state.verdict.value if found.state.verdict else "none yet"
    return _line("Verdict", f"Computed again from the journal: {verdict}, as written.", found.differences)


def _old(files: Mapping[str, bytes], contracts: Sequence[Path]) -> Verification:
    """A pack without manifest: from before there were any, or robbed of it."""
    if not {pack.VERDICT, pack.JOURNAL} <= files.keys():
        raise EvidenceInvalid("This is no evidence: it holds no manifest.json, verdict.json, journal.ndjson.")
    if {pack.SIGNATURE, pack.CERTIFICATE} & files.keys() or files[pack.JOURNAL].startswith(b'{"line":1,'):
        line = Line(
            "Manifest", Result.BAD, "A fault was found.", ("manifest.json is missing: it was removed.",)
        )
        return Verification(Outcome.BROKEN, (line,), {})
    missing = Line("Manifest", Result.UNKNOWN, "There is none: changes cannot be told.")
    contents = _contents(files, None, contracts)
    lines = (missing, *contents.lines)
    if any(line.result is Result.BAD for line in lines):
        return Verification(Outcome.BROKEN, lines, {})
    told = about(orjson.loads(files[pack.VERDICT]).get("document"))
    return Verification(Outcome.OLD, lines, told, messages=contents.messages)
