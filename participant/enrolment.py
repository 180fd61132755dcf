"""Registers a participant as the DIP's portal does: a DIP ID, an API key and a signing certificate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from secrets import randbelow, token_urlsafe

from contracts import identifiers
from participant.authority import CertificateAuthority
from participant.directory import Directory
from participant.errors import DirectoryConflict, EnrolmentInvalid
from participant.identity import Identity
from participant.parties import CertificateRecord, Party, api_key_hash

# The first two digits by role, as public samples show them: a convention, never a validation.
DIP_ID_PREFIXES = {"SUP": 23, "REGS": 22, "LDSO": 25, "SDS": 14, "MSS": 12}
OTHER_PREFIX = 30
LONGEST_ORGANISATION = 200  # characters


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is to be registered. ``dip_id``: None for a free one of the role.

    ``certificate_pem``: the participant's own signing certificate; None: one is minted, with its key.
    """

    role: str
    mpid: str
    dip_id: str | None = None
    organisation: str = ""
    certificate_pem: str | None = None

    def check(self) -> None:
        """Raises EnrolmentInvalid with what is wrong."""
        if self.role not in identifiers.ROLES:
            known = ", ".join(sorted(identifiers.ROLES))
            raise EnrolmentInvalid(f"no such role: {self.role}. One of {known}")
        if not identifiers.is_mpid(self.mpid):
            raise EnrolmentInvalid(f"an MPID is four capital letters, this is {self.mpid!r}")
        if self.dip_id is not None and not identifiers.is_dip_id(self.dip_id):
            text = f"a DIP ID has exactly ten characters, {self.dip_id!r} has {len(self.dip_id)}"
            raise EnrolmentInvalid(text)
        if len(self.organisation) > LONGEST_ORGANISATION:
            raise EnrolmentInvalid(f"the organisation's name has more than {LONGEST_ORGANISATION} characters")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was registered. ``identity``: with its private key, where that was minted here."""

    party: Party
    api_key: str = field(repr=False)
    certificate_pem: str
    identity: Identity | None

    def facts(self, gateway_url: str) -> dict[str, str]:
        """What ``identity.json`` says; holds the API key."""
        party = self.party
        return {
            "dipId": party.dip_id,
            "role": party.role,
            "mpid": party.mpid,
            "apiKey": self.api_key,
            "gatewayUrl": gateway_url,
        }


async def enrol(
    directory: Directory, authority: CertificateAuthority, wish: Enrolment, gateway_url: str
) -> Enrolled:
    """Register a participant; ``gateway_url`` is where it will reach the DIP.

    Raises EnrolmentInvalid, DirectoryConflict (its DIP ID, or certificate, is registered already),
    CertificateUnusable.
    """
    wish.check()
    if wish.dip_id is not None and await directory.party(wish.dip_id) is not None:
        raise DirectoryConflict(f"DIP ID {wish.dip_id} is registered already; choose another, or none")
    dip_id = wish.dip_id or await _free_dip_id(directory, wish.role)
    key, organisation = token_urlsafe(32), wish.organisation or wish.mpid
    if wish.certificate_pem is not None:
        party = replace(
            Party(dip_id, wish.role, wish.mpid, organisation),
            api_key_hash=api_key_hash(key),
            certificates=(CertificateRecord.of(wish.certificate_pem),),
        )
        await directory.add(party)
        return Enrolled(party, key, wish.certificate_pem, None)
    pem, private_key = authority.issue(dip_id, organisation=organisation)
    identity = Identity(dip_id, wish.role, wish.mpid, key, gateway_url, pem, private_key)
    party = await directory.register(identity, organisation=organisation, harness=False)
    return Enrolled(party, key, pem, identity)


async def _free_dip_id(directory: Directory, role: str) -> str:
    prefix = DIP_ID_PREFIXES.get(role, OTHER_PREFIX)
    while True:
        candidate = f"{prefix}{randbelow(10**7) + 10**7:08d}"
        if await directory.party(candidate) is None:
            return candidate
