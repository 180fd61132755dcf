"""``use``: steps written once as a template, filled with what each scenario gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.qualification.scenario import as_yaml, lint, load_scenario
from tests.unit.qualification.test_scenario import GOOD, SHIPPED

TEMPLATE = """\
parameters: [recipient, message, seconds]
step:
  source: DIP
  recipient: <recipient>
  message: <message>
  guidance: Take <message> within <seconds> s.
  evidence: Auto
  expect:
    - field: /payload/CommonBlock/M0/MPANCore
      equals: "${mpan}"
      sentence: It is about the MPAN.
    - field: /payload/CustomBlock/B070/appointmentScenario
      equals: <seconds>
      sentence: It is <seconds>.
"""
STEP = """\
  - step: 2
    description: REGS receives it
    use: takes
    with: {recipient: REGS, message: PUB-031, seconds: 5}
    publishes: 1
"""
HEAD = GOOD[: GOOD.index("  - step: 2")]
MORE = """\
    expect:
      - field: /payload/CommonBlock/S0/interfaceID
        equals: IF-031
        sentence: It is an IF-031.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "takes.yaml").write_text(TEMPLATE)
    return tmp_path


def write(folder: Path, step: str = STEP) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(HEAD + step)
    return path


def filled(folder: Path, step: str = STEP) -> dict[str, Any]:
    path = write(folder, step)
    assert lint(folder) == []
    return load_scenario(path).steps[1].model_dump(mode="json", by_alias=True, exclude_unset=True)


def told(folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in lint(folder)]


def test_a_step_is_filled_with_the_values_that_it_gives(folder: Path) -> None:
    step = filled(folder)
    assert step["step"] == 2
    assert step["description"] == "REGS receives it"
    assert (step["source"], step["recipient"], step["message"]) == ("DIP", "REGS", "PUB-031")
    assert step["guidance"] == "Take PUB-031 within 5 s."
    assert step["publishes"] == 1
    assert step["evidence"] == "Auto"


def test_a_text_that_is_one_parameter_takes_the_value_with_its_type(folder: Path) -> None:
    assert filled(folder)["expect"][1]["equals"] == 5
    assert filled(folder)["expect"][1]["sentence"] == "It is 5."
    assert filled(folder, STEP.replace("seconds: 5", "seconds: true"))["expect"][1]["equals"] is True


def test_expressions_of_a_run_stay_what_they_are(folder: Path) -> None:
    assert filled(folder)["expect"][0]["equals"] == "${mpan}"
    given = filled(folder, STEP.replace("seconds: 5", 'seconds: "${supplyStartDate}"'))
    assert given["expect"][1]["equals"] == "${supplyStartDate}"


def test_what_a_step_expects_besides_comes_after_what_the_template_expects(folder: Path) -> None:
    expected = filled(folder, STEP + MORE)["expect"]
    assert [one["field"].rpartition("/")[2] for one in expected] == [
        "MPANCore",
        "appointmentScenario",
        "interfaceID",
    ]


def test_what_a_step_says_itself_takes_the_place_of_what_the_template_says(folder: Path) -> None:
    step = filled(folder, STEP + "    guidance: Take it at once.\n    evidence: null\n")
    assert step["guidance"] == "Take it at once."
    assert "evidence" not in step


def test_hints_of_a_step_need_none_in_the_template(folder: Path) -> None:
    assert len(filled(folder, STEP + MORE.replace("expect", "hints"))["hints"]) == 1


def test_a_template_without_parameters_needs_no_values(folder: Path) -> None:
    text = TEMPLATE.replace("parameters: [recipient, message, seconds]\n", "")
    for name, value in {"recipient": "REGS", "message": "PUB-031", "seconds": "COS"}.items():
        text = text.replace(f"<{name}>", value)
    (folder / "steps" / "takes.yaml").write_text(text)
    given = STEP.replace("    with: {recipient: REGS, message: PUB-031, seconds: 5}\n", "")
    assert filled(folder, given)["guidance"] == "Take PUB-031 within COS s."


def test_the_same_scenario_written_out_is_the_same(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spread = load_scenario(write(folder, STEP + MORE))
    whole = tmp_path_factory.mktemp("whole") / "tiny.yaml"
    text = as_yaml(spread)
    whole.write_text(text)
    assert "use:" not in text
    assert load_scenario(whole) == spread


def test_scenarios_of_ones_own_use_the_steps_of_the_product(tmp_path: Path) -> None:
    step = STEP.replace("takes", "receives").replace("seconds: 5", "event: MSApp")
    assert filled(tmp_path, step)["guidance"] == "Take PUB-031 [MSApp] on your webhook and answer 201."


GIVEN = "with: {recipient: REGS, message: PUB-031, seconds: 5}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "use: takes",
            "use: take",
            "tiny.yaml:26: /steps/1/use: There is no step template take. Is takes meant?",
        ),
        ("    use: takes\n", "", "tiny.yaml:26: /steps/1/with: These are values for a step template: name"),
        (
            "seconds: 5",
            "second: 5",
            "yaml:27: /steps/1/with/second: takes has no parameter second. Its param",
        ),
        (
            "seconds: 5",
            "second: 5",
            "tiny.yaml:27: /steps/1/with: takes needs these parameters, too: seconds.",
        ),
        (
            GIVEN,
            "with: [REGS]",
            "/steps/1/with: A mapping of the parameters of takes is expected: recipient,",
        ),
        ("seconds: 5", "seconds: [5]", "/steps/1/with/seconds: A text, a number, true or false is expected"),
        ("recipient: REGS", "recipient: R", "tiny.yaml:27: /steps/1/recipient: R is not among the roles"),
        ("message: PUB-031", "message: IF-031", "tiny.yaml:27: /steps/1/message: A message from DIP to REGS"),
        (
            "publishes: 1",
            "publishes: x",
            "tiny.yaml:28: /steps/1/publishes: A whole number is expected here.",
        ),
        ("publishes: 1", "hints: null", "/steps/1/hints: Null removes what a template gives, and this one"),
        (
            "publishes: 1",
            "expect: [{field: /a, present: true}]",
            "tiny.yaml:28: /steps/1/expect/2/sentence: T",
        ),
    ],
)
def test_a_mistake_of_a_step_is_named_where_it_was_made(folder: Path, old: str, new: str, words: str) -> None:
    assert old in STEP
    write(folder, STEP.replace(old, new))
    found = told(folder)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "Take <message>",
            "Take <messages>",
            "takes.yaml:6: /step/guidance: <messages> is not among the param",
        ),
        ("seconds]", "seconds, more]", "takes.yaml:1: /parameters/3: The step does not use <more>."),
        (
            "[recipient, message, seconds]",
            "recipient",
            "/parameters: A list of names is expected here, not rec",
        ),
        ("step:\n", "other: 1\nstep:\n", "takes.yaml:2: /other: A step template has parameters and step, no"),
        ("  source: DIP", "  sorce: DIP", "takes.yaml:3: /step/sorce: sorce is not a field of a step."),
        ("  source: DIP", "  step: 3", "takes.yaml:3: /step/step: The step that uses a template gives step"),
        (
            TEMPLATE,
            "- a\n",
            "takes.yaml:1: /: A step template is a mapping with parameters (names) and step.",
        ),
        ("evidence: Auto", "evidence: Some", "steps/takes.yaml:7: /steps/1/evidence: Input should be"),
        (
            "M0/MPANCore",
            "M0/MPAN",
            "steps/takes.yaml:9: /steps/1/expect/0/field: /payload/CommonBlock/M0/MPAN",
        ),
        ("step:", "step: [", "steps/takes.yaml:4: /: The file cannot be read"),
    ],
)
def test_a_mistake_of_a_template_is_named_in_the_template(
    folder: Path, old: str, new: str, words: str
) -> None:
    assert old in TEMPLATE
    (folder / "steps" / "takes.yaml").write_text(TEMPLATE.replace(old, new, 1))
    write(folder)
    found = told(folder)
    assert any(words in problem for problem in found), found


def test_a_template_that_nothing_uses_is_named_and_can_be_checked_alone(folder: Path) -> None:
    write(folder, "")
    assert told(folder) == ["steps/takes.yaml:1: /: Nothing uses this step template: use it or delete it."]
    assert lint(folder / "steps" / "takes.yaml") == []


def test_every_shipped_template_says_first_what_it_is_for() -> None:
    for path in (SHIPPED / "steps").glob("*.yaml"):
        assert path.read_text().startswith("# "), path.name
