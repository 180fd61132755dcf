"""``dipemu run`` with several test cases: what is chosen, what counts, what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import orjson
import pytest
from typer.testing import CliRunner

from dipemu.cli import app
from dipemu.cli.run_many import Batch, choose, run_many, worst
from dipemu.client import RunClient
from dipemu.errors import ServerRefused, ServerUnreachable
from services.qualification.junit import RunResult, junit_of_runs


def listed(
    name: str, theme: str, *roles: str, idle: tuple[str, ...] = (), inject: tuple[str, ...] = ()
) -> Any:
    acting = [{"key": role, "participant": True, "steps": 2} for role in roles]
    doing_nothing = [{"key": role, "participant": True, "steps": 0} for role in idle]
    by_harness = [{"key": "CSS", "participant": False, "steps": 1}]
    all_roles = acting + doing_nothing + by_harness
    return {"id": name, "theme": theme, "roles": all_roles, "inject": list(inject)}


KNOWN = [
    listed("Z-One", "metering", "MSS", "REGS"),
    listed("A-Two", "appointments", "SUPI", "REGS", idle=("MSS",), inject=("CSS01700",)),
    listed("A-One", "appointments", "SUPI", "REGS"),
]


def batch(tmp: Path = Path("nowhere"), *ids: str, **more: Any) -> Batch:
    request = {"participants": more.pop("participants", {}), "inject": more.pop("inject", [])}
    given: dict[str, Any] = {"themes": [], "everything": False, "at_once": 2, "junit": None, "json": None}
    return Batch(ids=ids, request=request, evidence=tmp, **(given | more))


def chosen(wanted: Batch) -> list[str]:
    return [one["id"] for one in choose(KNOWN, wanted)]


def test_ids_themes_and_all_are_run_by_theme() -> None:
    assert chosen(batch(Path(), "Z-One", "A-One")) == ["A-One", "Z-One"]
    assert chosen(batch(themes=["appointments"])) == ["A-One", "A-Two"]
    assert chosen(batch(everything=True)) == ["A-One", "A-Two", "Z-One"]
    assert chosen(batch(Path(), "Z-One", themes=["metering"])) == ["Z-One"]


def test_of_a_theme_only_what_a_participant_acts_in_is_run() -> None:
    assert chosen(batch(everything=True, participants={"MSS": "1200000099"})) == ["Z-One"]
    assert chosen(batch(Path(), "A-Two", participants={"MSS": "1200000099"})) == ["A-Two"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (batch(Path(), "A-One", "A-Three"), "no test case A-Three"),
        (batch(themes=["weather"]), "no theme weather. Known: appointments, metering"),
        (batch(everything=True, participants={"CSS": "1"}), "lets a participant play CSS"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(wanted: Batch, said: str) -> None:
    with pytest.raises(ServerRefused, match=said):
        choose(KNOWN, wanted)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["passed", "passed"], 0),
        (["passed", "failed"], 1),
        (["failed", "refused"], 2),
        (["failed", "refused", "error"], 3),
        (["passed", "unknown"], 3),
    ],
)
def test_the_worst_of_several_is_the_exit_code(verdicts: list[str], code: int) -> None:
    assert worst(verdicts) == code


class Server:
    """Answers as a server does: each test case ends as it is named, ``breaks`` and ``refuses`` included."""

    def __init__(self, **verdicts: str) -> None:
        self.verdicts = verdicts
        self.asked: list[dict[str, Any]] = []

    async def scenarios(self) -> list[dict[str, Any]]:
        return [
            listed(name, "some", "SUPI", inject=("CSS01700",) * (name == "good")) for name in self.verdicts
        ]

    async def start(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        verdict = self.verdicts[request["scenario"]]
        if verdict == "refuses":
            raise ServerRefused("no such role")
        if verdict == "breaks":
            raise ServerUnreachable("nobody answers")
        return {"scenario": request["scenario"], "finished": False, "steps": [{"who": "QTE"}]}

    async def end(self, run: dict[str, Any]) -> dict[str, Any]:
        steps = [{"who": "QTE", "result": result} for result in ("passed", "attested", "failed")]
        times = {"created": "2026-03-02T09:00:00+00:00", "ended": "2026-03-02T09:00:04+00:00"}
        verdict = self.verdicts[run["scenario"]]
        said = f"It is {verdict}\x07."
        return {**run, **times, "verdict": verdict, "summary": said, "steps": steps, "name": run["scenario"]}


async def ran(server: Server, wanted: Batch) -> tuple[int, list[Path]]:
    fetched: list[Path] = []

    async def fetch(document: dict[str, Any], folder: Path) -> Path:
        fetched.append(folder)
        return folder

    return await run_many(cast(RunClient, server), wanted, fetch), fetched


async def test_what_goes_wrong_with_one_stops_no_other(tmp_path: Path) -> None:
    server = Server(good="passed", bad="failed", odd="refuses", gone="breaks")
    wanted = batch(
        tmp_path / "e", everything=True, json=tmp_path / "a" / "all.json", junit=tmp_path / "all.xml"
    )
    code, fetched = await ran(server, wanted)
    assert code == 3
    assert sorted(fetched) == [tmp_path / "e" / "bad", tmp_path / "e" / "good"]
    written = orjson.loads((tmp_path / "a" / "all.json").read_bytes())
    assert written["verdicts"] == {"failed": 1, "error": 1, "passed": 1, "refused": 1}
    said = {one["scenario"]: one["summary"] for one in written["runs"]}
    assert (said["odd"], said["gone"]) == ("no such role", "nobody answers")
    assert ElementTree.parse(tmp_path / "all.xml").getroot().get("errors") == "2"


async def test_a_message_is_injected_where_a_test_case_has_one_to_inject() -> None:
    server = Server(good="passed", bad="passed")
    await ran(server, batch(everything=True, inject=["CSS01700"]))
    assert {one["scenario"]: one["inject"] for one in server.asked} == {"good": ["CSS01700"], "bad": []}


def test_the_suite_has_a_case_per_run_and_tells_failures_from_errors() -> None:
    results = [
        RunResult("A", "some", "passed", "All 3 steps passed."),
        RunResult("B", "some", "failed", "Step 2 failed\x00."),
        RunResult("C", "some", "refused", "no such role"),
    ]
    root = ElementTree.fromstring(junit_of_runs(results))
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    (suite,) = root
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"]]
    assert suite[1][0].get("message") == "Step 2 failed�."


def test_a_result_counts_steps_that_a_person_vouched_for() -> None:
    steps = [{"result": result} for result in ("passed", "attested", "failed")]
    document = {"steps": steps, "created": "2026-03-02T09:00:00+00:00", "ended": "2026-03-02T09:01:04+00:00"}
    result = RunResult("A", "some", "failed", "Step 3 failed.", document)
    assert (result.steps_passed, result.steps, result.seconds) == (2, 3, 64.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--theme or --all"),
        (["A", "B", "--mpan", "1000000000013"], "an MPAN of its own"),
        (["--all", "--stepwise"], "--stepwise goes with one"),
    ],
)
def test_a_choice_that_cannot_be_meant_ends_with_two_before_anything_is_asked(
    arguments: list[str], said: str
) -> None:
    result = CliRunner().invoke(app, ["run", *arguments, "--server", "http://127.0.0.1:9"])
    assert (result.exit_code, said in result.stderr) == (2, True), result.output
