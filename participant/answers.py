"""What a webhook answers: the market's standard response, one entry per message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backbone.clock import dip_timestamp
from contracts import Catalogue
from contracts.envelope import Header

NOT_YET = "not yet implemented"  # the published example's value: there is no ticket system
HELP_LIMIT = 500


def entry(
    catalogue: Catalogue,
    code: str,
    *,
    now: datetime,
    recipient: str,
    header: Header | None = None,
    help: str | None = None,  # noqa: A002 - the market's word
) -> dict[str, Any]:
    """One entry. ``recipient``: the DIP ID that answers, which is the sender of the answer."""
    header = header or Header()
    return {
        "transactionID": header.transaction_id,
        "senderUniqueReference": header.reference,
        "correlationID": header.initial_correlation_id or header.correlation_id,
        "sentTimestamp": dip_timestamp(now),
        "senderID": recipient,
        "recipientID": header.sender,
        "DIPConnectionProviderID": header.connection_provider,
        "message": catalogue.code_text(code),
        "help": help[:HELP_LIMIT] if help else None,
        "serviceTicketURL": NOT_YET,
    }


def standard_response(entries: Sequence[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """The body around the entries."""
    return {"messageArray": list(entries), "timestamp": dip_timestamp(now)}
