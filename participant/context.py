"""What the composition hands to every service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

import participant.holding
import participant.outbox
import participant.timers  # noqa: F401 - these declare their tables before the database is opened
from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.disk import DiskSpace
from backbone.journal import Journal, JournalIndex
from backbone.log import MessageLog
from backbone.settings import Settings
from contracts import load_catalogue
from participant.authority import CertificateAuthority
from participant.certificates import fingerprint, parse_chain
from participant.directory import Directory
from participant.identity import Identity
from participant.signing import Verifier

if TYPE_CHECKING:
    from contracts import Catalogue


@dataclass(frozen=True)
class Context:
    """The parts that services share.

    ``http``: the one client for everything that is sent. ``gateway_url``: base URL of the DIP, without a
    slash at the end. ``dip_identity``: the DIP's own signing identity. ``service_url``: base URL of a
    service by its name (``registration``), prefix included, without a slash at the end. ``trust_anchors``:
    PEM texts of authorities trusted besides our own.
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
    service_url: Callable[[str], str]
    trust_anchors: tuple[str, ...] = ()
    _catalogues: dict[str, Catalogue] = field(default_factory=dict, init=False, repr=False, compare=False)

    def catalogue(self, version: str | None = None) -> Catalogue:
        """The message contracts of this version, by default the first that the settings name.

        Versions imported into the data directory are found before those that ship.
        """
        wanted = version or self.settings.contracts[0]
        if wanted not in self._catalogues:
            self._catalogues[wanted] = load_catalogue(wanted, (self.settings.data / "contracts",))
        return self._catalogues[wanted]

    @cached_property
    def disk(self) -> DiskSpace:
        """Where the embedded log and its database grow; servers of their own look after theirs."""
        return DiskSpace(self.settings.data, 0 if self.settings.kafka else self.settings.disk_free_min_mb)

    @cached_property
    def verifier(self) -> Verifier:
        """Checks signatures against our authority and the other trust anchors, within the set window."""
        window = timedelta(seconds=self.settings.signature_window_seconds)
        return Verifier((self.authority.certificate_pem, *self.trust_anchors), window)

    @cached_property
    def dip_fingerprint(self) -> str:
        """SHA-256 of the DIP's signing certificate, hexadecimal."""
        return fingerprint(parse_chain(self.dip_identity.certificate_pem)[0])
