"""Mutual TLS: the certificate of the connection must belong to the party that the request comes from."""

from __future__ import annotations

import base64
import binascii
import ssl
from functools import lru_cache
from urllib.parse import unquote

from participant.certificates import fingerprint, parse_chain
from participant.directory import Directory
from participant.errors import CertificateUnusable, Reason, SignatureRefused
from participant.parties import Party
from services.dip_gateway.asgi import Request
from services.dip_gateway.settings import GatewaySettings


class TlsBinding:
    """Checks it, where there is a certificate: of the session, or as a trusted proxy passes it on.

    A request of the harness itself never leaves the process and has none.
    """

    def __init__(self, directory: Directory, settings: GatewaySettings) -> None:
        self._directory = directory
        self._header = settings.proxy_certificate_header.lower()
        self._proxies = frozenset(settings.proxy_addresses)

    async def check(self, request: Request, party: Party) -> None:
        """Raises SignatureRefused when the certificate is missing at the proxy or belongs to another."""
        if request.certificate is not None:
            await self._belongs(request.certificate, party)
        elif self._header and request.client in self._proxies:
            await self._belongs(self._passed_on(request), party)

    def _passed_on(self, request: Request) -> str:
        value = request.headers.get(self._header, "")
        if not value:
            raise SignatureRefused(
                Reason.CERTIFICATE_UNKNOWN,
                f"The proxy passed on no client certificate in {self._header}.",
                "Connect with mutual TLS, with a certificate registered for your DIP ID.",
            )
        return _pem(value)

    async def _belongs(self, pem: str, party: Party) -> None:
        try:
            shown = _fingerprint(pem)
        except CertificateUnusable as fault:
            raise SignatureRefused(
                Reason.CERTIFICATE_UNKNOWN,
                f"The TLS client certificate cannot be read: {fault}.",
                "Connect with a certificate registered for your DIP ID.",
            ) from fault
        owner = await self._directory.by_fingerprint(shown)
        allowed = (party.dip_id, party.connection_provider)
        if owner is None or owner.dip_id not in allowed:
            whose = owner.dip_id if owner else "nobody here"
            raise SignatureRefused(
                Reason.CERTIFICATE_OF_OTHER_PARTY,
                f"The TLS client certificate belongs to {whose}, the request comes from {party.dip_id}.",
                "Use one of your own certificates for TLS, or nominate its owner as connection provider.",
            )


@lru_cache(maxsize=1024)
def _fingerprint(pem: str) -> str:
    return fingerprint(parse_chain(pem)[0])


def _pem(value: str) -> str:
    """A certificate as proxies write it into a header: URL-encoded PEM, or base64 of DER."""
    text = unquote(value)
    if "-----BEGIN" in text:
        return text.replace("\t", "\n")
    try:
        return ssl.DER_cert_to_PEM_cert(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return text
