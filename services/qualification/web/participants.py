"""The directory: who is registered, with which certificates, and where each is reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from participant.context import Context
from participant.parties import ANY_CHANNEL, CertificateRecord, Party, Snapshot
from services.qualification.preflight import SOON
from services.qualification.redaction import cleaned
from services.qualification.web.pages import page


def router(context: Context) -> APIRouter:
    """``/ui/participants``."""
    routes = APIRouter(prefix="/participants")

    @routes.get("")
    async def listing() -> Response:
        snapshot, now = await context.directory.latest(), context.clock.now()
        shown = [party_view(party, snapshot, now) for party in snapshot.parties]
        systems = [party for party in shown if not party["harness"]]
        return page(
            "participants.html.j2",
            systems=systems,
            harness=[party for party in shown if party["harness"]],
        )

    return routes


def party_view(party: Party, snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """One party of the directory as people read it."""
    return {
        "dipId": party.dip_id,
        "role": party.role,
        "mpid": party.mpid,
        "organisation": party.organisation,
        "harness": party.harness,
        "provider": party.connection_provider,
        "certificates": [certificate_view(certificate, now) for certificate in party.certificates],
        "webhooks": _webhooks(party.dip_id, snapshot.webhooks),
    }


def certificate_view(certificate: CertificateRecord, now: datetime) -> dict[str, Any]:
    """``state``: ``valid``, ``expires soon``, ``expired`` or ``revoked``."""
    if certificate.revoked_at is not None and certificate.revoked_at <= now:
        state = "revoked"
    elif certificate.not_after <= now:
        state = "expired"
    else:
        state = "expires soon" if certificate.not_after - now <= SOON else "valid"
    return {
        "fingerprint": certificate.fingerprint,
        "subject": certificate.subject,
        "until": certificate.not_after,
        "revoked": certificate.revoked_at,
        "state": state,
        "days": max(0, (certificate.not_after - now).days),
    }


def _webhooks(dip_id: str, webhooks: Mapping[tuple[str, str], Any]) -> list[tuple[str, str]]:
    found = [(channel, cleaned(hook.url)) for (owner, channel), hook in webhooks.items() if owner == dip_id]
    return [("every channel" if channel == ANY_CHANNEL else channel, url) for channel, url in sorted(found)]
