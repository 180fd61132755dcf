"""POST /dip-channel/{id} against a running server."""

from __future__ import annotations

from pathlib import Path

from backbone.journal import Kind
from tests.integration.dip_gateway.environment import (
    MPAN,
    REGISTRATION,
    SUPPLIER,
    open_gateway,
)


async def test_given_a_good_message_when_sent_then_accepted_routed_and_delivered(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        message = gateway.message()
        answer = await gateway.send(message)
        assert answer.status_code == 201, answer.text
        [entry] = answer.json()["messageArray"]
        assert entry["message"] == "MSG0000 - Success"
        assert entry["recipientID"] == SUPPLIER
        assert entry["transactionID"].startswith(f"T-IF-031-{SUPPLIER}-SUP-")
        [publication] = await gateway.receivers[REGISTRATION].until(1)
        common = publication["payload"]["CommonBlock"]
        assert common["D0"]["transactionID"] == entry["transactionID"]
        assert common["D0"]["publicationID"] == "PUB-031"
        assert common["A0"]["secondaryRecipients"] == [REGISTRATION]
        [delivered] = await gateway.events(Kind.DELIVERED)
        assert delivered.mpan == MPAN
        kinds = [event.kind for _, event in await gateway.context.index.events(mpan=MPAN)]
        assert kinds == [Kind.ACCEPTED, Kind.ROUTED, Kind.DELIVERED]
