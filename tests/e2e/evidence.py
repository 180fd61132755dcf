"""The evidence of a real run with a participant of its own, and what may be done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography import x509

from participant.authority import CertificateAuthority
from participant.certificates import parse_chain
from services.qualification import manifest
from services.qualification.chain import digest, head, linked
from services.qualification.packs import read_pack
from services.qualification.signer import DOCUMENT_SIGNING, Signer, describe
from services.qualification.verification import Verification, verify

Files = dict[str, bytes]
Change = Callable[[Files], object]


@dataclass(frozen=True)
class Made:
    """Evidence as it was made. ``data``: the emulator's directory; ``supplier``: the participant's."""

    folder: Path
    data: Path
    supplier: Path

    @property
    def authority_file(self) -> Path:
        return self.data / "authority" / "ca.crt"

    @property
    def trust(self) -> list[x509.Certificate]:
        return parse_chain(self.authority_file.read_bytes())

    def after(self, change: Change) -> Verification:
        """What verification says when this was done to the files."""
        files = read_pack(self.folder)
        change(files)
        return verify(files, self.trust)


def findings(verification: Verification, check: str) -> list[str]:
    return [text for line in verification.lines if line.name == check for text in line.findings]


def all_findings(verification: Verification) -> list[str]:
    return [text for line in verification.lines for text in line.findings]


def signer_of(authority: CertificateAuthority) -> Signer:
    """A signer whom this authority allows to sign evidence."""
    certificate, key = authority.issue("Evidence of UIT", purposes=[DOCUMENT_SIGNING])
    return Signer(tuple(parse_chain(certificate)), key)


def stem(path: str) -> str:
    """What the two files of a message have in common."""
    return path.removesuffix(".json").removesuffix(".headers")


def reseal(files: Files, signer: Signer | None) -> None:
    """Write a manifest anew that fits the files as they are now, as a forger with every skill would."""
    old = orjson.loads(files[manifest.MANIFEST])
    lines = files[manifest.JOURNAL].splitlines()
    by_id = {orjson.loads(line)["id"]: number for number, line in enumerate(lines, start=1)}
    content = {path: text for path, text in files.items() if path not in manifest.UNLISTED}
    tied = {
        path: by_id[orjson.loads(content[stem(path) + ".headers.json"])["event"]["id"]]
        for path in content
        if path.startswith("messages/")
    }
    listed = manifest.listed(content, lines, tied)
    verdict = orjson.loads(files["verdict.json"])
    new = old | {
        "files": listed,
        "journal": {"path": manifest.JOURNAL, "lines": len(lines), "head": head(lines)},
        "run": old["run"] | {"verdict": verdict["verdict"]},
        "scenario": old["scenario"] | {"sha256": digest(manifest.canonical(verdict["scenario"]))},
        "sealed": old["sealed"] | {"signer": describe(signer.certificates[0]) if signer else None},
    }
    new["fingerprint"] = manifest.fingerprint_of(new)
    files[manifest.MANIFEST] = manifest.canonical(new)
    for path in (manifest.SIGNATURE, manifest.CERTIFICATE):
        files.pop(path, None)
    if signer:
        files[manifest.SIGNATURE] = signer.sign(files[manifest.MANIFEST])
        files[manifest.CERTIFICATE] = signer.pem


def journal_changed(files: Files, change: Callable[[list[bytes]], object]) -> None:
    """Do something to the lines of the journal."""
    lines = files[manifest.JOURNAL].splitlines()
    change(lines)
    files[manifest.JOURNAL] = b"".join(line + b"\n" for line in lines)


def rechained(lines: Sequence[bytes]) -> list[bytes]:
    """The lines with links that fit."""
    bare = [{k: v for k, v in orjson.loads(line).items() if k not in ("line", "previous")} for line in lines]
    return list(linked(orjson.dumps(line) for line in bare))


def forged(line: bytes) -> bytes:
    """A journal line that says it happened elsewhere."""
    return orjson.dumps(orjson.loads(line) | {"service": "nobody"})
