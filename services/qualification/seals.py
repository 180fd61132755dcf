"""Who signed an evidence pack, and whether they are trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from participant.certificates import parse_chain
from participant.errors import CertificateUnusable
from services.qualification import manifest as pack
from services.qualification.signer import describe, distrust, pem_of, signature_good


@dataclass(frozen=True)
class Seals:
    """``signature``: a sentence. ``signature_faults``: what is wrong with it. ``certificate``: the signer's,
    None where nothing is signed. ``distrust``: why the signer is not trusted, None where it is.
    """

    signature: str
    signature_faults: tuple[str, ...] = ()
    certificate: x509.Certificate | None = None
    distrust: str | None = None

    @property
    def signer(self) -> Mapping[str, str] | None:
        return describe(self.certificate) if self.certificate else None

    @property
    def signer_text(self) -> str:
        if self.distrust:
            return self.distrust
        issuer = (self.signer or {}).get("issuer", "")
        return f"Trusted: its certificate leads to an authority given, issued by {issuer}."


def check_seal(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], trust: Sequence[x509.Certificate]
) -> Seals:
    """Check signature and signer of a manifest."""
    named = manifest["sealed"]["signer"]
    missing = [path for path in (pack.SIGNATURE, pack.CERTIFICATE) if path not in files]
    if named is None:
        return Seals("There is none: the evidence is not signed.")
    if missing:
        return Seals("", (f"The manifest is signed, but {' and '.join(missing)} is missing.",))
    try:
        chain = parse_chain(files[pack.CERTIFICATE])
        known = describe(chain[0])
        at = _aware(manifest["sealed"]["at"])
    except (CertificateUnusable, ValueError, IndexError) as fault:
        return Seals("", (f"{pack.CERTIFICATE} cannot be used, or the manifest's seal: {fault}.",))
    if files[pack.CERTIFICATE] != pem_of(chain):
        return Seals("", (f"{pack.CERTIFICATE} was changed: it holds more than certificates.",))
    if known != named:
        text = (
            f"The manifest names {named['subject']} as its signer; {pack.CERTIFICATE} is another certificate"
        )
        return Seals("", (f"{text}, of {known['subject']}.",))
    if not signature_good(chain[0], files[pack.SIGNATURE], files[pack.MANIFEST]):
        return Seals("", (f"{pack.SIGNATURE} is not {known['subject']}'s signature of this manifest.json.",))
    text = f"Good, by {known['subject']}, certificate {known['fingerprint']}."
    return Seals(text, (), chain[0], distrust(chain, trust, at))


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("the moment of sealing has no time zone")
    return at
