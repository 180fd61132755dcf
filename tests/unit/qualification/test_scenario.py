"""Scenario files: what ships is sound; every mistake is named with its place."""

from __future__ import annotations

import time
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from services.qualification import yaml_lines
from services.qualification.errors import ScenarioInvalid, ScenarioUnknown
from services.qualification.format import Way
from services.qualification.problems import Problem
from services.qualification.scenario import (
    by_theme,
    find,
    lint,
    load_scenario,
    load_scenarios,
)
from services.qualification.sources import KINDS
from tests.unit.qualification.given import SCENARIO_ID, headline

SHIPPED = Path(str(files("scenarios")))
GOOD = """\
id: SITFTS9999-Tiny
revision: 1
title: A tiny case
testScenario: Change of Supplier
testCase: "SITFTS9999 Tiny"
summary: One message and its publication.
contracts: ["2.1.0"]
roles:
  SUPI: {role: SUP, title: Incoming supplier}
  REGS: {role: REGS, title: Registration Service}
data:
  supplyStartDate: {ukMidnightDaysAhead: 7}
mpan:
  distributor: 10
  siteData: {supplierDIPID: "${roles.SUPI.dipId}"}
steps:
  - step: 1
    description: Supplier asks
    source: SUPI
    recipient: DIP
    message: IF-031
    event: "[MSApp]"
    guidance: Send it.
  - step: 2
    description: REGS receives it
    source: DIP
    recipient: REGS
    message: PUB-031
    publishes: 1
    guidance: Take it.
    expect:
      - field: /payload/CommonBlock/M0/MPANCore
        equals: "${mpan}"
        sentence: It is about the MPAN.
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tiny.yaml"


def problems(path: Path, text: str) -> list[Problem]:
    path.write_text(text)
    return lint(path)


def test_what_ships_has_no_problems() -> None:
    assert lint(SHIPPED) == []


def test_the_headline_scenario_is_the_markets_own_table() -> None:
    scenario = headline()
    assert scenario.test_scenario == "Change of Supplier"
    assert scenario.test_case == "MHHS-DEL1814: SITFTS0020 Smart Single"
    rows = [(s.step, s.source, s.recipient, s.message, s.event, s.valid, s.evidence) for s in scenario.steps]
    assert rows == [
        (1, "SUPI", "CSS", "CSS01700", None, "Auto", "None"),
        (2, "CSS", "REGS", "CSS02800", None, "Auto", "None"),
        (3, "REGS", "DIP", "IF-002", "[GainMPANInfo]", "Auto", "None"),
        (4, "DIP", "SUPI", "PUB-002", None, "Auto", "Auto"),
        (5, "SUPI", "DIP", "IF-031", "[MSApp]", "Auto", "None"),
        (6, "DIP", "REGS", "PUB-031", None, "N/A", "None"),
        (7, "REGS", "DIP", "IF-032", "[MSAppInitialResp]", "Auto", "None"),
        (8, "DIP", "SUPI", "PUB-032", None, "Auto", "Auto"),
    ]


def test_a_step_belongs_to_its_sender_and_a_publication_to_its_receiver() -> None:
    steps = headline().steps
    assert [step.owner for step in steps] == ["SUPI", "CSS", "REGS", "SUPI", "SUPI", "REGS", "REGS", "SUPI"]
    assert [step.way for step in steps[:4]] == [Way.OUTSIDE, Way.OUTSIDE, Way.SUBMISSION, Way.PUBLICATION]
    with pytest.raises(KeyError):
        headline().step(9)


def test_a_good_file_loads(path: Path) -> None:
    assert problems(path, GOOD) == []
    assert load_scenario(path).steps[1].publishes == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "pointer", "words"),
    [
        ("revision: 1", "revision: one", 2, "/revision", "whole number"),
        ("revision: 1", 'revision: "1"', 2, "/revision", "whole number"),
        ("title: A tiny case\n", "", 1, "/title", "missing"),
        ("summary:", "sumary:", 6, "/sumary", "not part of the format"),
        ("source: SUPI", "source: SUPX", 19, "/steps/0/source", "SUPX is not among the roles"),
        ("step: 2", "step: 3", 24, "/steps/1/step", "expected 2, not 3"),
        ("message: IF-031", "message: PUB-031", 21, "/steps/0/message", "starts with IF-"),
        ("message: IF-031", "message: IF31", 21, "/steps/0/message", "pattern"),
        ('    event: "[MSApp]"\n', "", 17, "/steps/0", "needs its event code"),
        ("[MSApp]", "MSApp", 22, "/steps/0/event", "pattern"),
        ("    guidance: Send it.\n", "", 17, "/steps/0", "say in guidance"),
        ("publishes: 1", "publishes: 2", 29, "/steps/1/publishes", "does not come before"),
        ("message: PUB-031", "message: PUB-032", 29, "/steps/1/publishes", "not the source of PUB-032"),
        ('"${mpan}"', '"${mpam}"', 33, "/steps/1/expect/0/equals", "${mpam} is not a value"),
        ("roles.SUPI.dipId", "roles.SUPI.dipid", 15, "/mpan/siteData/supplierDIPID", "is not a value"),
        (
            "        sentence:",
            '        oneOf: ["A"]\n        sentence:',
            32,
            "/steps/1/expect/0",
            "exactly one of",
        ),
        ("title: A tiny case", "title: A tiny case\ntitle: Twice", 4, "/title", "given twice"),
        ("{role: SUP,", "{role: SUP, outsideDip: true,", 9, "/roles/SUPI/participant", "only the harness"),
        (
            "steps:",
            "prepare:\n  - {service: registration, command: x, to: NOBODY}\nsteps:",
            17,
            "/prepare/0/to",
            "NOBODY",
        ),
    ],
)
def test_every_mistake_is_named_with_line_pointer_and_sentence(
    path: Path, old: str, new: str, line: int, pointer: str, words: str
) -> None:
    assert GOOD.count(old) >= 1
    found = problems(path, GOOD.replace(old, new, 1))
    assert any((p.line, p.pointer) == (line, pointer) and words in p.text for p in found), found


@pytest.mark.parametrize(
    ("old", "new", "pointer", "words"),
    [
        ('["2.1.0"]', '["2.1.0", "9.9"]', "/contracts/1", "9.9"),
        ("[MSApp]", "[MSAppp]", "/steps/0/event", "no event [MSAppp]"),
        ("source: SUPI", "source: REGS", "/steps/0/source", "IF-031 [MSApp] is not sent by REGS"),
        ("recipient: REGS", "recipient: SUPI", "/steps/1/recipient", "does not go to SUP"),
        ("M0/MPANCore", "M0/MPAN", "/steps/1/expect/0/field", "leads nowhere in IF-031 [MSApp]"),
        ("/payload/CommonBlock/M0", "/CommonBlock/M0", "/steps/1/expect/0/field", "leads nowhere"),
    ],
)
def test_mistakes_against_the_message_contracts_are_named(
    path: Path, old: str, new: str, pointer: str, words: str
) -> None:
    found = problems(path, GOOD.replace(old, new, 1))
    assert any(problem.pointer == pointer and words in problem.text for problem in found), found


def test_all_mistakes_are_named_in_the_order_of_their_lines(path: Path) -> None:
    found = problems(path, GOOD.replace("source: SUPI", "source: SUPX").replace("step: 2", "step: 5"))
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    assert len(found) >= 2
    assert str(found[0]).startswith(f"{path}:19: /steps/0/source: ")


def test_a_file_that_is_no_yaml_is_named_with_its_line(path: Path) -> None:
    (problem,) = problems(path, "id: [1, 2\nrevision: 1\n")
    assert problem.text.startswith("The file cannot be read")
    assert problem.line == 2


@pytest.mark.parametrize("text", ["", "- a list", "just text"])
def test_a_file_that_is_no_mapping_has_problems(path: Path, text: str) -> None:
    assert problems(path, text)


def test_a_file_that_is_not_there_has_a_problem(tmp_path: Path) -> None:
    (problem,) = lint(tmp_path / "none.yaml")
    assert "No such file" in problem.text


def test_yaml_words_are_not_taken_for_truth_or_dates(path: Path) -> None:
    path.write_text(
        GOOD.replace("siteData: {", "siteData: {a: yes, b: 2026-03-01, c: 012, d: true, e: 1.5, f: ~, ")
    )
    site = load_scenario(path).mpan.site_data
    assert (site["a"], site["b"], site["c"], site["d"], site["e"], site["f"]) == (
        "yes",
        "2026-03-01",
        "012",
        True,
        1.5,
        None,
    )


def _with_step_three(path: Path, text: str) -> list[Problem]:
    more = "".join(f"    {line}\n" for line in text.splitlines())
    return problems(path, f"{GOOD}  - step: 3\n    description: More\n{more}")


ANSWER = """\
source: REGS
recipient: DIP
message: IF-032
event: "[MSAppInitialResp]"
guidance: Answer.
"""
REFUSED = "refusal: {statuses: [401], because: It is not signed.}\n"
TAKEN = """\
source: DIP
recipient: SUPI
message: PUB-032
guidance: Take it.
"""
TOLD = """\
source: DIP
recipient: SUPI
message: STATUS
guidance: Take it.
"""


@pytest.mark.parametrize(
    "text",
    [
        ANSWER + "mustNotComeWithin: 3",
        ANSWER + "refused: [MSG1001, MSG1006]",
        ANSWER + 'advanceTo: "${supplyStartDate}"',
        ANSWER + "advanceTo: {utcMidnightDaysAhead: 2}",
        TOLD + "codes: [MSG1038]\npublishes: 1",
        TAKEN + "refusal: {statuses: [401, 400], because: It is not signed.}",
        ANSWER + "expect:\n  - field: /payload/CommonBlock/R0/responseMessages\n"
        "    anyMatches: REG0005.*\n    sentence: It names the code.",
    ],
)
def test_steps_of_every_kind_load(path: Path, text: str) -> None:
    assert _with_step_three(path, text) == []


@pytest.mark.parametrize(
    ("text", "pointer", "words"),
    [
        (ANSWER + "mustNotComeWithin: 0", "/mustNotComeWithin", "greater than 0"),
        (ANSWER + "mustNotComeWithin: 3\nrefused: [MSG1001]", "/refused", "must not come has no refused"),
        (ANSWER + "mustNotComeWithin: 3\ncapture: {a: /payload}", "/capture", "must not come has no capture"),
        (ANSWER + "refused: [wrong]", "/refused/0", "pattern"),
        (ANSWER + "codes: [MSG1038]", "/codes", "Only a status message has codes"),
        (ANSWER + 'advanceTo: "${someday}"', "/advanceTo", "${someday} is not a value"),
        (ANSWER + "advanceTo: {ukMidnight: 2}", "/advanceTo/ukMidnight", "not part of the format"),
        (ANSWER + "advanceTo: {utcMidnightDaysAhead: 2, ukDateDaysAhead: 1}", "/advanceTo", "exactly one of"),
        (TOLD, "", "needs codes"),
        (ANSWER + REFUSED, "/refusal", "Only a publication is refused so"),
        (TOLD + "codes: [MSG1038]\n" + REFUSED, "/refusal", "Only a publication is refused so"),
        (TAKEN + REFUSED + "capture: {a: /payload}", "/refusal", "nothing is expected or captured"),
        (TAKEN + REFUSED + "mustNotComeWithin: 3", "/refusal", "must not come has no refusal"),
        (TAKEN + REFUSED.replace("401", "500"), "/refusal/statuses/0", "Input should be 400, 401"),
        (TOLD + "refused: [MSG1001]\ncodes: [MSG1038]", "/refused", "Only the DIP refuses"),
        (
            ANSWER + "expect:\n  - {field: /payload, anyMatches: '(', sentence: It is.}",
            "/expect/0/anyMatches",
            "no regular expression",
        ),
        (ANSWER.replace("Answer.", '"${captured.x}"'), "/guidance", "${captured.x} is not a value"),
    ],
)
def test_mistakes_in_steps_of_every_kind_are_named_with_their_line(
    path: Path, text: str, pointer: str, words: str
) -> None:
    found = _with_step_three(path, text)
    assert any(p.pointer == f"/steps/2{pointer}" and words in p.text for p in found), found
    assert all(problem.line >= 34 for problem in found)


def test_what_must_not_come_leads_to_nothing(path: Path) -> None:
    text = GOOD.replace("    guidance: Send it.\n", "    guidance: Send it.\n    mustNotComeWithin: 2\n")
    found = problems(path, text)
    assert [(p.line, p.pointer) for p in found] == [(30, "/steps/1/publishes")]


def test_a_scenario_belongs_to_the_theme_of_its_folder_unless_it_names_another(tmp_path: Path) -> None:
    folder = tmp_path / "Metering & more"
    folder.mkdir()
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(
        GOOD.replace("-Tiny", "-Small").replace("revision", "theme: dip\nrevision")
    )
    loaded = load_scenarios([tmp_path])
    assert loaded["SITFTS9999-Tiny"].theme == "metering-more"
    assert loaded["SITFTS9999-Small"].theme == "dip"
    assert loaded[SCENARIO_ID].theme == "change-of-supplier"
    themes = by_theme(loaded.values())
    assert list(themes) == sorted(themes)
    assert "SITFTS9999-Small" in [one.id for one in themes["dip"]]


def test_every_file_that_ships_is_named_after_its_scenario() -> None:
    paths = [path for path in SHIPPED.rglob("*.yaml") if path.parent.name not in KINDS]
    assert {load_scenario(path).id for path in paths} == {path.stem for path in paths}
    assert len(load_scenarios()) == len(paths)


def test_eighty_files_more_load_in_a_few_seconds_of_processor_time(tmp_path: Path) -> None:
    (shipped,) = SHIPPED.rglob(f"{SCENARIO_ID}.yaml")
    for number in range(80):
        text = shipped.read_text().replace(f"id: {SCENARIO_ID}", f"id: COPY{number}")
        (tmp_path / f"{number}.yaml").write_text(text)
    began = time.process_time()
    assert len(load_scenarios([tmp_path])) > 80
    spent = time.process_time() - began
    assert spent < 6  # half a second on an idle machine, a busy one takes four times that


@pytest.mark.parametrize("text", [GOOD, "id: [1, 2\nrevision: 1\n", "a: b\na: c\n", "a: 'x\n", "- ~\n- ''\n"])
def test_without_the_library_in_c_the_same_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    quick = problems(path, text)
    monkeypatch.setattr(yaml_lines, "_LOADER", yaml.SafeLoader)
    slow = problems(path, text)
    assert [(p.pointer, p.text) for p in slow if p.pointer] == [
        (p.pointer, p.text) for p in quick if p.pointer
    ]
    assert bool(slow) == bool(quick)


def test_more_folders_add_scenarios(path: Path) -> None:
    path.write_text(GOOD)
    assert load_scenarios([path.parent]).keys() - load_scenarios().keys() == {"SITFTS9999-Tiny"}


def test_an_id_given_by_two_files_is_refused(path: Path) -> None:
    path.write_text(GOOD)
    (path.parent / "other.yaml").write_text(GOOD)
    with pytest.raises(ScenarioInvalid, match="already taken"):
        load_scenarios([path.parent])


def test_a_file_with_problems_is_refused_with_all_of_them(path: Path) -> None:
    path.write_text(GOOD.replace("revision: 1", "revision: one"))
    with pytest.raises(ScenarioInvalid, match="/revision") as refused:
        load_scenario(path)
    assert len(refused.value.problems) == 1


def test_an_unknown_scenario_names_those_that_exist() -> None:
    with pytest.raises(ScenarioUnknown, match=SCENARIO_ID):
        find(load_scenarios(), "SITFTS0000")


def test_orders_of_a_step_name_what_steps_before_it_captured_and_no_later_ones(path: Path) -> None:
    order = "release:\n  - {service: supplier_stub, to: SUPI, command: send, arguments: {a: '${captured.x}'}}"
    (found,) = _with_step_three(path, ANSWER + order)
    assert (found.pointer, found.text) == (
        "/steps/2/release/0/arguments/a",
        "${captured.x} is not a value of this scenario.",
    )
    capturing = "capture: {x: /payload/CommonBlock/M0/MPANCore}\n"
    assert len(_with_step_three(path, ANSWER + capturing + order)) == 1
