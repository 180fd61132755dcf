"""``dipemu contracts``: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from contracts import load_catalogue
from dipemu.catalogues import catalogue, directories, is_version_name, origin
from dipemu.cli import app
from dipemu.cli.up import settings_for

RUNNER = CliRunner()


def run(*arguments: object, data: Path | None = None):
    where = ["--data", str(data)] if data else []
    return RUNNER.invoke(app, [*map(str, arguments), *where], env={"COLUMNS": "200"})


def published(version: str = "9.1.0", **schemas: Any) -> dict[str, Any]:
    """A resolved document with one interface, as small as the importer takes it."""
    header = {
        "type": "object",
        "properties": {
            "interfaceID": {"type": "string", "enum": ["IF-999"]},
            "schemaVersion": {"type": "string", "enum": ["012"]},
            "eventCode": {"type": "string", "enum": ["[New]"]},
        },
        "required": ["interfaceID", "schemaVersion", "eventCode"],
    }
    payload = {
        "type": "object",
        "properties": {
            "CommonBlock": {"type": "object", "properties": {"S0": header}, "required": ["S0"]},
            "CustomBlock": {
                "type": "object",
                "properties": {"B999": {"$ref": "#/components/schemas/B999"}},
                "required": ["B999"],
            },
        },
        "required": ["CommonBlock", "CustomBlock"],
    }
    block = {
        "type": "object",
        "properties": {"amount": {"$ref": "#/components/schemas/DI-999-Amount"}},
        "required": ["amount"],
    }
    return {
        "openapi": "3.0.0",
        "info": {"version": version, "title": "test"},
        "paths": {},
        "components": {
            "schemas": {
                "IF-999-New-Payload": payload,
                "B999": block,
                "DI-999-Amount": {"type": "integer", "minimum": 0},
                "DI-999-Response-Codes": {"type": "string", "enum": ["MSG0000"]},
                **schemas,
            }
        },
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.json"
    path.write_bytes(orjson.dumps(published()))
    return path


# --- list


def test_the_shipped_versions_are_listed(data):
    result = run("contracts", "list", data=data)

    assert result.exit_code == 0
    assert "2.0.1" in result.output
    assert "2.1.0" in result.output


def test_an_imported_version_is_listed_with_its_folder(data, spec):
    run("contracts", "import", spec, data=data)

    entries = orjson.loads(run("contracts", "list", "--json", data=data).output)

    assert [entry["version"] for entry in entries] == ["2.0.1", "2.1.0", "9.1.0"]
    assert [entry["served"] for entry in entries] == [False, True, False]
    assert entries[2]["from"] == str(data / "contracts" / "9.1.0")
    assert entries[2]["interfaces"] == 1


# --- show


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("IF-031",), ("IF-031 → PUB-031", "[MSApp]", "from       SUP", "REGS  (secondary)", "B013?")),
        (("IF-031", "MSApp"), ("proposedMeteringServiceMPID", "DI-213", "COS CSP USP SEG")),
        (("IF-031", "[MSApp]"), ("proposedMeteringServiceMPID",)),
        (("B070",), ("block B070", "DI-800", "IF-031-MSApp.B070")),
        (("DI-063",), ("13 digits, such as 2000056535971", "MPANCore", "not allowed", "M0.MPANCore")),
        (("REG1031",), ("Service Provider incompatible", "sent by    REGS")),
        (("RCP1021",), ("any recipient",)),
        (("B013",), ("further fields are allowed",)),
        (("B085",), ("published without a type",)),
    ],
)
def test_a_part_is_shown(data, arguments, expected):
    result = run("contracts", "show", *arguments, data=data)

    assert result.exit_code == 0
    for text in expected:
        assert text in result.output


def test_names_stay_whole_where_the_output_is_piped(data):
    result = RUNNER.invoke(
        app,
        ["contracts", "show", "REP-900", "DUoSSupplierInvData", "--data", str(data)],
        env={"COLUMNS": "60"},
    )
    names = load_catalogue("2.1.0").blocks["R900-04"].fields
    assert all(field.name in result.output for field in names)


def test_a_part_is_shown_as_json(data):
    found = orjson.loads(run("contracts", "show", "REG1031", "--json", data=data).output)
    assert (found["kind"], found["name"]) == ("code", "REG1031")


def test_what_is_not_there_is_named_with_the_nearest_name(data):
    result = run("contracts", "show", "IF-031", "MSAp", data=data)

    assert result.exit_code == 2
    assert "Did you mean MSApp?" in result.stderr
    assert "[MSApp], [DSApp]" in run("contracts", "show", "IF-031", "zzz", data=data).stderr


def test_a_version_that_is_not_there_is_named_with_those_there_are(data):
    result = run("contracts", "show", "IF-031", "--contract", "9.9", data=data)

    assert result.exit_code == 2
    assert "there are: 2.0.1, 2.1.0" in result.stderr


# --- diff


def test_what_changed_between_the_shipped_versions(data):
    result = run("contracts", "diff", "2.0.1", "2.1.0", data=data)

    assert result.exit_code == 0
    assert "items: 2 changed" in result.output
    assert "~ DI-566-List-Of-MPANS-On-Site" in result.output
    assert "nullable: yes → no" in result.output
    assert "in REP-900 [DUoSSupplierInvData]" in result.output
    assert "in every message" in result.output


def test_the_difference_as_json(data):
    found = orjson.loads(run("contracts", "diff", "2.0.1", "2.1.0", "--json", data=data).output)
    assert [change["name"] for change in found["changes"]] == [
        "DI-566-List-Of-MPANS-On-Site",
        "DI-995-Sender-Unique-Reference",
    ]


def test_no_differences_are_said_to_be_none(data):
    assert "no differences" in run("contracts", "diff", "2.1.0", "2.1.0", data=data).output


def test_an_imported_version_is_compared_by_name(data, spec):
    run("contracts", "import", spec, data=data)

    result = run("contracts", "diff", "2.1.0", "9.1.0", data=data)

    assert "+ IF-999" in result.output
    assert "- IF-031 [MSApp]" in result.output
    assert "+ DI-999-Amount" in result.output


def test_values_that_came_and_went_are_shown_without_those_that_stayed(data, tmp_path):
    for version, values in (("9.1.0", ["A", "B"]), ("9.2.0", ["A", "C"])):
        item = {"type": "string", "enum": values}
        path = tmp_path / f"{version}.json"
        path.write_bytes(orjson.dumps(published(version, **{"DI-999-Amount": item})))
        run("contracts", "import", path, data=data)

    result = run("contracts", "diff", "9.1.0", "9.2.0", data=data)

    assert "values: -B, +C" in result.output
    assert "stricter for some messages, looser for others" in result.output


# --- import


def test_an_imported_version_is_found_by_every_command(data, spec):
    result = run("contracts", "import", spec, data=data)

    assert result.exit_code == 0
    assert "imported 9.1.0: 1 interfaces, 1 events" in result.output
    shown = run("contracts", "show", "IF-999", "New", "--contract", "9.1.0", data=data)
    assert "amount" in shown.output
    message = run("sample", "IF-999", "New", "--contract", "9.1.0", data=data)
    assert orjson.loads(message.output)["payload"]["CommonBlock"]["S0"]["schemaVersion"] == "012"


def test_a_version_gets_another_name_with_as(data, spec):
    assert run("contracts", "import", spec, "--as", "9.1.0-draft", data=data).exit_code == 0
    assert catalogue(settings_for(data), "9.1.0-draft").version == "9.1.0-draft"


def test_yaml_is_imported_as_json_is(data, tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(published()))

    assert run("contracts", "import", path, data=data).exit_code == 0
    assert "IF-999" in catalogue(settings_for(data), "9.1.0").interfaces


def test_what_cannot_be_read_is_named_and_nothing_is_imported(data, tmp_path):
    path = broken(tmp_path)

    result = run("contracts", "import", path, data=data)

    assert result.exit_code == 1
    assert "spec.json#/components/schemas/B999/properties/amount" in result.stderr
    assert "broken reference" in result.stderr
    assert "Nothing was imported" in result.stderr
    assert not (data / "contracts").exists()


def test_the_rest_is_imported_when_asked_for(data, tmp_path):
    result = run("contracts", "import", broken(tmp_path), "--keep-going", data=data)

    assert result.exit_code == 0
    assert "not read: spec.json#/components/schemas/B999/properties/amount" in result.stderr
    assert "without the 1 parts named above" in result.output
    assert catalogue(settings_for(data), "9.1.0").blocks["B999"].field("amount") is not None


@pytest.mark.parametrize(
    ("content", "code"),
    [("{}", 1), ("not: [yaml", 1), (orjson.dumps(published("../outside")).decode(), 2)],
)
def test_a_document_that_is_none_is_refused(data, tmp_path, content, code):
    path = tmp_path / "spec.yaml"
    path.write_text(content)

    result = run("contracts", "import", path, data=data)

    assert result.exit_code == code
    assert not (data / "contracts").exists()


def test_a_path_that_is_not_there_is_a_usage_error(data, tmp_path):
    assert run("contracts", "import", tmp_path / "nothing", data=data).exit_code == 2


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "", "x" * 65])
def test_names_that_are_no_folder_of_their_own_name_no_version(name):
    assert not is_version_name(name)
    assert is_version_name("2.2.1-draft_3")


# --- docs and export


def test_the_reference_is_written(data, tmp_path):
    result = run("contracts", "docs", "--out", tmp_path / "reference", data=data)

    assert result.exit_code == 0
    assert "659 pages of version 2.1.0" in result.output
    assert (tmp_path / "reference" / "changes.html").is_file()


def test_the_reference_of_the_oldest_version_has_no_changes(data, tmp_path):
    run("contracts", "docs", "--out", tmp_path, "--contract", "2.0.1", data=data)
    assert not (tmp_path / "changes.html").exists()


def test_topics_and_schemas_are_exported(data, tmp_path):
    topics, schemas = tmp_path / "topics.yaml", tmp_path / "schemas"

    assert run("contracts", "export", "asyncapi", "--out", topics, data=data).exit_code == 0
    result = run("contracts", "export", "json-schema", "--out", schemas, data=data)

    assert topics.read_text().startswith("asyncapi: 3.0.0")
    assert "126 schemas of version 2.1.0" in result.output
    assert (schemas / "IF-031-MSApp.schema.json").is_file()


# --- up and validate


def test_up_refuses_a_version_that_is_not_there(data):
    result = run("up", "--contract", "2.1.0", "--contract", "9.9", "--port", 0, data=data)

    assert result.exit_code == 2
    assert "no catalogue of version 9.9" in result.stderr
    assert "contracts import" in result.stderr


def test_validate_takes_an_imported_version(data, spec, tmp_path):
    run("contracts", "import", spec, data=data)
    message = tmp_path / "message.json"
    message.write_text(run("sample", "IF-999", "New", "--contract", "9.1.0", data=data).output)

    assert run("validate", message, "--contract", "9.1.0", data=data).exit_code == 0
    assert run("validate", message, data=data).exit_code == 1
    assert run("validate", message, "--contract", "9.9", data=data).exit_code == 2


def test_of_several_versions_the_message_chooses(data, spec, tmp_path):
    run("contracts", "import", spec, data=data)
    path = tmp_path / "messages.json"
    news = orjson.loads(run("sample", "IF-999", "New", "--contract", "9.1.0", data=data).output)
    known = orjson.loads(run("sample", "IF-031", "MSApp", data=data).output)
    path.write_bytes(orjson.dumps([news, known]))

    assert run("validate", path, "--contract", "2.1.0", "--contract", "9.1.0", data=data).exit_code == 0
    assert run("validate", path, "--contract", "2.1.0", data=data).exit_code == 1


def test_an_imported_version_takes_the_place_of_the_shipped_one(data, spec):
    run("contracts", "import", spec, "--as", "2.1.0", data=data)

    assert list(catalogue(settings_for(data)).interfaces) == ["IF-999"]
    assert origin(data, "2.1.0") == str(directories(data)[0] / "2.1.0")
    assert origin(data, "2.0.1") == "shipped"
    assert len(load_catalogue("2.1.0").interfaces) == 58


def broken(folder: Path) -> Path:
    """A document with a reference that leads nowhere."""
    block = {
        "type": "object",
        "properties": {"amount": {"$ref": "#/components/schemas/DI-000-Nowhere"}},
        "required": ["amount"],
    }
    path = folder / "spec.json"
    path.write_bytes(orjson.dumps(published(B999=block)))
    return path
