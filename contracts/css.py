"""Messages between suppliers, the Central Switching Service (CSS) and the registration service.

No payload of CSS01700, CSS02800 or CSS02370 is published. The envelope below follows the shape seen in
public test file generators; the fields inside ``data`` are ours, kept here and nowhere else:

``{"eventId", "eventType", "eventDate", "eventStatus", "eventDescription", "contextType", "correlationId",
"version", "updatedProperties", "data": {"registrationStatus", "registrationStatusFromDate",
"supplierGeneratedReference", "registrationId", "mpxn", "fuelType", "supplyStartDate", "supplierMpid",
"supplierDipId" (added by CSS), "supplierRole", "registrationInitiator", "domesticPremisesInd",
"changeOfOccupancyInd", "erroneousSwitchResolutionInd"}}``
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from contracts.identifiers import is_mpid

SWITCH_REQUEST: Final = "CSS01700"
PENDING_REGISTRATION: Final = "CSS02800"
REGISTRATION_STATUS: Final = "CSS02370"
STATUSES: Final = ("Confirmed", "SecuredActive", "Cancelled")  # after Pending; the last two are final
_DIGITS_13: Final = re.compile(r"[0-9]{13}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a CSS message: JSON pointer and a plain sentence."""

    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class CssHeader:
    """What a CSS message is about. None where it does not say; ``supply_start_date`` is aware."""

    event_type: str | None
    event_id: str | None
    correlation_id: str | None
    mpan: str | None
    supplier_mpid: str | None
    supplier_dip_id: str | None
    registration_id: str | None
    supply_start_date: datetime | None
    status: str | None


def switch_request(
    *,
    mpan: str,
    supplier_mpid: str,
    supply_start_date: datetime,
    registration_reference: str,
    now: datetime,
    correlation_id: str | None = None,
    event_id: str | None = None,
    domestic: bool = True,
    change_of_occupancy: bool = False,
) -> dict[str, Any]:
    """CSS01700: the gaining supplier asks for the switch. ``supply_start_date``: UK-local midnight."""
    data = {
        "registrationStatus": None,
        "registrationStatusFromDate": None,
        "supplierGeneratedReference": registration_reference,
        "registrationId": None,
        "mpxn": mpan,
        "fuelType": "E",
        "supplyStartDate": supply_start_date.replace(microsecond=0).isoformat(),
        "supplierMpid": supplier_mpid,
        "supplierRole": "X",
        "registrationInitiator": "GainingSupplier",
        "domesticPremisesInd": domestic,
        "changeOfOccupancyInd": change_of_occupancy,
        "erroneousSwitchResolutionInd": False,
    }
    description = "Switch request from the gaining supplier"
    return _envelope(SWITCH_REQUEST, description, data, now, correlation_id or str(uuid4()), event_id)


def pending_registration(
    request: Mapping[str, Any], *, registration_id: str, now: datetime, supplier_dip_id: str | None = None
) -> dict[str, Any]:
    """CSS02800: the registration is pending. Goes to the registration service and the gaining supplier.

    ``supplier_dip_id``: who asked, where one MPID has several DIP IDs in the supplier's role.
    """
    data = {
        **request["data"],
        **({"supplierDipId": supplier_dip_id} if supplier_dip_id else {}),
        "registrationStatus": "Pending",
        "registrationStatusFromDate": _instant(now),
        "registrationId": registration_id,
    }
    return _envelope(PENDING_REGISTRATION, "Registration pending", data, now, request["correlationId"], None)


def registration_status(pending: Mapping[str, Any], *, status: str, now: datetime) -> dict[str, Any]:
    """CSS02370: the switch of a CSS02800 has come further. ``status``: one of STATUSES."""
    data = {**pending["data"], "registrationStatus": status, "registrationStatusFromDate": _instant(now)}
    description = f"Registration {status}"
    return _envelope(REGISTRATION_STATUS, description, data, now, pending["correlationId"], None)


def check(message: object) -> tuple[Problem, ...]:
    """Everything wrong with a message of one of the three types; empty means fine. Never raises."""
    if not isinstance(message, Mapping):
        return (Problem("", "A CSS message is a JSON object."),)
    problems = [
        Problem(f"/{name}", f"`{name}` {wanted}.")
        for name, (right, wanted) in _ENVELOPE_RULES.items()
        if not right(message.get(name))
    ]
    data = message.get("data")
    if isinstance(data, Mapping):
        rules = _DATA_RULES | _RULES_OF_TYPE.get(str(message.get("eventType")), {})
        problems += [
            Problem(f"/data/{name}", f"`{name}` {wanted}.")
            for name, (right, wanted) in rules.items()
            if not right(data.get(name))
        ]
    return tuple(problems)


def header(message: object) -> CssHeader:
    """Read a CSS message of any shape; never raises."""
    envelope = message if isinstance(message, Mapping) else {}
    data = envelope.get("data")
    data = data if isinstance(data, Mapping) else {}
    return CssHeader(
        event_type=_text(envelope.get("eventType")),
        event_id=_text(envelope.get("eventId")),
        correlation_id=_text(envelope.get("correlationId")),
        mpan=_text(data.get("mpxn")),
        supplier_mpid=_text(data.get("supplierMpid")),
        supplier_dip_id=_text(data.get("supplierDipId")),
        registration_id=_text(data.get("registrationId")),
        supply_start_date=_moment(data.get("supplyStartDate")),
        status=_text(data.get("registrationStatus")),
    )


def _envelope(
    event_type: str,
    description: str,
    data: Mapping[str, Any],
    now: datetime,
    correlation_id: str,
    event_id: str | None,
) -> dict[str, Any]:
    return {
        "eventId": event_id or str(uuid4()),
        "eventType": event_type,
        "eventDate": _instant(now),
        "eventStatus": "Ok",
        "eventDescription": description,
        "contextType": "GainingSupplier",
        "correlationId": correlation_id,
        "version": "1.0",
        "updatedProperties": [],
        "data": dict(data),
    }


def _instant(moment: datetime) -> str:
    """UTC with milliseconds and ``Z``: CSS does not use the DIP's 25-character form."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _filled(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_moment(value: object) -> bool:
    return _moment(value) is not None


def _is_event_type(value: object) -> bool:
    return value in (SWITCH_REQUEST, PENDING_REGISTRATION, REGISTRATION_STATUS)


def _is_registration_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 36


_Rule = tuple[Callable[[object], bool], str]
_ENVELOPE_RULES: Final[dict[str, _Rule]] = {
    "eventId": (_filled, "must identify the event, a UUID for example"),
    "eventType": (
        _is_event_type,
        f"must be {SWITCH_REQUEST}, {PENDING_REGISTRATION} or {REGISTRATION_STATUS}",
    ),
    "eventDate": (_is_moment, "must be an ISO 8601 instant with an offset or Z"),
    "correlationId": (_filled, "must tie the messages of one switch together"),
    "data": (lambda value: isinstance(value, Mapping), "must be an object"),
}
_DATA_RULES: Final[dict[str, _Rule]] = {
    "mpxn": (lambda v: isinstance(v, str) and _DIGITS_13.fullmatch(v) is not None, "must be 13 digits"),
    "supplierMpid": (is_mpid, "must be the supplier's MPID: four capital letters"),
    "supplyStartDate": (_is_moment, "must be an ISO 8601 date and time with an offset"),
    "supplierGeneratedReference": (_filled, "must be the supplier's own reference"),
}
_REGISTERED: Final[dict[str, _Rule]] = {
    "registrationId": (_is_registration_id, "must be the registration ID: 1 to 36 characters"),
}
_RULES_OF_TYPE: Final[dict[str, dict[str, _Rule]]] = {
    PENDING_REGISTRATION: _REGISTERED
    | {"registrationStatus": (lambda value: value == "Pending", "must be Pending")},
    REGISTRATION_STATUS: _REGISTERED
    | {"registrationStatus": (lambda value: value in STATUSES, f"must be one of {', '.join(STATUSES)}")},
}
