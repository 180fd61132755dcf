"""``extends``: what a scenario takes from bases, and what is said when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.qualification.chain import digest
from services.qualification.errors import ScenarioInvalid
from services.qualification.manifest import canonical
from services.qualification.scenario import as_yaml, lint, load_scenario, load_scenarios
from services.qualification.scenario_files import yaml_files
from tests.unit.qualification.given import SCENARIO_ID
from tests.unit.qualification.test_scenario import GOOD, SHIPPED

BASE = """\
timeouts: {participant: 20}
roles:
  SUPI: {role: SUP, title: Incoming supplier}
  REGS: {role: REGS, title: Registration Service, participant: false}
data:
  supplyStartDate: {ukMidnightDaysAhead: 7}
  reference: "QT-${run.number}"
mpan:
  distributor: 10
  siteData:
    supplierDIPID: "${roles.SUPI.dipId}"
    meters: [{meterID: A}, {meterID: B}]
prepare:
  - {service: registration, command: load_mpan, to: REGS}
"""
OWN = """\
extends: site
data:
  supplyStartDate: {ukMidnightDaysAhead: 9}
mpan:
  siteData:
    meters: [{meterID: C}]
"""
HEAD, STEPS = GOOD[: GOOD.index("roles:")], GOOD[GOOD.index("steps:") :]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bases").mkdir()
    (tmp_path / "theme").mkdir()
    (tmp_path / "bases" / "site.yaml").write_text(BASE)
    return tmp_path


def write(folder: Path, own: str = OWN, name: str = "theme/tiny.yaml") -> Path:
    path = folder / name
    path.write_text(HEAD + own + STEPS)
    return path


def content(path: Path) -> dict[str, Any]:
    return load_scenario(path).model_dump(mode="json", by_alias=True, exclude_unset=True)


def told(path: Path) -> list[str]:
    return [str(problem).replace(f"{path}/", "") for problem in lint(path)]


def test_a_scenario_has_what_its_base_gives(folder: Path) -> None:
    loaded = content(write(folder, "extends: site\n"))
    base = yaml.safe_load(BASE)
    assert loaded["roles"] == base["roles"]
    assert loaded["mpan"] == base["mpan"]
    assert loaded["timeouts"] == {"participant": 20.0}
    assert "extends" not in loaded


def test_mappings_merge_and_what_the_scenario_says_wins_and_lists_are_replaced(folder: Path) -> None:
    loaded = content(write(folder))
    assert loaded["data"]["supplyStartDate"] == {"ukMidnightDaysAhead": 9}
    assert loaded["data"]["reference"] == "QT-${run.number}"
    site = loaded["mpan"]["siteData"]
    assert site == {"supplierDIPID": "${roles.SUPI.dipId}", "meters": [{"meterID": "C"}]}
    assert loaded["mpan"]["distributor"] == 10


def test_null_removes_at_any_depth(folder: Path) -> None:
    own = "extends: site\ntimeouts: null\ndata: {reference: null}\nroles: {REGS: {participant: null}}\n"
    loaded = content(write(folder, own))
    assert "timeouts" not in loaded
    assert loaded["data"] == {"supplyStartDate": {"ukMidnightDaysAhead": 7}}
    assert loaded["roles"]["REGS"] == {"role": "REGS", "title": "Registration Service"}


def test_orders_to_prepare_come_after_those_of_the_base_unless_null_removes_them(folder: Path) -> None:
    more = "extends: site\nprepare:\n  - {service: css_stub, command: hold, to: REGS}\n"
    assert [order["command"] for order in content(write(folder, more))["prepare"]] == ["load_mpan", "hold"]
    assert "prepare" not in content(write(folder, "extends: site\nprepare: null\n"))


def test_a_base_extends_another(folder: Path) -> None:
    (folder / "bases" / "slow.yaml").write_text("extends: site\ntimeouts: {participant: 900, settle: 5}\n")
    loaded = content(write(folder, "extends: slow\ntimeouts: {settle: 6}\n"))
    assert loaded["timeouts"] == {"participant": 900.0, "settle": 6.0}
    assert told(folder) == []


def test_the_order_of_roles_is_that_of_the_base_then_of_the_scenario(folder: Path) -> None:
    own = "extends: site\nroles:\n  LDSO: {role: LDSO, title: Distributor}\n  SUPI: {title: Supplier}\n"
    loaded = content(write(folder, own))
    assert list(loaded["roles"]) == ["SUPI", "REGS", "LDSO"]
    assert loaded["roles"]["SUPI"] == {"role": "SUP", "title": "Supplier"}


def test_scenarios_beside_the_folder_of_bases_find_them_too(folder: Path) -> None:
    assert content(write(folder, name="flat.yaml")) | {"theme": ""} == content(write(folder)) | {"theme": ""}


def test_scenarios_of_ones_own_extend_what_comes_with_the_product(tmp_path: Path) -> None:
    roles = "roles: {SUPI: {role: SUP, title: Incoming supplier}}\n"
    loaded = content(write(tmp_path, f"extends: smart-site\n{roles}", "mine.yaml"))
    assert loaded["mpan"]["siteData"]["marketSegmentIndicator"] == "S"
    assert list(loaded["roles"]) == ["SUP", "REGS", "MSS", "SDS", "LDSO", "SUPI"]
    assert load_scenarios([tmp_path])["SITFTS9999-Tiny"].mpan.distributor == 10


def test_a_base_of_ones_own_goes_before_one_of_the_product_with_its_name(folder: Path) -> None:
    (folder / "bases" / "site.yaml").rename(folder / "bases" / "smart-site.yaml")
    assert content(write(folder, "extends: smart-site\n"))["timeouts"] == {"participant": 20.0}


def test_what_is_hashed_does_not_depend_on_which_file_says_it(folder: Path) -> None:
    spread = write(folder)
    whole = folder / "theme" / "whole.yaml"
    whole.write_text(as_yaml(load_scenario(spread)))
    assert "extends" not in whole.read_text()
    assert digest(canonical(content(whole))) == digest(canonical(content(spread)))
    moved = yaml.safe_load(BASE)["timeouts"]
    (folder / "bases" / "site.yaml").write_text(BASE.replace("timeouts: {participant: 20}\n", ""))
    again = write(folder, f"{OWN}timeouts: {moved}\n")
    assert digest(canonical(content(again))) == digest(canonical(content(whole)))


def test_every_shipped_scenario_shown_whole_loads_as_the_same(tmp_path: Path) -> None:
    for path in yaml_files(SHIPPED)[::9]:
        shipped = load_scenario(path)
        (tmp_path / path.name).write_text(as_yaml(shipped))
        assert load_scenario(tmp_path / path.name) == shipped


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("extends: siet\n", "theme/tiny.yaml:8: /extends: There is no base siet. Is site meant?"),
        ("extends: xyz\n", "/extends: There is no base xyz. There are: advanced-services, advanced-site,"),
        ("extends: ../bases/site\n", "/extends: There is no base ../bases/site."),
        ("extends: [site]\n", "/extends: There is no base ['site']."),
        (
            "extends: site\ndata: {referense: null}\n",
            "tiny.yaml:9: /data/referense: Null removes what a base",
        ),
        ("extends: site\nroles: {SUPI: {participant: 3}}\n", "tiny.yaml:9: /roles/SUPI/participant: true or"),
        ("extends: site\nroles: {SUPI: {participant: 3}}\n", "false is expected here. Seen: 3."),
        ("extends: site\nroles: {REGS: null}\n", "tiny.yaml:21: /steps/1/recipient: REGS is not among"),
        ("extends: site\nprepare: [{service: css_stub, command: hold, to: X}]\n", "yaml:9: /prepare/1/to: X"),
    ],
)
def test_a_mistake_of_the_scenario_is_named_in_its_file(folder: Path, own: str, words: str) -> None:
    write(folder, own)
    found = told(folder)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "title: Incoming supplier",
            "titel: X",
            "bases/site.yaml:3: /roles/SUPI/titel: This field is not part",
        ),
        ("role: SUP,", "role: 5,", "bases/site.yaml:3: /roles/SUPI/role: A text is expected here"),
        ("${roles.SUPI.dipId}", "${x}", "bases/site.yaml:11: /mpan/siteData/supplierDIPID: ${x} is not"),
        ("to: REGS", "to: X", "bases/site.yaml:14: /prepare/0/to: X is not among the roles"),
        ("timeouts:", "title: Base\ntimeouts:", "bases/site.yaml:1: /title: A base does not give title."),
        ("distributor: 10", "distributor: 10\n  distributor: 11", "site.yaml:10: /mpan/distributor: distrib"),
        ("roles:", "roles: [", "bases/site.yaml:4: /: The file cannot be read"),
        (
            BASE,
            "- a list",
            "bases/site.yaml:1: /: A base is a mapping of timeouts, roles, data, mpan, prepare.",
        ),
        ("timeouts", "extends: tiny\ntimeouts", "bases/site.yaml:1: /extends: There is no base tiny."),
    ],
)
def test_a_mistake_of_the_base_is_named_in_the_base(folder: Path, old: str, new: str, words: str) -> None:
    assert old in BASE
    (folder / "bases" / "site.yaml").write_text(BASE.replace(old, new, 1))
    path = write(folder)
    found = told(folder)
    assert any(words in problem for problem in found), found
    with pytest.raises(ScenarioInvalid, match=r"bases/site\.yaml"):
        load_scenario(path)


def test_a_mistake_of_a_base_is_told_once_with_the_scenarios_that_have_it(folder: Path) -> None:
    (folder / "bases" / "site.yaml").write_text(BASE.replace("title: Incoming supplier", "titel: X"))
    write(folder, name="theme/a.yaml")
    write(folder, name="theme/b.yaml")
    found = told(folder)
    assert len(found) == 2  # a title is missing, and titel is not known
    assert all(problem.endswith("(found when reading theme/a.yaml and 1 more)") for problem in found)


def test_bases_in_a_circle_are_refused(folder: Path) -> None:
    (folder / "bases" / "site.yaml").write_text("extends: other\n" + BASE)
    (folder / "bases" / "other.yaml").write_text("extends: site\n")
    write(folder)
    (problem,) = told(folder)
    assert problem.startswith("bases/other.yaml:1: /extends: This leads in a circle: site → other → site.")


def test_a_base_that_nothing_uses_is_named(folder: Path) -> None:
    write(folder)
    (folder / "bases" / "old.yaml").write_text(BASE)
    assert told(folder) == ["bases/old.yaml:1: /: Nothing uses this base: use it or delete it."]


def test_a_base_can_be_checked_alone(folder: Path) -> None:
    assert told(folder / "bases" / "site.yaml") == []
    (folder / "bases" / "site.yaml").write_text("steps: []\n")
    (problem,) = lint(folder / "bases" / "site.yaml")
    assert problem.text == "A base does not give steps. It may give timeouts, roles, data, mpan, prepare."
    assert lint(folder / "bases") == [problem]


def test_no_base_is_taken_for_a_scenario() -> None:
    assert SCENARIO_ID in load_scenarios()
    assert {path.parent.name for path in yaml_files(SHIPPED)}.isdisjoint({"bases", "steps"})


def test_the_document_of_the_format_names_every_base() -> None:
    text = (SHIPPED / "README.md").read_text()
    assert [path.stem for path in (SHIPPED / "bases").glob("*.yaml") if f"`{path.stem}`" not in text] == []
