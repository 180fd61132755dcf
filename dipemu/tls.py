"""Mutual TLS: what the server needs, and the caller's certificate where the application can see it.

uvicorn hands the application no peer certificate. Its protocol class has the transport, so a small subclass
puts the certificate into the scope as the ASGI TLS extension has it:
``scope["extensions"]["tls"]["client_cert_chain"] == (PEM text,)``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from participant.authority import CertificateAuthority
from participant.files import write_private, write_public


class CertificateProtocol(HttpToolsProtocol):
    """HTTP over TLS whose requests carry the certificate that the caller proved to hold."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is done when this is called: the certificate is known, once per connection."""
        super().connection_made(transport)
        session = transport.get_extra_info("ssl_object")
        certificate = session.getpeercert(binary_form=True) if session else None
        if certificate:
            self.app = _with_certificate(self.app, ssl.DER_cert_to_PEM_cert(certificate))


def _with_certificate(app: Callable[..., Any], pem: str) -> Callable[..., Any]:
    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": (pem,)}}
        await app({**scope, "extensions": extensions}, receive, send)

    return wrapped


def server_context(
    folder: Path, authority: CertificateAuthority, hosts: Sequence[str], trust_anchors: Sequence[str] = ()
) -> ssl.SSLContext:
    """TLS as the DIP asks for it: our certificate for ``hosts``, and a certificate of every caller.

    The server's key and certificate are kept in ``folder``. Callers must show a certificate of our authority
    or of one of ``trust_anchors`` (PEM texts). TLS 1.2 or later.
    """
    certificate, key = folder / "server.crt", folder / "server.key"
    if not certificate.exists():
        pem, private_key = authority.issue(hosts[0], organisation="DIP Emulator", hosts=hosts)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(key, private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        write_public(certificate, pem.encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(cadata="\n".join((authority.certificate_pem, *trust_anchors)))
    context.verify_mode = ssl.CERT_REQUIRED
    return context
