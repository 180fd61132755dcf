"""The importer: any published version, and every part it cannot read named with file and pointer."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
import yaml

from contracts import available_versions, load_catalogue
from contracts.errors import CatalogueInvalid, ImportRefused
from contracts.importer import import_spec, write_catalogue
from contracts.samples import sample
from contracts.validation import Validator
from tests.contract import tiny_spec
from tests.contract.elexon import spec_directory

INTERFACES = "Interfaces-EventCodes-unresolved.yaml"
BLOCKS = "RealCommonBlocks-unresolved.yaml"
ITEMS = "DataCatalogue-unresolved.yaml"


@pytest.fixture
def spec():
    return tiny_spec.documents()


def schemas(spec, file):
    return spec[file]["components"]["schemas"]


def imported(spec, tmp_path, **options):
    return import_spec(tiny_spec.write(spec, tmp_path / "spec"), **options)


def test_a_directory_becomes_a_catalogue(spec, tmp_path):
    report = imported(spec, tmp_path)
    catalogue = report.catalogue
    assert report.problems == ()
    assert catalogue.version == "9.9.9"
    assert list(catalogue.interfaces) == ["IF-001", "IF-002"]
    assert catalogue.interfaces["IF-001"].events == ("[First]", "[Second]")
    assert catalogue.schema_version("IF-002") == "012"
    assert catalogue.variant("IF-001", "Second").custom.field("B001").required is False


def test_items_keep_their_numbers_and_the_facts_of_their_data_type(spec, tmp_path):
    items = imported(spec, tmp_path).catalogue.items
    core = items["DI-063-MPAN-Core"]
    assert (core.number, core.name) == ("DI-063", "MPAN-Core")
    assert (core.type, core.min_length, core.max_length, core.pattern) == ("string", 13, 13, r"^\d{13}?$")
    assert items["DI-401-Size"].minimum == 1


def test_nullable_is_the_effective_answer(spec, tmp_path):
    schemas(spec, ITEMS)["DI-403-Quirk"] = {"type": "string", "nullable": True, "enum": ["A"]}
    items = imported(spec, tmp_path).catalogue.items
    assert items["DI-400-Colour"].nullable
    assert items["DI-400-Colour"].enum == ("RED", "BLUE")
    assert not items["DI-403-Quirk"].nullable, "the enumeration excludes null again"


def test_descriptions_are_not_taken_over(spec, tmp_path):
    folder = write_catalogue(imported(spec, tmp_path).catalogue, tmp_path / "out")
    assert not any("not to be taken over" in path.read_text() for path in folder.iterdir())


def test_codes_get_their_texts_from_the_comments(spec, tmp_path):
    codes = imported(spec, tmp_path).catalogue.codes
    assert codes["MSG0000"].text == "Success"
    assert codes["REG0001"].text == "Something is wrong"


def test_the_official_validation_paths_are_known_with_their_variant(spec, tmp_path):
    endpoints = imported(spec, tmp_path).catalogue.endpoints
    assert [(e.path, e.variant) for e in endpoints] == [
        ("/validate/IF-001/First", "First"),
        ("/validate/IF-002/Only", "Only"),
    ]


@pytest.mark.parametrize("form", [tiny_spec.bundled, tiny_spec.inlined], ids=["bundled", "inlined"])
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_one_resolved_document_gives_the_same_verdicts(spec, tmp_path, form, suffix):
    whole = form(spec)
    path = tmp_path / f"api-spec-9.9.9-resolved.{suffix}"
    path.write_text(json.dumps(whole) if suffix == "json" else yaml.safe_dump(whole))
    from_directory = imported(spec, tmp_path).catalogue
    from_document = import_spec(path).catalogue
    assert from_document.version == "9.9.9"
    assert from_document.codes["MSG0000"].text == "Success", "known from the versions that ship"
    assert list(from_document.codes) == ["MSG0000", "REG0001"]
    for interface in from_directory.interfaces.values():
        for event in interface.events:
            for seed in range(5):
                message = sample(from_directory, interface.name, event, seed=seed, wild=True)
                assert Validator(from_document, semantics=None).check(message).valid
                bad = sample(from_directory, interface.name, event, seed=seed, invalid="missing-field")
                assert not Validator(from_document, semantics=None).check(bad).valid


def test_references_to_the_former_home_are_followed(spec, tmp_path):
    swagger_hub = "https://api.swaggerhub.com/domains/MHHSPROGRAMME/"
    schemas(spec, BLOCKS)["M0"]["properties"]["MPANCore"] = tiny_spec.reference(
        "DataCatalogue", "DI-063-MPAN-Core", base=swagger_hub, suffix="/1.8.3"
    )
    assert imported(spec, tmp_path).problems == ()


def test_an_unknown_interface_a_removed_block_and_a_new_value_import_the_broken_reference_is_named(
    spec, tmp_path
):
    schemas(spec, INTERFACES)["IF-777-Payload"] = tiny_spec.payload("IF-777", ["[New]"], {"B001": True})
    alternatives = schemas(spec, "SubmitEvents-unresolved.yaml")["DIPMessage"]["properties"]["payload"][
        "oneOf"
    ]
    alternatives.append(tiny_spec.reference("Interfaces-EventCodes", "IF-777-Payload"))
    schemas(spec, ITEMS)["DI-400-Colour"]["enum"].append("GREEN")
    del schemas(spec, BLOCKS)["B002"]  # IF-001 Second and IF-002 still refer to it

    with pytest.raises(ImportRefused) as refused:
        imported(spec, tmp_path)
    report = imported(spec, tmp_path, keep_going=True)

    assert len(report.problems) == 2
    for problem in report.problems:
        assert problem.file == INTERFACES
        assert problem.pointer.endswith("/CustomBlock/properties/B002")
        assert str(problem) in str(refused.value)
    catalogue = report.catalogue
    assert "IF-777" in catalogue.interfaces
    assert "GREEN" in catalogue.items["DI-400-Colour"].enum
    check = Validator(catalogue, semantics=None).check
    message = sample(catalogue, "IF-777", "New", overrides={"/payload/CustomBlock/B001/colour": "GREEN"})
    assert check(message).valid
    assert check(sample(catalogue, "IF-002", "Only")).valid, "what could not be read takes any value"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "string", "contentEncoding": "base64"}, "keyword contentEncoding"),
        ({"type": "file"}, "type file"),
        ({"type": "string", "pattern": "(["}, "pattern cannot be read"),
        ({"$ref": "#/components/schemas/DI-400-Colour"}, "circle"),
        ("nonsense", "not a schema"),
    ],
)
def test_an_item_that_cannot_be_read_is_named(spec, tmp_path, change, complaint):
    schemas(spec, ITEMS)["DI-400-Colour"] = change
    report = imported(spec, tmp_path, keep_going=True)
    assert any(complaint in problem.message for problem in report.problems)
    assert all("DI-400" in p.pointer or "colour" in p.pointer for p in report.problems)


def test_a_payload_without_a_header_is_named_and_left_out(spec, tmp_path):
    schemas(spec, INTERFACES)["IF-002-Payload"] = {"type": "object", "properties": {}}
    report = imported(spec, tmp_path, keep_going=True)
    assert list(report.catalogue.interfaces) == ["IF-001"]
    assert "no CommonBlock" in report.problems[0].message


def test_a_payload_that_no_message_may_be_is_named_once(spec, tmp_path):
    schemas(spec, INTERFACES)["IF-777-Payload"] = tiny_spec.payload("IF-777", ["[New]"], {"B001": True})
    with pytest.raises(ImportRefused):
        imported(spec, tmp_path)
    report = imported(spec, tmp_path, keep_going=True)
    [problem] = report.problems
    assert (problem.file, problem.pointer) == (INTERFACES, "/components/schemas/IF-777-Payload")
    assert "DIPMessage does not list this payload" in problem.message
    assert "IF-777" not in report.catalogue.interfaces


def test_a_block_that_contains_itself_is_named(spec, tmp_path):
    schemas(spec, BLOCKS)["B001"]["properties"]["inner"] = {"$ref": "#/components/schemas/B001"}
    problems = imported(spec, tmp_path, keep_going=True).problems
    assert [p.message for p in problems] == ["a block that contains itself"]


def test_null_may_be_added_to_a_reference_the_openapi_way(spec, tmp_path):
    colour = {"nullable": True, "allOf": [tiny_spec.reference("DataCatalogue", "DI-401-Size")]}
    schemas(spec, BLOCKS)["B001"]["properties"]["size"] = colour
    field = imported(spec, tmp_path).catalogue.blocks["B001"].field("size")
    assert field.type.nullable
    assert field.type.maximum == 9


def test_an_older_version_without_message_schema_codes_or_version_still_imports(spec, tmp_path):
    del spec["SubmitEvents-unresolved.yaml"]
    report = imported(spec, tmp_path, version="0.9")
    assert report.catalogue.version == "0.9"
    assert list(report.catalogue.interfaces) == ["IF-001", "IF-002"]
    del spec["ResponseCodes-unresolved.yaml"]
    report = import_spec(tiny_spec.write(spec, tmp_path / "bare"), version="0.8", keep_going=True)
    assert "no response codes" in report.problems[0].message


def test_a_version_from_before_the_event_variants_imports_and_takes_any_event(spec, tmp_path):
    header = schemas(spec, INTERFACES)["IF-002-Payload"]["properties"]["CommonBlock"]["properties"]["S0"]
    for field in header["properties"].values():
        del field["enum"]
    catalogue = imported(spec, tmp_path).catalogue
    assert catalogue.interfaces["IF-002"].events == ()
    assert catalogue.schema_version("IF-002") == ""
    message = sample(catalogue, "IF-002", "Whatever")
    for validator in (Validator(catalogue), Validator(catalogue, literal=True)):
        assert validator.check(message).valid
        assert not validator.check(sample(catalogue, "IF-002", "Whatever", invalid="missing-field")).valid
    write_catalogue(catalogue, tmp_path)
    again = load_catalogue("9.9.9", directories=[tmp_path])
    assert again.interfaces["IF-002"] == catalogue.interfaces["IF-002"]


def test_common_blocks_by_reference_are_the_same_as_described_in_place(spec, tmp_path):
    in_place = imported(spec, tmp_path).catalogue
    common = schemas(spec, INTERFACES)["IF-002-Payload"]["properties"]["CommonBlock"]
    schemas(spec, BLOCKS)["S0"] = common["properties"]["S0"]
    schemas(spec, BLOCKS)["IF-002-Common"] = common
    common["properties"]["S0"] = tiny_spec.reference("RealCommonBlocks", "S0")
    schemas(spec, INTERFACES)["IF-002-Payload"]["properties"]["CommonBlock"] = tiny_spec.reference(
        "RealCommonBlocks", "IF-002-Common"
    )
    by_reference = imported(spec, tmp_path).catalogue
    assert dict(by_reference.interfaces) == dict(in_place.interfaces)


def test_what_is_no_specification_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("just: text")
    with pytest.raises(ImportRefused, match="no OpenAPI document"):
        import_spec(tmp_path)
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(CatalogueInvalid, match=r"a\.yaml"):
        import_spec(tmp_path)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(CatalogueInvalid, match=r"b\.json"):
        import_spec(tmp_path / "b.json")
    with pytest.raises(ImportRefused, match="cannot be read"):
        import_spec(tmp_path / "nowhere.yaml")


def test_an_imported_catalogue_is_found_by_name_and_reloaded_when_written_again(spec, tmp_path):
    home = tmp_path / "contracts"
    catalogue = imported(spec, tmp_path).catalogue
    folder = write_catalogue(catalogue, home)
    assert folder == home / "9.9.9"
    assert "9.9.9" in available_versions([home])
    loaded = load_catalogue("9.9.9", directories=[home])
    assert dict(loaded.interfaces) == dict(catalogue.interfaces)
    assert loaded is load_catalogue("9.9.9", directories=[home])

    schemas(spec, ITEMS)["DI-400-Colour"]["enum"].append("GREEN")
    write_catalogue(imported(spec, tmp_path).catalogue, home)
    colours = load_catalogue("9.9.9", directories=[home]).items["DI-400-Colour"].enum
    assert colours is not None
    assert "GREEN" in colours


def test_items_used_under_one_name_with_different_rules_stay_apart(spec, tmp_path):
    for block in ("B001", "B002"):
        schemas(spec, BLOCKS)[block]["properties"]["note"] = {"type": "string", "maxLength": len(block)}
    schemas(spec, BLOCKS)["B002"]["properties"]["note"]["maxLength"] = 99
    catalogue = imported(spec, tmp_path).catalogue
    notes = {catalogue.blocks[b].field("note").type.max_length for b in ("B001", "B002")}
    assert notes == {4, 99}


def resolved_specs():
    """What a resolved document is made of: the small standard, and the published one where it is at hand."""
    found = {"tiny": tiny_spec.documents()}
    directory = spec_directory("2.1.0")
    if directory is not None:
        found["published"] = {
            path.name: yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
            for path in directory.glob("*.yaml")
        }
    return found.values()


def test_a_bundled_document_gives_the_same_catalogue(tmp_path):
    for number, documents in enumerate(resolved_specs()):
        directory = tiny_spec.write(documents, tmp_path / str(number))
        whole = tmp_path / f"{number}.json"
        whole.write_text(json.dumps(tiny_spec.bundled(documents)))
        apart, together = import_spec(directory).catalogue, import_spec(whole, keep_going=True).catalogue
        assert dict(together.interfaces) == dict(apart.interfaces)
        assert dict(together.items) == dict(apart.items)
        assert dict(together.blocks) == dict(apart.blocks)
        assert together.endpoints == apart.endpoints


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_the_committed_catalogue_is_what_the_importer_reads_today(version, tmp_path):
    """Where the published files are at hand; elsewhere the committed catalogue must at least survive a
    round trip through our notation."""
    directory = spec_directory(version)
    committed = load_catalogue(version)
    if directory is not None:
        report = import_spec(directory)
        assert report.problems == ()
        fresh = report.catalogue
    else:
        fresh = committed
    folder = write_catalogue(fresh, tmp_path)
    shipped = Path(load_catalogue.__code__.co_filename).parent / "catalogue" / version
    for path in sorted(folder.iterdir()):
        assert path.read_text() == (shipped / path.name).read_text(), path.name
    assert fresh.endpoints == committed.endpoints


def test_a_report_can_be_shown_as_json(spec, tmp_path):
    del schemas(spec, BLOCKS)["B002"]
    problems = imported(spec, tmp_path, keep_going=True).problems
    assert orjson.loads(orjson.dumps(problems))[0]["file"] == INTERFACES
