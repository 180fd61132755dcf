"""What happens to one delivery, as an event of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backbone.journal import JournalEvent, Kind
from services.dip_gateway.lanes import Item
from services.dip_gateway.status import SERVICE


def occurrence(kind: Kind, item: Item, at: datetime, details: Mapping[str, Any], **more: Any) -> JournalEvent:
    """The event, with everything that is known of the delivery. ``more``: further fields of the event."""
    return JournalEvent(
        kind=kind,
        at=at,
        service=SERVICE,
        mpan=item.mpan,
        interface=item.publication,
        event_code=item.event,
        sender=item.sender,
        recipient=item.recipient,
        reference=item.reference,
        transaction_id=item.transaction_id,
        correlation_id=item.correlation_id,
        trace=item.trace,
        details=details,
        **more,
    )
