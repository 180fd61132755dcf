"""The example supplier from `examples/`, with one defect each: what a tester's own system may get wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from examples.incoming_supplier import Supplier


class WrongRegistration(Supplier):
    """Names a CSS registration that does not exist."""

    def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
        wrong = deepcopy(site)
        wrong["CustomBlock"]["B013"]["CSSRegistrationID"] = "00000000-0000-0000-0000-00000000dead"
        super().appoint_metering_service(wrong, run)


class OtherMpan(Supplier):
    """Asks for the appointment on another MPAN."""

    def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
        wrong = deepcopy(site)
        wrong["CommonBlock"]["M0"]["MPANCore"] = "2000056535971"
        super().appoint_metering_service(wrong, run)


class Silent(Supplier):
    """Never asks for the appointment."""

    def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
        """Nothing is sent."""


class Early(Supplier):
    """Sends IF-031 before it has answered PUB-002, so before anybody waits for it."""

    def take(self, url: str, headers: Any, body: bytes) -> int:
        for message in json.loads(body):
            site = message["payload"]
            if site["CommonBlock"]["D0"]["publicationID"] == "PUB-002":
                super().appoint_metering_service(site, self.await_run())
        return super().take(url, headers, body)

    def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
        """It is sent already."""


class Webhook(Supplier):
    """Answers its webhook with the statuses given, one after another, then with 201."""

    statuses: list[int]

    def take(self, url: str, headers: Any, body: bytes) -> int:
        return self.statuses.pop(0) if self.statuses else super().take(url, headers, body)


class Late(Supplier):
    """Asks for the appointment only when the DIP has told that the supply has changed."""

    def play(self, run: dict[str, Any]) -> None:
        self.request_switch(run)
        site: dict[str, Any] = {}
        while True:
            message = self.received.get()
            publication = message["CommonBlock"]["D0"]["publicationID"]
            if publication == "PUB-002":
                site = message
            elif publication == "PUB-001":
                self.appoint_metering_service(site, run)


def play(folder: Path, kind: Callable[[Path], Any] = Supplier, statuses: list[int] | None = None) -> Any:
    """Start a supplier of this kind beside the test: webhooks set, waiting for its run."""
    supplier = kind(folder)
    supplier.statuses = list(statuses or [])
    webhook = supplier.listen(0)
    for channel in ("IF-001", "IF-002", "IF-032"):
        answer = supplier.post(
            f"/dip-channel/{channel}/pubconfig/{supplier.me['dipId']}", {"callbackURL": webhook}
        )
        assert answer.status_code == 201, answer.text
    threading.Thread(target=lambda: supplier.play(supplier.await_run()), daemon=True).start()
    return supplier
