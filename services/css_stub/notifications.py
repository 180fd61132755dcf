"""What CSS says after the pending registration: how a switch goes on.

The event type and the statuses are those seen in public test files (``CSS02370``: Confirmed, SecuredActive);
the fields are those of the pending registration, see ``contracts.css``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from contracts import css

REGISTRATION_STATUS: Final = "CSS02370"
STATUSES: Final = ("Confirmed", "SecuredActive", "Cancelled")


def registration_status(
    request: dict[str, Any], *, registration_id: str, status: str, now: datetime
) -> dict[str, Any]:
    """CSS02370 for the switch that ``request`` (CSS01700) began."""
    message = css.pending_registration(request, registration_id=registration_id, now=now)
    return {
        **message,
        "eventType": REGISTRATION_STATUS,
        "eventDescription": f"Registration {status}",
        "data": {**message["data"], "registrationStatus": status},
    }
