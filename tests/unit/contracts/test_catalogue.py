"""The shipped catalogues: facts of the standard, its quirks, and how they are found and written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contracts import available_versions, catalogue_digest, load_catalogue, routing
from contracts.errors import CatalogueInvalid, ContractError, UnknownVariant, UnknownVersion
from contracts.importer import write_catalogue
from contracts.model import DataItem
from contracts.notation_writer import write_items

CATALOGUE = load_catalogue("2.1.0")
ROOT = Path(__file__).parents[3]
_TIMED = (
    "import time, contracts; start = time.perf_counter(); contracts.load_catalogue('2.1.0');"
    "print(time.perf_counter() - start)"
)


def test_both_versions_ship_oldest_first():
    assert available_versions() == ("2.0.1", "2.1.0")


def test_loading_takes_less_than_three_tenths_of_a_second():
    run = subprocess.run([sys.executable, "-c", _TIMED], cwd=ROOT, capture_output=True, check=True, text=True)
    assert float(run.stdout) < 0.3


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_all_interfaces_events_and_endpoints_are_there(version):
    catalogue = load_catalogue(version)
    assert len(catalogue.interfaces) == 58
    assert sum(name.startswith("REP-") for name in catalogue.interfaces) == 12
    assert sum(len(i.events) for i in catalogue.interfaces.values()) == 146
    assert len(catalogue.endpoints) == 127
    assert len({e.path for e in catalogue.endpoints}) == 127
    for endpoint in catalogue.endpoints:
        assert catalogue.variant(endpoint.interface, endpoint.event).name == endpoint.variant


def test_schema_versions():
    assert CATALOGUE.schema_version("IF-031") == "011"
    assert CATALOGUE.schema_version("IF-051") == "001"
    assert CATALOGUE.schema_version("REP-002A") == "008"


def test_variants_are_found_with_and_without_brackets():
    assert CATALOGUE.variant("IF-031", "[MSApp]") is CATALOGUE.variant("IF-031", "MSApp")
    assert CATALOGUE.variant("IF-041", "ReadingCOS").events[0] == "[ReadingRemote]"
    with pytest.raises(UnknownVariant, match=r"IF-031 has no event \[Nothing\] in version 2\.1\.0"):
        CATALOGUE.variant("IF-031", "Nothing")
    with pytest.raises(UnknownVariant, match="no interface IF-999"):
        CATALOGUE.schema_version("IF-999")


def test_the_composition_of_a_variant():
    variant = CATALOGUE.variant("IF-031", "MSApp")
    assert [f.name for f in variant.common.fields if f.required] == ["S0", "S1", "M0"]
    assert [(f.name, f.required) for f in variant.custom.fields] == [("B013", False), ("B070", True)]
    periods = CATALOGUE.blocks["B901"].field("consumptionPeriods")
    assert periods is not None
    assert periods.max_items == 48
    assert CATALOGUE.variant("IF-015", "ConsumptionReplay").custom.fields == ()


def test_an_unknown_version_is_told_with_those_there_are():
    with pytest.raises(UnknownVersion, match=r"no catalogue of version 1\.0; there are: 2\.0\.1, 2\.1\.0"):
        load_catalogue("1.0")


def test_a_directory_of_the_user_goes_before_what_ships(tmp_path):
    folder = write_catalogue(CATALOGUE, tmp_path)
    text = (folder / "codes.yaml").read_text()
    (folder / "codes.yaml").write_text(text.replace("MSG0000: Success", "MSG0000: Mine"))
    assert load_catalogue("2.1.0", directories=[tmp_path]).codes["MSG0000"].text == "Mine"
    assert CATALOGUE.codes["MSG0000"].text == "Success"


def test_a_catalogue_may_bring_its_own_routing(tmp_path):
    folder = write_catalogue(CATALOGUE, tmp_path)
    (folder / "routing.yaml").write_text("IF-031: {from: SUP, always: REGS}\n")
    own = load_catalogue("2.1.0", directories=[tmp_path])
    assert routing.rule(own, "IF-031").always == {"REGS"}


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("blocks.yaml", "B001: {x: NOWHERE}", "NOWHERE is neither an item nor a block"),
        ("blocks.yaml", "B001: {x: '[DI-063-MPAN-Core'}", "is not a field"),
        ("blocks.yaml", "'B001 (OPEN)': {}", "is not a name"),
        ("interfaces.yaml", "IF-001: [1]", "2.1.0"),
        ("items.yaml", "- 1", "not a mapping"),
        ("codes.yaml", "a: [", "codes.yaml"),
    ],
)
def test_a_broken_catalogue_is_told_with_its_file(tmp_path, file, text, complaint):
    folder = write_catalogue(CATALOGUE, tmp_path)
    (folder / file).write_text(text)
    with pytest.raises(CatalogueInvalid, match=re.escape(complaint)):
        load_catalogue("2.1.0", directories=[tmp_path])


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_our_notation_loses_nothing(version, tmp_path):
    catalogue = load_catalogue(version)
    write_catalogue(catalogue, tmp_path)
    again = load_catalogue(version, directories=[tmp_path])
    assert again is not catalogue
    for part in ("items", "blocks", "interfaces", "codes", "endpoints"):
        assert getattr(again, part) == getattr(catalogue, part), part


def test_awkward_texts_survive_the_notation(tmp_path):
    from contracts.notation import Reader, read_yaml

    enum = ("N", "no", "null", "011", "a'b", "_A", "x: y", "#", "\u00a0", " lead", "1.0", "é", "line\nend")
    item = DataItem("odd", "string", enum=enum, pattern="^'[A-Z]: #\\d$", multiple_of=0.001, minimum=-1.5)
    catalogue = type(CATALOGUE)("x", {"odd": item}, {}, {}, {})
    read = Reader(read_yaml(write_items(catalogue), "items"), {}).items
    assert read == {"odd": item}


def test_no_sentence_of_the_published_descriptions_is_shipped():
    """Facts only. Response texts are values on the wire; nothing else may read like prose."""
    for version in available_versions():
        folder = ROOT / "contracts" / "catalogue" / version
        for path in folder.glob("*.yaml"):
            if path.name != "codes.yaml":
                assert not re.search(r"\b(the|which|that|should|of the)\b", path.read_text()), path


# --- quirks of the published material (facts 3.10), kept because the verdict is the schema's


def test_quirk_channels_030_and_042_are_described_but_have_no_schema():
    assert "IF-030" not in CATALOGUE.interfaces
    assert "IF-042" not in CATALOGUE.interfaces


def test_quirk_the_period_duration_can_only_be_30():
    duration = CATALOGUE.items["DI-081-Settlement-Period-Duration"]
    assert (duration.minimum, duration.maximum, duration.multiple_of) == (30, 30, 15)


def test_quirk_related_create_also_takes_the_events_of_its_siblings():
    events = next(v for v in CATALOGUE.interfaces["IF-020"].variants if v.name == "RelatedCreate").events
    assert events == ("[RelatedCreate]", "[RelatedAdd]", "[RelatedRemove]")
    assert CATALOGUE.variant("IF-020", "RelatedAdd").name == "RelatedAdd"


def test_quirk_the_event_spelling_is_the_swaggers():
    assert CATALOGUE.interfaces["IF-032"].events == ("[MSAppInitialResp]", "[DSAppInitialResp]")


def test_quirk_some_blocks_are_open_and_some_forgot_their_type():
    assert {b.key for b in CATALOGUE.blocks.values() if b.open and b.key.startswith("B")} == {
        "B013",
        "B025",
        "B091",
        "B908",
    }
    assert [b.key for b in CATALOGUE.blocks.values() if b.untyped] == ["B085"]
    untyped = {v.interface for v in CATALOGUE.variants() if v.common.untyped}
    assert untyped == {"IF-050", "IF-061", "IF-062", "IF-063", "IF-064", "IF-065"}


def test_quirk_the_load_shape_domestic_indicator_is_nullable_but_may_not_be_null():
    item = CATALOGUE.items["DI-031-Load-Shape-Domestic-Premise-Indicator"]
    assert (item.nullable, item.enum) == (False, ("T", "F"))


def test_quirk_the_publication_is_not_enumerated_where_it_is_used():
    """The published list lacks PUB-004, PUB-051 and REP-003A; D0 only counts characters."""
    field = CATALOGUE.blocks["D0"].field("publicationID")
    assert field is not None
    assert isinstance(field.type, DataItem)
    assert field.type.enum is None


def test_quirk_the_reference_pattern_came_with_2_1_0():
    assert load_catalogue("2.0.1").items["DI-995-Sender-Unique-Reference"].pattern is None
    assert CATALOGUE.items["DI-995-Sender-Unique-Reference"].pattern is not None


def test_quirk_the_obfuscated_value_is_part_of_the_response_codes():
    assert CATALOGUE.items["DI-979-Response-Code"].enum == ("A", "R", "L", "W", "x")


# --- response codes


def test_codes_have_the_official_text_family_and_sender():
    assert CATALOGUE.code_text("MSG1001") == "MSG1001 - Schema Failure"
    assert CATALOGUE.code_text("XYZ1") == "XYZ1"
    code = CATALOGUE.codes["REG0005"]
    assert (code.family, code.senders) == ("REG", frozenset({"REGS"}))
    assert CATALOGUE.codes["MSG1001"].senders == {"DIP"}
    assert CATALOGUE.codes["RCP9999"].senders == {"*"}
    assert CATALOGUE.codes["SP008"].text == "Address Information Insufficient or Invalid"


def test_every_code_is_described():
    for code in CATALOGUE.codes.values():
        assert code.text
        assert code.meaning
        assert code.senders
        assert code.family == code.code.rstrip("0123456789")
    assert "accepted" in CATALOGUE.codes["SP000"].meaning
    assert "migration" in CATALOGUE.codes["REG9001"].meaning


def test_all_faults_of_the_room_have_one_root():
    import contracts.errors as errors

    faults = [f for f in vars(errors).values() if isinstance(f, type) and issubclass(f, Exception)]
    assert all(issubclass(fault, ContractError) for fault in faults)
    for fault in faults:
        assert fault.__name__ in errors.__doc__


def test_a_catalogue_is_known_by_what_sha256sum_prints_of_its_files(tmp_path: Path):
    shutil.copytree(ROOT / "contracts" / "catalogue" / "2.1.0", tmp_path / "2.1.0")
    shutil.copy(ROOT / "contracts" / "catalogue" / "routing.yaml", tmp_path / "2.1.0")
    command = ["sh", "-c", "LC_ALL=C sha256sum *.yaml | sha256sum | cut -d' ' -f1"]
    printed = subprocess.run(command, cwd=tmp_path / "2.1.0", capture_output=True, text=True, check=True)
    assert catalogue_digest("2.1.0") == printed.stdout.strip()
    assert catalogue_digest("2.1.0", [tmp_path]) == catalogue_digest("2.1.0")
    with (tmp_path / "2.1.0" / "codes.yaml").open("a") as file:
        file.write("# another edition\n")
    assert catalogue_digest("2.1.0", [tmp_path]) != catalogue_digest("2.1.0")
    with pytest.raises(UnknownVersion):
        catalogue_digest("0.0.1")
