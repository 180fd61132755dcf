"""The TLS certificate of a connection must belong to the party that the request comes from."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from backbone.database import Database
from participant.authority import CertificateAuthority
from participant.directory import Directory
from participant.errors import Reason, SignatureRefused
from participant.identity import Identity
from participant.parties import Party
from services.dip_gateway.asgi import Request, request_of
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.tls_binding import TlsBinding

HEADER = "x-client-certificate"
PROXY = "10.0.0.1"
BEHIND_PROXY = GatewaySettings(proxy_addresses=[PROXY], proxy_certificate_header="X-Client-Certificate")


class Market:
    """A directory with a supplier, another supplier and a connection provider."""

    def __init__(self, directory: Directory, authority: CertificateAuthority) -> None:
        self.directory = directory
        self._authority = authority

    async def party(self, dip_id: str) -> tuple[Party, str]:
        """Register a supplier; its party and its certificate."""
        pem, key = self._authority.issue(dip_id)
        identity = Identity(dip_id, "SUP", "ABCD", f"key of {dip_id}", "http://dip", pem, key)
        return await self.directory.register(identity), pem


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'directory.sqlite3'}")
    await database.create_tables()
    yield Market(await Directory.open(database), CertificateAuthority.open(tmp_path / "authority"))
    await database.close()


def request(certificate: str | None = None, client: str = "127.0.0.1", **headers: str) -> Request:
    return Request("POST", "/dip-channel/IF-031", b"", headers, "https", b"[]", client, certificate)


def der(pem: str) -> str:
    return base64.b64encode(load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)).decode()


async def test_its_own_certificate_lets_a_party_in(market: Market) -> None:
    party, pem = await market.party("2300000011")
    await TlsBinding(market.directory, GatewaySettings()).check(request(pem), party)


async def test_anothers_certificate_does_not(market: Market) -> None:
    party, _ = await market.party("2300000011")
    _, stolen = await market.party("2300000012")
    with pytest.raises(SignatureRefused) as refused:
        await TlsBinding(market.directory, GatewaySettings()).check(request(stolen), party)
    assert refused.value.reason is Reason.CERTIFICATE_OF_OTHER_PARTY
    assert "2300000012" in refused.value.message


async def test_a_nominated_connection_provider_connects_for_it(market: Market) -> None:
    party, _ = await market.party("2300000011")
    _, provider = await market.party("1000000011")
    nominated = replace(party, connection_provider="1000000011")
    await TlsBinding(market.directory, GatewaySettings()).check(request(provider), nominated)


async def test_without_tls_there_is_nothing_to_bind(market: Market) -> None:
    party, _ = await market.party("2300000011")
    await TlsBinding(market.directory, GatewaySettings()).check(request(), party)


@pytest.mark.parametrize("written", [quote, der], ids=["escaped PEM", "base64 of DER"])
async def test_a_proxy_passes_the_certificate_on(market: Market, written: object) -> None:
    party, pem = await market.party("2300000011")
    _, stolen = await market.party("2300000012")
    assert callable(written)
    binding = TlsBinding(market.directory, BEHIND_PROXY)
    await binding.check(request(None, PROXY, **{HEADER: written(pem)}), party)
    with pytest.raises(SignatureRefused):
        await binding.check(request(None, PROXY, **{HEADER: written(stolen)}), party)


@pytest.mark.parametrize("value", ["", "not a certificate", "%%%"])
async def test_a_proxy_that_passes_on_none_is_refused(market: Market, value: str) -> None:
    party, _ = await market.party("2300000011")
    with pytest.raises(SignatureRefused) as refused:
        await TlsBinding(market.directory, BEHIND_PROXY).check(request(None, PROXY, **{HEADER: value}), party)
    assert refused.value.help


async def test_the_header_of_a_stranger_is_not_believed(market: Market) -> None:
    party, _ = await market.party("2300000011")
    _, other = await market.party("2300000012")
    forged = request(None, "10.9.9.9", **{HEADER: quote(other)})
    await TlsBinding(market.directory, BEHIND_PROXY).check(forged, party)  # not looked at, so not used either


def test_the_certificate_comes_from_the_session() -> None:
    scope = {
        "method": "POST",
        "path": "/",
        "headers": [],
        "extensions": {"tls": {"client_cert_chain": ("PEM",)}},
    }
    assert request_of(scope, {}, b"").certificate == "PEM"
    assert request_of(scope | {"extensions": {}}, {}, b"").certificate is None
