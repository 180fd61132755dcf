"""Makes the checks of every message once more, and compares the reports of a pack with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from backbone.journal.events import JournalEvent, Kind
from contracts import ContractError, catalogue_digest
from participant.certificates import parse_chain
from participant.errors import CertificateUnusable
from services.qualification import manifest as pack
from services.qualification.chain import digest
from services.qualification.checks import BAD, GOOD, NOT_MADE, Check, Checks
from services.qualification.evidence import bases_of, holds_message, version_of
from services.qualification.junit import ctrf, junit
from services.qualification.recompute import Judged

_ON_ITS_WORD = "on the gateway's word"
_SPOILS_SIGNATURE = frozenset({"bad signature", "expired certificate"})  # of the gateway's fault rules
_TAKEN = (Kind.ACCEPTED, Kind.DELIVERED)


@dataclass(frozen=True)
class MessageCheck:
    """The two checks of one message. ``line``: of the journal."""

    line: int
    event: JournalEvent
    schema: Check
    signature: Check

    @property
    def word(self) -> str:
        """The result of the signature check, told from one that the gateway only wrote down."""
        recorded = self.signature.recorded and self.signature.result == GOOD
        return _ON_ITS_WORD if recorded else self.signature.result


@dataclass(frozen=True)
class Rechecked:
    """``faults``: messages that the journal says were taken as good, and are not."""

    text: str
    faults: tuple[str, ...]
    messages: tuple[MessageCheck, ...]


def recheck(
    judged: Judged, authorities: bytes, manifest: Mapping[str, Any] | None, contracts: Sequence[Path]
) -> Rechecked:
    """Check schema and signature of every message from the journal's bytes.

    A message that the gateway refused may well be bad; one that it took may not. Schema faults count only
    where the message contracts at hand are the very ones of the run.
    """
    version = judged.scenario.contracts[0]
    checks = Checks(version, _anchors(authorities), contracts, bases_of(manifest or {}))
    same = manifest is not None and _same_contracts(version, manifest, contracts)
    numbered = [(n, event) for n, event in enumerate(judged.events, start=1) if holds_message(event)]
    made = tuple(
        MessageCheck(n, event, checks.schema(event), checks.signature(event)) for n, event in numbered
    )
    spoiled = _spoiled(judged.events)
    faults = tuple(fault for one in made for fault in _faults(one, same, spoiled))
    schema, signed = Counter(one.schema.result for one in made), Counter(one.word for one in made)
    text = f"{len(made)} messages. Schema: {_counted(schema)}. Signature: {_counted(signed)}."
    return Rechecked(text if same else f"{text} {_other_contracts(version)}", faults, made)


def _other_contracts(version: str) -> str:
    return f"The run's edition of message contracts {version} is not at hand: schema for information."


def _anchors(authorities: bytes) -> tuple[str, ...]:
    try:
        parse_chain(authorities)
    except CertificateUnusable:
        return ()
    return (authorities.decode("ascii", "replace"),)


def _same_contracts(version: str, manifest: Mapping[str, Any], contracts: Sequence[Path]) -> bool:
    try:
        ours = {"version": version, "sha256": catalogue_digest(version, contracts)}
    except ContractError:
        return False
    return ours in manifest.get("contracts", ())


def _spoiled(events: Sequence[JournalEvent]) -> set[tuple[str | None, str | None]]:
    """The deliveries whose signature the harness was told to spoil; the journal says so itself."""
    told = (
        e for e in events if e.kind is Kind.FAULT_INJECTED and e.details.get("fault") in _SPOILS_SIGNATURE
    )
    return {(event.transaction_id, event.recipient) for event in told}


def _faults(
    made: MessageCheck, same: bool, spoiled: Collection[tuple[str | None, str | None]]
) -> Iterator[str]:
    event = made.event
    if event.kind not in _TAKEN:
        return
    what = f"Line {made.line}, {event.interface} {event.kind.value}"
    meant = event.kind is Kind.DELIVERED and (event.transaction_id, event.recipient) in spoiled
    if made.signature.result == BAD and not meant:
        yield f"{what}: {made.signature.text}"
    if same and event.kind is Kind.ACCEPTED and made.schema.result == BAD:
        yield f"{what}: {made.schema.text}"


def _counted(results: Counter[str]) -> str:
    order = (GOOD, BAD, _ON_ITS_WORD, NOT_MADE)
    names = [*order, *(name for name in results if name not in order)]
    return ", ".join(f"{results[name]} {name}" for name in names if results[name]) or "none"


def report_faults(files: Mapping[str, bytes], manifest: Mapping[str, Any], judged: Judged) -> list[str]:
    """Every way in which manifest, JUnit and CTRF say something else than the verdict.

    JUnit and CTRF are compared where this version of the product made them; another may write them otherwise.
    """
    faults = list(_manifest_faults(manifest, judged.written))
    made_by = manifest.get("product")
    if isinstance(made_by, Mapping) and made_by.get("version") == version_of("dip-emulator"):
        faults += _report_faults(files, judged.written)
    return faults


def _manifest_faults(manifest: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[str]:
    if digest(pack.canonical(written["scenario"])) != manifest["scenario"]["sha256"]:
        yield "The scenario in verdict.json is not the one that the manifest names by its hash."
    for name, value in (("id", written.get("run")), ("verdict", written.get("verdict"))):
        if manifest["run"][name] != value:
            yield f"The manifest says {name} {manifest['run'][name]}; verdict.json says {value}."


def _report_faults(files: Mapping[str, bytes], written: Mapping[str, Any]) -> Iterator[str]:
    document = {**written.get("document", {}), "steps": written.get("steps", [])}
    try:
        expected = {"junit.xml": junit(document), "ctrf.json": ctrf(document)}
    except (KeyError, TypeError, ValueError) as fault:
        yield f"verdict.json does not hold what the reports are made of: {fault!r}."
        return
    if files.get("junit.xml") != expected["junit.xml"]:
        yield "junit.xml is not the report of this verdict."
    if not _same_json(files.get("ctrf.json", b""), expected["ctrf.json"]):
        yield "ctrf.json is not the report of this verdict."


def _same_json(content: bytes, expected: Any) -> bool:
    try:
        return bool(orjson.loads(content) == orjson.loads(orjson.dumps(expected)))
    except orjson.JSONDecodeError:
        return False
