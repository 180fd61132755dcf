"""Company details (ISD entity M16): which company has which MPID, market role, DIP ID and DIP role.

GET tells what is held, POST announces a company that is going to be a participant. Parameters are in the
query, under the names the published definition gives them (``X-company-number``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qs

from backbone.clock import dip_timestamp
from participant.context import Context
from participant.parties import Party, Snapshot
from services.dip_gateway import responses, store
from services.dip_gateway.admission import Admission
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.responses import Entry

# The two market role codes of the published samples, and the DIP roles that go with them; for the others
# the caller names the DIP role itself.
MARKET_ROLES: Final[Mapping[str, str]] = {"SUP": "X", "SDS": "N"}
_COMPANY: Final = re.compile(r"[A-Za-z0-9]{8,10}")
_MPID: Final = re.compile(r"[A-Z]{4}")
_MARKET_ROLE: Final = re.compile(r"\S")
_DIP_ROLE: Final = re.compile(r"[A-Z]{3,5}")
_PUBLISHER: Final = "ISD"


class Companies:
    """The endpoint ``/companyDetails``; for the publisher of the standing data (role ISD) alone."""

    def __init__(self, context: Context, admission: Admission) -> None:
        self._context = context
        self._admission = admission
        self._text = context.catalogue().code_text

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/companydetails", self.get),
            Route("POST", "/companydetails", self.post),
        ]

    async def get(self, request: Request, values: Mapping[str, str]) -> Reply:
        party = await self._publisher(request)
        number = self._optional(_parameters(request), "x-company-number", _COMPANY, party)
        async with self._context.database.read() as connection:
            rows = await store.load_companies(connection, number)
        found = companies(rows, await self._context.directory.snapshot())
        if not found and number:
            raise self._refused(404, f"No company has the number {number}.", party)
        return Reply(200, found)

    async def post(self, request: Request, values: Mapping[str, str]) -> Reply:
        party = await self._publisher(request)
        given = _parameters(request)
        row = {
            "company": self._required(given, "x-company-number", _COMPANY, party),
            "mpid": self._required(given, "x-mpid", _MPID, party),
            "market_role": self._required(given, "x-market-role", _MARKET_ROLE, party),
            "dip_role": self._optional(given, "x-dip-role", _DIP_ROLE, party),
            "since": dip_timestamp(self._context.clock.now()),
        }
        async with self._context.database.begin() as connection:
            await store.save_company(connection, row)
        return Reply(201)

    async def _publisher(self, request: Request) -> Party:
        party = (await self._admission.admit(request)).party
        if party.role != _PUBLISHER:
            text = f"Company details are for role {_PUBLISHER}; {party.dip_id} has role {party.role}."
            raise self._refused(403, text, party)
        return party

    def _required(self, given: Mapping[str, str], name: str, form: re.Pattern[str], party: Party) -> str:
        value = self._optional(given, name, form, party)
        if value is None:
            raise self._refused(400, f"The query parameter {name} is missing.", party)
        return value

    def _optional(
        self, given: Mapping[str, str], name: str, form: re.Pattern[str], party: Party
    ) -> str | None:
        value = given.get(name)
        if value is not None and not form.fullmatch(value):
            raise self._refused(400, f"The query parameter {name} has the form {form.pattern}.", party)
        return value

    def _refused(self, status: int, text: str, party: Party) -> Refused:
        code = responses.SCHEMA_FAILURE if status == 400 else responses.PROCESSING_FAILED
        return Refused(status, text, [Entry(self._text(code), text, party.dip_id)], detail="company details")


def companies(rows: Sequence[Any], snapshot: Snapshot) -> list[dict[str, Any]]:
    """The companies that have DIP IDs, with each of their MPIDs and roles. ``rows`` by company number."""
    found = []
    for number, group in groupby(rows, key=lambda row: row.company):
        details = [detail for row in group for detail in _details(row, snapshot)]
        if details:
            name = details[0].pop("name")
            for detail in details[1:]:
                detail.pop("name")
            found.append({"companyRegNumber": number, "companyName": name, "companyDetails": details})
    return found


def _details(row: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
    parties = [
        party
        for party in snapshot.parties
        if party.mpid == row.mpid and _fits(party.role, row.market_role, row.dip_role)
    ]
    return [
        {
            "name": party.organisation[:50] or None,
            "MPID": party.mpid,
            "marketRole": row.market_role,
            "DIPID": party.dip_id,
            "DIPRole": party.role,
            "datetimeFrom": row.since,
            "datetimeTo": None,
        }
        for party in parties
    ]


def _fits(role: str, market_role: str, dip_role: str | None) -> bool:
    return role == dip_role if dip_role else MARKET_ROLES.get(role) == market_role


def _parameters(request: Request) -> dict[str, str]:
    """Query parameters, or headers of the same names: their ``X-`` suggests both."""
    query = parse_qs(request.query.decode("latin-1"))
    names = ("x-company-number", "x-mpid", "x-market-role", "x-dip-role")
    given = {name.lower(): values[0] for name, values in query.items() if values}
    return {
        name: value for name in names if (value := given.get(name) or request.headers.get(name)) is not None
    }
