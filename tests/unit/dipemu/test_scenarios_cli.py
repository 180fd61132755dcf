"""``dipemu scenarios``: what is shown of a test case, and of a file of one's own."""

from __future__ import annotations

from pathlib import Path

import yaml
from typer.testing import CliRunner

from dipemu.cli import app
from services.qualification.scenario import load_scenario, load_scenarios

RUNNER = CliRunner()
MINE = """\
id: Mine
revision: 1
title: Mine
testScenario: Mine
testCase: Mine
summary: The DIP delivers what nobody sent.
contracts: ["2.1.0"]
extends: smart-site
steps:
  - step: 1
    description: Supplier receives it
    use: receives
    with: {recipient: SUP, message: PUB-036, event: MSAppActive}
"""


def run(*arguments: object) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["scenarios", *map(str, arguments)], env={"COLUMNS": "500"})
    return result.exit_code, result.output


def test_the_whole_of_a_test_case_is_shown_as_it_runs(tmp_path: Path) -> None:
    code, output = run("show", "REJ-REG1031-MS", "--resolved")
    assert code == 0
    assert not yaml.safe_load(output).keys() & {"extends"}
    assert all("use" not in step for step in yaml.safe_load(output)["steps"])
    (tmp_path / "whole.yaml").write_text(output)
    assert load_scenario(tmp_path / "whole.yaml") == load_scenarios()["REJ-REG1031-MS"]


def test_a_file_of_ones_own_is_shown_with_what_it_takes_from_the_product(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    code, output = run("show", path)
    assert code == 0
    assert "Metering Service (smart)" in output
    assert "PUB-036" in output
    code, output = run("show", path, "--resolved")
    assert yaml.safe_load(output)["mpan"]["siteData"]["marketSegmentIndicator"] == "S"


def test_a_file_with_mistakes_is_not_shown_but_told_of(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace("event: MSAppActive", "evnt: MSAppActive"))
    code, output = run("show", path, "--resolved")
    assert code == 2
    assert "mine.yaml:13: /steps/0/with/evnt: receives has no parameter evnt." in output.replace("\n", " ")


def test_a_test_case_that_is_not_there_is_a_mistake_of_usage() -> None:
    code, output = run("show", "REJ-REG0000-X")
    assert code == 2
    assert "There is no scenario REJ-REG0000-X." in output


def test_a_folder_of_ones_own_is_checked_with_its_bases(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "mine.yaml").write_text("extends: smart-site\ntimeouts: {participant: 900}\n")
    (tmp_path / "mine.yaml").write_text(MINE.replace("extends: smart-site", "extends: mine"))
    code, output = run("lint", tmp_path)
    assert (code, "no problems" in " ".join(output.split())) == (0, True)
    (tmp_path / "mine.yaml").write_text(MINE)
    code, output = run("lint", tmp_path)
    assert code == 1
    assert "Nothing uses this base" in output
