"""The parties that the harness itself plays: one identity per market role, two where a process needs two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from participant.authority import CertificateAuthority
from participant.identity import Identity


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
    HarnessParty("1300000001", "MSA", "MSAA", "metering_service_stub", "Advanced Metering Service"),
    HarnessParty("1100000001", "UMSO", "UMSA", "metering_service_stub", "Unmetered Supplies Operator"),
    HarnessParty("1400000001", "SDS", "SDSA", "data_service_stub", "Smart Data Service A"),
    HarnessParty("1400000002", "SDS", "SDSB", "data_service_stub", "Smart Data Service B"),
    HarnessParty("1500000001", "ADS", "ADSA", "data_service_stub", "Advanced Data Service"),
    HarnessParty("1600000001", "UMSDS", "UDSA", "data_service_stub", "Unmetered Supplies Data Service"),
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

    The result is by DIP ID and includes the DIP's own. Keys are RSA 2048 and stay in ``directory``.
    """

    def one(party: HarnessParty) -> Identity:
        folder = directory / party.dip_id
        if (folder / "identity.json").exists():
            return Identity.load(folder)
        certificate, key = authority.issue(party.dip_id, organisation=party.name)
        identity = Identity(
            dip_id=party.dip_id,
            role=party.role,
            mpid=party.mpid,
            api_key=token_urlsafe(32),
            gateway_url=gateway_url,
            certificate_pem=certificate,
            private_key=key,
        )
        identity.save(folder)
        return identity

    parties = (*HARNESS_PARTIES, DIP)
    with ThreadPoolExecutor() as pool:  # key generation releases the interpreter lock
        return {identity.dip_id: identity for identity in pool.map(one, parties)}


def identities_of(service: str, identities: Mapping[str, Identity]) -> Sequence[Identity]:
    """The identities that one service plays, in the order of the list above."""
    return [identities[party.dip_id] for party in HARNESS_PARTIES if party.service == service]
