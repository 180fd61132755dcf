"""The parties that the harness itself plays: one per market role, more where a process needs more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from participant.authority import CertificateAuthority
from participant.identity import Identity

KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class HarnessParty:
    """A party of the harness and the service that plays it. DIP IDs follow the public samples' prefixes."""

    dip_id: str
    role: str
    mpid: str
    service: str
    name: str


HARNESS_PARTIES: tuple[HarnessParty, ...] = (
    HarnessParty("2200000001", "REGS", "RGSA", "registration", "Registration Service"),
    HarnessParty("2300000001", "SUP", "SUPA", "supplier_stub", "Supplier A"),
    HarnessParty("2300000002", "SUP", "SUPB", "supplier_stub", "Supplier B"),
    HarnessParty("1200000001", "MSS", "MSSA", "metering_service_stub", "Smart Metering Service A"),
    HarnessParty("1200000002", "MSS", "MSSB", "metering_service_stub", "Smart Metering Service B"),
    HarnessParty("1200000003", "MSS", "MSSC", "metering_service_stub", "Smart Metering Service C"),
    HarnessParty("1300000001", "MSA", "MSAA", "metering_service_stub", "Advanced Metering Service A"),
    HarnessParty("1300000002", "MSA", "MSAB", "metering_service_stub", "Advanced Metering Service B"),
    HarnessParty("1100000001", "UMSO", "UMSA", "metering_service_stub", "Unmetered Supplies Operator A"),
    HarnessParty("1100000002", "UMSO", "UMSB", "metering_service_stub", "Unmetered Supplies Operator B"),
    HarnessParty("1400000001", "SDS", "SDSA", "data_service_stub", "Smart Data Service A"),
    HarnessParty("1400000002", "SDS", "SDSB", "data_service_stub", "Smart Data Service B"),
    HarnessParty("1500000001", "ADS", "ADSA", "data_service_stub", "Advanced Data Service A"),
    HarnessParty("1500000002", "ADS", "ADSB", "data_service_stub", "Advanced Data Service B"),
    HarnessParty("1600000001", "UMSDS", "UDSA", "data_service_stub", "Unmetered Supplies Data Service A"),
    HarnessParty("1600000002", "UMSDS", "UDSB", "data_service_stub", "Unmetered Supplies Data Service B"),
    HarnessParty("2500000001", "LDSO", "LDSA", "central_services_stub", "Distributor"),
    HarnessParty("1700000001", "MDS", "MDSA", "central_services_stub", "Market-wide Data Service"),
    HarnessParty("1800000001", "LSS", "LSSA", "central_services_stub", "Load Shaping Service"),
    HarnessParty("1900000001", "EES", "EESA", "central_services_stub", "Electricity Enquiry Service"),
    HarnessParty("2000000001", "MDR", "MDRA", "central_services_stub", "Meter Data Retriever"),
    HarnessParty("2100000001", "DCC", "DCCA", "central_services_stub", "Data Communications Company"),
    HarnessParty("2600000001", "ISD", "ISDA", "central_services_stub", "Industry Standing Data publisher"),
)
DIP = HarnessParty("1000000000", "DIP", "DIPX", "dip_gateway", "Data Integration Platform")


def open_identities(
    directory: Path, authority: CertificateAuthority, gateway_url: str
) -> Mapping[str, Identity]:
    """Load the harness's identities from ``directory``, minting those that are not there yet.

    The result is by DIP ID and includes the DIP's own. Keys are RSA 2048 and stay in ``directory``. The
    parties minted together share a key, each with a certificate of its own: making a key takes longer than
    everything else at a first start, and all of them are this one harness. The DIP's key is its own.
    """
    missing = [
        party for party in HARNESS_PARTIES if not (directory / party.dip_id / "identity.json").exists()
    ]
    shared = generate_private_key(public_exponent=65537, key_size=KEY_BITS) if missing else None
    for party in missing:
        _mint(directory, authority, gateway_url, party, shared)
    if not (directory / DIP.dip_id / "identity.json").exists():
        _mint(directory, authority, gateway_url, DIP, None)
    return {party.dip_id: Identity.load(directory / party.dip_id) for party in (*HARNESS_PARTIES, DIP)}


def _mint(
    directory: Path,
    authority: CertificateAuthority,
    gateway_url: str,
    party: HarnessParty,
    key: RSAPrivateKey | None,
) -> None:
    certificate, private_key = authority.issue(party.dip_id, organisation=party.name, key=key)
    Identity(
        dip_id=party.dip_id,
        role=party.role,
        mpid=party.mpid,
        api_key=token_urlsafe(32),
        gateway_url=gateway_url,
        certificate_pem=certificate,
        private_key=private_key,
    ).save(directory / party.dip_id)


def identities_of(service: str, identities: Mapping[str, Identity]) -> Sequence[Identity]:
    """The identities that one service plays, in the order of the list above."""
    return [identities[party.dip_id] for party in HARNESS_PARTIES if party.service == service]
