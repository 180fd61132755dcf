"""Status messages, validation, company details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backbone.journal import Kind
from contracts import load_catalogue
from services.dip_gateway.settings import GatewaySettings
from tests.integration.dip_gateway.environment import (
    OTHER_SUPPLIER,
    PUBLISHER,
    REGISTRATION,
    SUPPLIER,
    Receiver,
    open_gateway,
    serving,
)


def entry(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "transactionID": "T-IF-031-2300000012-SUP-20260321-1234CC0123456789",
        "senderUniqueReference": f"S-IF-031-{SUPPLIER}-SUP-20260321-12345687a1234567a",
        "correlationID": None,
        "sentTimestamp": "2026-03-21T12:00:00+00:00",
        "senderID": REGISTRATION,
        "recipientID": SUPPLIER,
        "DIPConnectionProviderID": None,
        "message": "RCP1061 - MPAN Invalid or Unknown",
        "help": "No such MPAN is registered here.",
        "serviceTicketURL": None,
    }
    return values | changes


async def test_a_status_message_reaches_the_party_it_is_for(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[SUPPLIER]) as gateway:
        answer = await gateway.request("/statusmessage", [entry()], by=REGISTRATION)
        assert answer.status_code == 201
        assert answer.json()["messageArray"][0]["message"] == "MSG0000 - Success"
        assert await gateway.receivers[SUPPLIER].until(1) == [entry()]
        [accepted] = await gateway.events(Kind.ACCEPTED)
        assert accepted.codes == ("RCP1061",)
        assert accepted.interface == "STATUS"


async def test_field_names_of_a_status_message_in_any_case(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[SUPPLIER]) as gateway:
        shouted = {name.upper(): value for name, value in entry().items()}
        assert (await gateway.request("/STATUSMESSAGE", [shouted], by=REGISTRATION)).status_code == 201
        assert await gateway.receivers[SUPPLIER].until(1) == [entry()]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"transactionID": "x" * 66}, "MSG1001"),
        ({"senderUniqueReference": "mine"}, "MSG1001"),
        ({"sentTimestamp": None}, "MSG1001"),
        ({"sentTimestamp": "2026-03-21T12:00:00Z"}, "MSG1001"),
        ({"senderID": "short"}, "MSG1001"),
        ({"message": ""}, "MSG1001"),
        ({"help": "x" * 501}, "MSG1001"),
        ({"senderID": OTHER_SUPPLIER}, "MSG1009"),
        ({"recipientID": "2399999999"}, "MSG1031"),
        ({"recipientID": None}, "MSG1031"),
    ],
)
async def test_status_messages_that_are_refused_together(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    async with open_gateway(tmp_path) as gateway:
        answer = await gateway.request("/statusmessage", [entry(**changes), entry()], by=REGISTRATION)
        assert answer.status_code == 400
        assert [e["message"][:7] for e in answer.json()["messageArray"]] == [code, "MSG1000"]
        assert len(await gateway.events(Kind.REFUSED, count=2)) == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[7]", [entry()] * 6])
async def test_status_bodies_that_cannot_be_used(tmp_path: Path, body: Any) -> None:
    async with open_gateway(tmp_path, max_batch=5) as gateway:
        assert (await gateway.request("/statusmessage", body, by=REGISTRATION)).status_code == 400


async def test_a_webhook_of_its_own_for_status_messages(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        receiver = Receiver()
        async with serving(receiver) as url:
            path = f"/statusmessage/config/{SUPPLIER}"
            assert (await gateway.request(path, {"callbackURL": f"{url}/status"})).status_code == 201
            await gateway.request("/statusmessage", [entry()], by=REGISTRATION)
            await receiver.until(1)
            assert (await gateway.request(path, method="DELETE")).status_code == 204
            assert (await gateway.request(path, {"callbackURL": url}, by=OTHER_SUPPLIER)).status_code == 403


async def test_validate_says_ok_in_one_string(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        key = {"X-API-Key": gateway.identities[SUPPLIER].api_key}
        address = f"{gateway.url}/Validate/if-031/msapp"
        answer = await gateway.http.post(address, json=[gateway.message()], headers=key)
        assert answer.status_code == 201
        assert answer.json() == "Message OK: IF-031 [MSApp]"


async def test_validate_names_every_violation(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        key = {"X-API-Key": gateway.identities[SUPPLIER].api_key}
        wrong = gateway.message()
        wrong["payload"]["CustomBlock"]["B070"] |= {
            "appointmentScenario": "XXX",
            "proposedMeteringServiceMPID": "a",
        }
        address = f"{gateway.url}/validate/IF-031/MSApp"
        plain = await gateway.http.post(address, json=[wrong], headers=key)
        assert plain.status_code == 400
        assert plain.json().count("message 1: /payload/CustomBlock/B070/") == 2
        explained = await gateway.http.post(f"{address}?explain=true", json=wrong, headers=key)
        assert explained.status_code == 400
        [message] = explained.json()["messages"]
        assert message["valid"] is False
        pointers = {violation["pointer"].rpartition("/")[2] for violation in message["violations"]}
        assert pointers == {"appointmentScenario", "proposedMeteringServiceMPID"}


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"nonsense"])
async def test_validate_bodies_that_cannot_be_used(tmp_path: Path, body: bytes) -> None:
    async with open_gateway(tmp_path) as gateway:
        key = {"X-API-Key": gateway.identities[SUPPLIER].api_key}
        address = f"{gateway.url}/validate/IF-031/MSApp"
        plain = await gateway.http.post(address, content=body, headers=key)
        assert (plain.status_code, type(plain.json())) == (400, str)
        explained = await gateway.http.post(f"{address}?explain=true", content=body, headers=key)
        assert explained.json()["messages"][0]["valid"] is False


async def test_every_official_validation_address_exists(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        key = {"X-API-Key": gateway.identities[SUPPLIER].api_key}
        endpoints = load_catalogue("2.1.0").endpoints
        assert len(endpoints) == 127
        for endpoint in endpoints:
            answer = await gateway.http.post(gateway.url + endpoint.path, json=[{}], headers=key)
            assert answer.status_code == 400, endpoint.path


async def test_validate_of_an_unknown_event_lists_the_known_ones(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        key = {"X-API-Key": gateway.identities[SUPPLIER].api_key}
        answer = await gateway.http.post(f"{gateway.url}/validate/IF-031/MSAp", json=[{}], headers=key)
        assert answer.status_code == 404
        assert "MSApp" in answer.json()["messageArray"][0]["help"]


async def test_validate_asks_for_the_api_key(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        assert (await gateway.http.post(f"{gateway.url}/validate/IF-031/MSApp", json=[{}])).status_code == 401


async def test_company_details_are_announced_and_told(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        query = "X-company-number=98765432&X-MPID=ABCD&X-market-role=X&X-DIP-role=SUP"
        made = await gateway.request(f"/companyDetails?{query}", by=PUBLISHER)
        assert (made.status_code, made.content) == (201, b"")
        assert (await gateway.request(f"/companyDetails?{query}", by=PUBLISHER)).status_code == 201
        told = await gateway.get("/companyDetails?X-company-number=98765432", by=PUBLISHER)
        [company] = told.json()
        assert company["companyRegNumber"] == "98765432"
        assert [row["DIPID"] for row in company["companyDetails"]] == [SUPPLIER, OTHER_SUPPLIER]
        assert set(company["companyDetails"][0]) == {
            "MPID",
            "marketRole",
            "DIPID",
            "DIPRole",
            "datetimeFrom",
            "datetimeTo",
        }
        assert (await gateway.get("/companydetails", by=PUBLISHER)).json() == [company]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("X-MPID=ABCD", 400),
        ("X-company-number=1&X-MPID=ABCD&X-market-role=X", 400),
        ("X-company-number=98765432&X-MPID=abcd&X-market-role=X", 400),
        ("X-company-number=98765432&X-MPID=ABCD", 400),
    ],
)
async def test_company_details_that_cannot_be_used(tmp_path: Path, query: str, status: int) -> None:
    async with open_gateway(tmp_path) as gateway:
        answer = await gateway.request(f"/companyDetails?{query}", by=PUBLISHER)
        assert answer.status_code == status


async def test_company_details_of_an_unknown_company(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        answer = await gateway.get("/companyDetails?X-company-number=11111111", by=PUBLISHER)
        assert answer.status_code == 404


async def test_company_details_are_for_the_publisher(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        assert (await gateway.get("/companyDetails", by=SUPPLIER)).status_code == 403


async def test_too_many_requests(tmp_path: Path) -> None:
    settings = GatewaySettings(rate_per_second=0.5, rate_burst=2)
    async with open_gateway(tmp_path, settings) as gateway:
        statuses = [(await gateway.send(gateway.message())).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]
        answer = await gateway.send(gateway.message())
        assert 1 <= int(answer.headers["Retry-After"]) <= 2
        other = gateway.message(OTHER_SUPPLIER)
        assert (await gateway.send(other, by=OTHER_SUPPLIER)).status_code == 201


async def test_status_messages_meet_faults_too(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        rule = {"name": "one", "fault": "answer", "where": "intake", "interface": "STATUS", "times": 1}
        await gateway.http.post(f"{gateway.url}/api/faults", json=rule)
        assert (await gateway.request("/statusmessage", [entry()], by=REGISTRATION)).status_code == 503
        assert (await gateway.request("/statusmessage", [entry()], by=REGISTRATION)).status_code == 201


async def test_configuration_has_to_be_signed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        paths = (f"/dip-channel/IF-031/pubconfig/{SUPPLIER}", f"/statusmessage/config/{SUPPLIER}")
        for path in (*paths, "/statusmessage"):
            assert (await gateway.http.post(gateway.url + path, json={})).status_code == 401
        for path in paths:
            assert (await gateway.http.delete(gateway.url + path)).status_code == 401


async def test_configuration_is_removed_by_its_owner_only(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        path = f"/dip-channel/IF-031/pubconfig/{SUPPLIER}"
        assert (await gateway.request(path, by=OTHER_SUPPLIER, method="DELETE")).status_code == 403


async def test_the_document_lists_every_address(tmp_path: Path) -> None:
    for version, paths in (("2.1", 8), ("2.2", 9)):
        settings = GatewaySettings(api_version=version)
        async with open_gateway(tmp_path / version, settings) as gateway:
            document = (await gateway.http.get(f"{gateway.url}/openapi.json")).json()
            assert document["info"]["version"] == version
            assert len(document["paths"]) == paths


async def test_a_fault_of_ours_is_answered_500_and_written_down(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        object.__setattr__(gateway.context, "index", None)
        answer = await gateway.http.get(f"{gateway.url}/api/messages")
        assert answer.status_code == 500
        assert answer.json()["messageArray"][0]["help"]
