"""Faults of the gateway: everything it raises on purpose derives from one root.

GatewayError
├── Refused           a request is refused; carries the HTTP status and what the sender is to do
├── ReferencesTaken   other gateways took in messages with these sender references
├── RequestInvalid    the body of a configuration, replay or requeue request cannot be used
└── ClientGone        the client hung up before its request was complete
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.dip_gateway.responses import Entry


class GatewayError(Exception):
    """Root of the faults raised by the gateway."""


class ClientGone(GatewayError):
    """The client hung up before its request was complete; nobody is left to answer."""


class ReferencesTaken(GatewayError):
    """Other gateways have used or claimed these sender references; none was claimed now.

    ``used``: those of the ``digests`` that are used for good. What is only claimed may yet become free.
    """

    def __init__(self, digests: frozenset[int], used: frozenset[int]) -> None:
        super().__init__(f"{len(digests)} sender references are taken")
        self.digests = digests
        self.used = used


@dataclass(frozen=True, slots=True)
class Subject:
    """What one refused message was about, as far as it could be read; for the journal."""

    interface: str | None = None
    event: str | None = None
    sender: str | None = None
    mpan: str | None = None
    reference: str | None = None
    correlation_id: str | None = None
    body: str | None = None
    codes: tuple[str, ...] = ()
    violations: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


class Refused(GatewayError):
    """A request is refused as a whole.

    ``reason`` is for the journal, ``entries`` are the official answer (one per message, or one in all),
    ``subjects`` what the messages were about. ``retry_after``: seconds, for the header of that name.
    ``detail``: which refusal it was, a stable word for tools (``api key unknown``).
    """

    def __init__(
        self,
        status: int,
        reason: str,
        entries: Sequence[Entry],
        *,
        detail: str = "",
        subjects: Sequence[Subject] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.entries = tuple(entries)
        self.detail = detail
        self.subjects = tuple(subjects)
        self.retry_after = retry_after


class RequestInvalid(GatewayError):
    """The body of a configuration, replay or requeue request cannot be used; the message says why."""
