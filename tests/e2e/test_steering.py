"""A tester steers runs of a running emulator from the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from dipemu.cli import app
from tests.e2e.emulator import DIPEMU, SCENARIO, Emulator, dipemu, wait_until

RULING = ("--by", "A. Tester", "--reason", "seen on screen")


def runs(emulator: Emulator, *arguments: str, code: int = 0) -> str:
    """``dipemu runs …`` in this process, for speed; what it printed."""
    done = CliRunner().invoke(app, ["runs", *arguments, "--server", emulator.url], env={"COLUMNS": "200"})
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def as_json(emulator: Emulator, *arguments: str) -> Any:
    return json.loads(runs(emulator, *arguments, "--json"))


def held(emulator: Emulator, run: str, step: int) -> None:
    def stands() -> bool:
        shown = httpx.get(f"{emulator.url}/api/runs/{run}").json()
        now = (shown["currentStep"], shown["steps"][step - 1]["result"])
        return now == (step, "held for the tester")

    wait_until(stands, seconds=10)


def test_a_stepwise_run_is_told_how_to_go_on_and_goes_on_when_told(
    emulator: Emulator, tmp_path: Path
) -> None:
    command = [*DIPEMU, "run", SCENARIO, "--stepwise", "--label", "by hand", "--server", emulator.url]
    with subprocess.Popen(
        [*command, "--evidence", str(tmp_path / "evidence")], stdout=subprocess.PIPE, text=True
    ) as running:
        wait_until(lambda: as_json(emulator, "list", "--label", "by hand"), running)
        (listed,) = as_json(emulator, "list", "--label", "by hand", "--phase", "running")
        run = listed["id"]
        held(emulator, run, 1)
        assert "Held for the tester: press Run" in runs(emulator, "show", run)
        assert as_json(emulator, "release", run)["steps"][0]["result"] != "held for the tester"
        held(emulator, run, 2)
        assert "Step 3 is not held" in runs(emulator, "release", run, "3", code=2)
        assert "A. Tester: All is well." in runs(emulator, "note", run, "All is well.", "--by", "A. Tester")
        before = as_json(emulator, "show", run)["businessTime"]
        assert as_json(emulator, "advance", run, "--by", "2d")["businessTime"][:10] > before[:10]
        assert as_json(emulator, "flow", run)["mode"] == "automatic"
        printed, _ = running.communicate(timeout=30)
    assert running.returncode == 0
    assert f"dipemu runs release {run} --server {emulator.url}" in printed
    assert "PASSED" in printed
    assert "All is well." in (tmp_path / "evidence" / "report.html").read_text()


def test_a_person_decides_steps_and_the_report_says_so(emulator: Emulator, tmp_path: Path) -> None:
    body = {"scenario": SCENARIO, "mode": "stepwise"}
    run = httpx.post(f"{emulator.url}/api/runs", json=body, timeout=30).json()["id"]
    assert as_json(emulator, "attest", run, "2", *RULING)["steps"][1]["status"] == "Attested"
    assert as_json(emulator, "skip", run, "3", *RULING)["steps"][2]["status"] == "Skipped"
    assert "decided already" in runs(emulator, "attest", run, "2", *RULING, code=2)
    assert "unknown" in runs(emulator, "cancel", run)
    assert run in runs(emulator, "list", "--verdict", "unknown")
    place = runs(emulator, "report", run, "--evidence", str(tmp_path)).split()[-1]
    assert "A person vouches for this step" in Path(place).read_text()


def test_run_pressed_just_before_a_power_cut_counts_and_what_was_held_is_held(emulator: Emulator) -> None:
    body = {"scenario": SCENARIO, "mode": "stepwise"}
    run = httpx.post(f"{emulator.url}/api/runs", json=body, timeout=30).json()["id"]
    for step in (1, 2):
        held(emulator, run, step)
        assert httpx.post(f"{emulator.url}/api/runs/{run}/steps/{step}/release").status_code == 200
        emulator.kill()
        emulator.start()
    held(emulator, run, 3)
    runs(emulator, "flow", run)
    wait_until(lambda: as_json(emulator, "show", run)["verdict"] == "passed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "no-such-run"), "There is no run no-such-run."),
        (("advance", "x", "--by", "soon"), "--by takes a span"),
        (("advance", "x"), "give either --to or --by"),
        (("list", "--phase", "asleep"), "asleep"),
    ],
)
def test_what_is_asked_wrongly_ends_with_usage(
    emulator: Emulator, arguments: tuple[str, ...], said: str
) -> None:
    assert said in runs(emulator, *arguments, code=2)


def test_when_nothing_answers_it_is_no_verdict() -> None:
    done = dipemu("runs", "list", "--server", "http://127.0.0.1:9", check=3)
    assert "no DIP Emulator answers" in done.stderr
