"""A metering service of one's own, made of the example supplier's parts: it answers what IF-033 asks."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from examples.incoming_supplier import Supplier


class Accepting(Supplier):
    """Takes every appointment."""

    outcome, code = "A", "SP000 - Proposed Appointment ACCEPTED"

    def answer(self, asked: dict[str, Any]) -> None:
        """IF-034 to a PUB-033."""
        now, common, custom = datetime.now(UTC), asked["CommonBlock"], asked["CustomBlock"]
        me = self.me["dipId"]
        reference = f"S-IF-034-{me}-MSS-{now:%Y%m%d}-{secrets.token_hex(8)}"
        sender: dict[str, Any] = {"senderUniqueReference": reference}
        sender |= {"senderTimestamp": now.isoformat(timespec="seconds")}
        sender |= {"senderDIPID": me, "senderRoleID": "MSS", "DIPConnectionProviderID": None}
        sender |= {"environmentTag": common["S1"]["environmentTag"], "subText": None}
        sender |= {"senderCorrelationID": common["D0"]["initialCorrelationID"]}
        kind = common["S0"] | {"interfaceID": "IF-034", "eventCode": "[MSAppSPResponse]"}
        echoed = {name: custom[name] for name in ("B012", "B013", "B070") if name in custom}
        decided = {"responseCode": self.outcome, "proposedAppointmentResponseCode": self.code}
        blocks = {"CommonBlock": {"S0": kind, "S1": sender, "M0": common["M0"]}}
        self.post("/dip-channel/IF-034", [{"payload": blocks | {"CustomBlock": {"B007": decided, **echoed}}}])

    def serve(self) -> None:
        """Answer every request that comes."""
        while True:
            message = self.received.get()
            if message["CommonBlock"]["D0"]["publicationID"] == "PUB-033":
                self.answer(message)


class Refusing(Accepting):
    """Takes none: the connection type is not supported."""

    outcome, code = "R", "SP004 - Connection Type Not Supported"


def play_provider(folder: Path, kind: type[Accepting]) -> None:
    """Start a metering service of this kind beside the test, its webhooks set."""
    service = kind(folder)
    webhook = service.listen(0)
    for channel in ("IF-033", "IF-035"):
        answer = service.post(
            f"/dip-channel/{channel}/pubconfig/{service.me['dipId']}", {"callbackURL": webhook}
        )
        assert answer.status_code == 201, answer.text
    threading.Thread(target=service.serve, daemon=True).start()
