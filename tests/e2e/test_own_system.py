"""A participant's own system plays the incoming supplier: right, and wrong in one way each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from examples.incoming_supplier import Supplier
from tests.e2e.emulator import Emulator
from tests.e2e.supplier import Early, OtherMpan, Silent, Webhook, WrongRegistration, play


def run_against(
    emulator: Emulator, place: Path, kind: Any, check: int, **more: Any
) -> tuple[str, dict[str, Any], Any]:
    identity = emulator.add_participant(place / "supplier")
    supplier = play(place / "supplier", kind, more.get("statuses"))
    timeout = str(more.get("timeout", 20))
    arguments = [
        "--participant",
        f"SUPI={identity['dipId']}",
        "--timeout",
        timeout,
        *more.get("arguments", ()),
    ]
    printed, document = emulator.run(*arguments, check=check)
    return printed, document, supplier


def step(document: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["steps"] if one["step"] == number)
    return found


def statuses(document: dict[str, Any]) -> dict[int, str]:
    return {one["step"]: one["status"] for one in document["steps"]}


def test_the_example_passes(emulator: Emulator, tmp_path: Path) -> None:
    printed, document, _ = run_against(emulator, tmp_path, Supplier, check=0)
    assert document["verdict"] == "passed"
    assert [step(document, n)["who"] for n in range(1, 9)] == [
        "QP",
        "QTE",
        "QTE",
        "QP",
        "QP",
        "QTE",
        "QTE",
        "QP",
    ]
    for needed in (document["mpan"], document["supplyStartDate"], "1200000001", "/webhook"):
        assert needed in printed, "the tester is told before the first wait"


def test_a_wrong_registration_is_rejected_by_the_registration_service(
    emulator: Emulator, tmp_path: Path
) -> None:
    printed, document, _ = run_against(emulator, tmp_path, WrongRegistration, check=1)
    assert document["verdict"] == "failed"
    assert "REG0005" in printed
    assert "Failed" in (step(document, 5)["status"], step(document, 7)["status"])


def test_another_mpan_times_out_and_names_the_nearest_message(emulator: Emulator, tmp_path: Path) -> None:
    printed, document, _ = run_against(emulator, tmp_path, OtherMpan, check=1, timeout=4)
    assert step(document, 5)["status"] == "Failed"
    assert "2000056535971" in printed
    assert document["mpan"] in step(document, 5)["explanation"]


def test_no_message_times_out_and_says_what_was_expected(emulator: Emulator, tmp_path: Path) -> None:
    printed, document, _ = run_against(emulator, tmp_path, Silent, check=1, timeout=3)
    assert step(document, 5)["status"] == "Failed"
    assert "IF-031" in step(document, 5)["explanation"]
    assert statuses(document)[8] == "Not Run"
    assert "FAILED" in printed


def test_a_message_before_its_wait_counts(emulator: Emulator, tmp_path: Path) -> None:
    _, document, _ = run_against(emulator, tmp_path, Early, check=0)
    lines = (Path(document["evidence"]) / "journal.ndjson").read_text().splitlines()
    happened = [(one["kind"], one["interface"]) for one in map(json.loads, lines) if "interface" in one]
    assert happened.index(("accepted", "IF-031")) < happened.index(("delivered", "PUB-002"))
    assert set(statuses(document).values()) == {"Passed"}


def test_a_webhook_that_recovers_passes_with_its_attempts_in_evidence(
    emulator: Emulator, tmp_path: Path
) -> None:
    _, document, _ = run_against(emulator, tmp_path, Webhook, check=0, statuses=[500, 500])
    journal = [
        json.loads(x) for x in (Path(document["evidence"]) / "journal.ndjson").read_text().splitlines()
    ]
    attempts = [one for one in journal if one["kind"] in ("delivery attempted", "delivered")]
    first = [one["details"]["status"] for one in attempts if one["interface"] == "PUB-002"]
    assert first == [500, 500, 201]


def test_a_webhook_that_always_refuses_fails_without_another_attempt(
    emulator: Emulator, tmp_path: Path
) -> None:
    _, document, supplier = run_against(emulator, tmp_path, Webhook, check=1, statuses=[400] * 9, timeout=5)
    assert step(document, 4)["status"] == "Failed"
    assert "400" in step(document, 4)["explanation"]
    assert len(supplier.statuses) == 8, "no retry after 400"


def test_without_a_css_connection_the_harness_sends_the_switch_request(
    emulator: Emulator, tmp_path: Path
) -> None:
    class NoCss(Supplier):
        def request_switch(self, run: dict[str, Any]) -> None:
            """The harness does it."""

    _, document, _ = run_against(emulator, tmp_path, NoCss, check=0, arguments=["--inject", "CSS01700"])
    assert "sent by the harness on the participant's behalf" in step(document, 1)["note"]
    report = (Path(document["evidence"]) / "report.html").read_text()
    assert "on the participant&#39;s behalf" in report or "on the participant's behalf" in report


@pytest.mark.parametrize("count", [2])
def test_two_participants_at_once_see_only_their_own(emulator: Emulator, tmp_path: Path, count: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    places = [tmp_path / str(number) for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(run_against, emulator, place, Supplier, 0) for place in places]
        documents = [future.result()[1] for future in futures]
    assert {document["verdict"] for document in documents} == {"passed"}
