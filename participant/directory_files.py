"""The directory as a YAML file: to review, to keep in version control, to carry to another installation.

    version: 1
    organisations:
      - {name: Example Energy Ltd, companyNumber: "01234567"}
    parties:
      - dipId: "2300000012"
        role: SUP
        mpid: ABCD
        organisation: Example Energy Ltd
        apiKeyHash: 9f86…            # SHA-256, hexadecimal; or apiKey with the key itself, on import only
        certificates:
          - pem: |
              -----BEGIN CERTIFICATE-----
        webhooks:
          - {channel: IF-002, url: "https://example.org/dip"}

Parties of the harness are left out: each installation has its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts import identifiers
from participant.directory import Directory
from participant.errors import CertificateUnusable, DirectoryConflict, DirectoryFileInvalid
from participant.parties import (
    ANY_CHANNEL,
    STATUS_CHANNEL,
    CertificateRecord,
    Organisation,
    Party,
    RetiringKey,
    Snapshot,
    Webhook,
    api_key_hash,
)

_CHANNEL = re.compile(r"(IF-\d{3}|REP-\d{3}[A-Z]?)")


def _dip_id(value: str) -> str:
    if not identifiers.is_dip_id(value):
        raise ValueError("a DIP ID has exactly ten characters; put it in quotes")
    return value


def _mpid(value: str) -> str:
    if not identifiers.is_mpid(value):
        raise ValueError("an MPID is four capital letters")
    return value


def _role(value: str) -> str:
    if value not in identifiers.ROLES:
        raise ValueError(f"a DIP role code is one of {', '.join(sorted(identifiers.ROLES))}")
    return value


def is_channel(value: str) -> bool:
    """Whether this names a channel that can have a webhook: ``IF-031``, ``REP-002``, ``STATUS``, ``*``."""
    return value in (ANY_CHANNEL, STATUS_CHANNEL) or _CHANNEL.fullmatch(value) is not None


def _channel(value: str) -> str:
    if not is_channel(value):
        raise ValueError("a channel is IF-nnn, REP-nnn, STATUS or *")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a webhook is an http or https URL")
    return value


DipId = Annotated[str, AfterValidator(_dip_id)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: re.sub(r"_(\w)", lambda m: m.group(1).upper(), name),
        hide_input_in_errors=True,
    )


class _Webhook(_Entry):
    channel: Annotated[str, AfterValidator(_channel)]
    url: Annotated[str, AfterValidator(_url)]
    max_message_count: int | None = None
    max_payload_size: int | None = None


class _Certificate(_Entry):
    pem: str
    revoked_at: AwareDatetime | None = None


class _RetiringKey(_Entry):
    api_key_hash: Hash
    until: AwareDatetime


class _Party(_Entry):
    dip_id: DipId
    role: Annotated[str, AfterValidator(_role)]
    mpid: Annotated[str, AfterValidator(_mpid)]
    organisation: str = ""
    connection_provider: DipId | None = None
    api_key: str | None = None
    api_key_hash: Hash | Literal[""] = ""
    retiring_keys: tuple[_RetiringKey, ...] = ()
    certificates: tuple[_Certificate, ...] = ()
    webhooks: tuple[_Webhook, ...] = ()


class _Organisation(_Entry):
    name: str
    company_number: str = ""


class _File(_Entry):
    version: Literal[1]
    organisations: tuple[_Organisation, ...] = ()
    parties: tuple[_Party, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryContent:
    """What a directory file says."""

    parties: tuple[Party, ...]
    webhooks: Mapping[tuple[str, str], Webhook]
    organisations: tuple[Organisation, ...]


def export_directory(snapshot: Snapshot) -> str:
    """The file for all parties that the harness does not play. Holds no API key and no private key."""
    parties = [party for party in snapshot.parties if not party.harness]
    named = {party.organisation for party in parties}
    document = {
        "version": 1,
        "organisations": [
            _without_empty({"name": o.name, "companyNumber": o.company_number})
            for o in snapshot.organisations.values()
            if o.name in named
        ],
        "parties": [_party_entry(party, snapshot) for party in parties],
    }
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def read_directory(text: str) -> DirectoryContent:
    """Read a directory file. Raises DirectoryFileInvalid with everything wrong, each with its place."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise DirectoryFileInvalid(f"not YAML: {' '.join(str(fault).split())}") from fault
    try:
        file = _File.model_validate(document)
    except ValidationError as fault:
        raise DirectoryFileInvalid("\n".join(map(_sentence, fault.errors()))) from fault
    _check_unique(file)
    return DirectoryContent(
        tuple(_party(entry, number) for number, entry in enumerate(file.parties)),
        {
            (party.dip_id, hook.channel): Webhook(hook.url, hook.max_message_count, hook.max_payload_size)
            for party in file.parties
            for hook in party.webhooks
        },
        tuple(Organisation(entry.name, entry.company_number) for entry in file.organisations),
    )


async def import_directory(directory: Directory, text: str) -> DirectoryContent:
    """Add or replace everything in the file, or nothing; what it does not mention stays.

    Raises DirectoryFileInvalid, also when it names a party that the harness plays.
    """
    content = read_directory(text)
    snapshot = await directory.latest()
    for party in content.parties:
        known = snapshot.party(party.dip_id)
        if known is not None and known.harness:
            raise DirectoryFileInvalid(f"{party.dip_id} is played by the harness and cannot be replaced")
    try:
        await directory.import_all(content.parties, content.webhooks, content.organisations)
    except DirectoryConflict as fault:
        raise DirectoryFileInvalid(str(fault)) from fault
    return content


def _party(entry: _Party, number: int) -> Party:
    certificates = []
    for place, certificate in enumerate(entry.certificates):
        try:
            record = CertificateRecord.of(certificate.pem)
        except CertificateUnusable as fault:
            raise DirectoryFileInvalid(f"parties[{number}].certificates[{place}].pem: {fault}") from fault
        certificates.append(
            CertificateRecord(record.fingerprint, record.pem, record.not_after, certificate.revoked_at)
        )
    return Party(
        dip_id=entry.dip_id,
        role=entry.role,
        mpid=entry.mpid,
        organisation=entry.organisation,
        api_key_hash=api_key_hash(entry.api_key) if entry.api_key else entry.api_key_hash,
        certificates=tuple(certificates),
        connection_provider=entry.connection_provider,
        retiring_keys=tuple(RetiringKey(key.api_key_hash, key.until) for key in entry.retiring_keys),
    )


def _check_unique(file: _File) -> None:
    for what, values in (
        ("DIP ID", [party.dip_id for party in file.parties]),
        ("organisation", [organisation.name for organisation in file.organisations]),
    ):
        for value, times in Counter(values).items():
            if times > 1:
                raise DirectoryFileInvalid(f"the {what} {value} stands in the file {times} times")


def _party_entry(party: Party, snapshot: Snapshot) -> dict[str, Any]:
    return _without_empty(
        {
            "dipId": party.dip_id,
            "role": party.role,
            "mpid": party.mpid,
            "organisation": party.organisation,
            "connectionProvider": party.connection_provider,
            "apiKeyHash": party.api_key_hash,
            "retiringKeys": [
                {"apiKeyHash": key.api_key_hash, "until": _instant(key.until)} for key in party.retiring_keys
            ],
            "certificates": [
                _without_empty({"pem": c.pem, "revokedAt": _instant(c.revoked_at)})
                for c in party.certificates
            ],
            "webhooks": [
                _without_empty(
                    {
                        "channel": channel,
                        "url": hook.url,
                        "maxMessageCount": hook.max_message_count,
                        "maxPayloadSize": hook.max_payload_size,
                    }
                )
                for (dip_id, channel), hook in sorted(snapshot.webhooks.items())
                if dip_id == party.dip_id
            ],
        }
    )


def _without_empty(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value not in (None, "", [])}


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _sentence(fault: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place.lstrip('.') or 'the file'}: {message}"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that certificates can be read."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
