"""Webhook configuration: what a participant may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from participant.parties import Webhook
from services.dip_gateway.errors import RequestInvalid

_LIMITS = {"maxmessagecount": "maxMessageCount", "maxpayloadsize": "maxPayloadSize"}


def read_webhook(body: bytes) -> Webhook:
    """The webhook of a configuration request; field names in any case. Raises RequestInvalid."""
    fields = read_object(body)
    url = fields.get("callbackurl")
    if not isinstance(url, str) or not url:
        raise RequestInvalid("callbackURL is missing: give the address that publications are POSTed to.")
    limits = {name: _limit(fields.get(name), label) for name, label in _LIMITS.items()}
    return Webhook(url, limits["maxmessagecount"], limits["maxpayloadsize"])


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object with its field names in lower case. Raises RequestInvalid."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise RequestInvalid(f"The body is not JSON: {fault}.") from fault
    if not isinstance(value, Mapping):
        raise RequestInvalid("The body is a JSON object.")
    return {name.lower(): item for name, item in value.items()}


def _limit(value: object, name: str) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if not whole or not 0 < value < 2**31:  # type: ignore[operator]
        raise RequestInvalid(f"{name} is a whole number above 0, or left out.")
    return int(value)  # type: ignore[call-overload, no-any-return]
