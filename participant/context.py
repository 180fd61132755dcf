"""What the composition hands to every service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.journal import Journal, JournalIndex
from backbone.log import MessageLog
from backbone.settings import Settings
from contracts import load_catalogue
from participant.authority import CertificateAuthority
from participant.directory import Directory
from participant.identity import Identity
from participant.signing import Verifier

if TYPE_CHECKING:
    from contracts import Catalogue


@dataclass(frozen=True)
class Context:
    """The parts that services share.

    ``http``: the one client for everything that is sent. ``gateway_url``: base URL of the DIP, without a
    slash at the end. ``dip_identity``: the DIP's own signing identity. ``service_urls``: base URL of each
    service by name, prefix included, without a slash at the end. ``trust_anchors``: PEM texts of authorities
    trusted besides our own.
    """

    settings: Settings
    log: MessageLog
    database: Database
    clock: BusinessClock
    journal: Journal
    index: JournalIndex
    directory: Directory
    authority: CertificateAuthority
    http: httpx.AsyncClient
    gateway_url: str
    dip_identity: Identity
    service_urls: Mapping[str, str] = field(default_factory=dict)
    trust_anchors: tuple[str, ...] = ()

    def catalogue(self, version: str | None = None) -> Catalogue:
        """The message contracts of this version, by default the first that the settings name."""
        return load_catalogue(version or self.settings.contracts[0])

    def service_url(self, name: str) -> str:
        """Base URL of a service. Raises LookupError for a service that this composition does not know."""
        try:
            return self.service_urls[name]
        except KeyError as fault:
            raise LookupError(f"no address is known for the service {name}") from fault

    @cached_property
    def verifier(self) -> Verifier:
        """Checks signatures against our authority and the other trust anchors, within the set window."""
        window = timedelta(seconds=self.settings.signature_window_seconds)
        return Verifier((self.authority.certificate_pem, *self.trust_anchors), window)
