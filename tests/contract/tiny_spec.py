"""A small standard in the form Elexon publishes, written for the importer's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

RAW = "https://raw.githubusercontent.com/elexon-data/dip-api-documentation/main/"


def reference(file: str, schema: str, base: str = RAW, suffix: str = "-unresolved.yaml") -> dict[str, str]:
    return {"$ref": f"{base}{file}{suffix}#/components/schemas/{schema}"}


def documents() -> dict[str, Any]:
    """File name to document, made afresh; change what you like before writing."""
    return {
        "DataTypes-unresolved.yaml": _data_types(),
        "DataCatalogue-unresolved.yaml": _data_items(),
        "RealCommonBlocks-unresolved.yaml": _blocks(),
        "Interfaces-EventCodes-unresolved.yaml": _payloads(),
        "ResponseCodes-unresolved.yaml": _response_codes(),
        "SubmitEvents-unresolved.yaml": _endpoints(),
    }


def _data_types() -> dict[str, Any]:
    return _schemas(
        {
            "DT-002-MPAN": {
                "type": "string",
                "minLength": 13,
                "maxLength": 13,
                "pattern": "^\\d{13}?$",
            },
            "DT-003-DateTime": {"type": "string", "minLength": 25, "maxLength": 25},
            "DT-006-DIPParticipantID": {"type": "string", "minLength": 10, "maxLength": 10},
        }
    )


def _data_items() -> dict[str, Any]:
    return _schemas(
        {
            "DI-063-MPAN-Core": reference("DataTypes", "DT-002-MPAN"),
            "DI-997-Sender": reference("DataTypes", "DT-006-DIPParticipantID"),
            "DI-400-Colour": {
                "description": "not to be taken over",
                "type": "string",
                "nullable": True,
                "enum": ["RED", "BLUE", None],
            },
            "DI-401-Size": {"type": "integer", "minimum": 1, "maximum": 9},
            "DI-402-Stamp": reference("DataTypes", "DT-003-DateTime"),
        }
    )


def _blocks() -> dict[str, Any]:
    return _schemas(
        {
            "S1": _object({"senderDIPID": reference("DataCatalogue", "DI-997-Sender")}),
            "M0": _object({"MPANCore": reference("DataCatalogue", "DI-063-MPAN-Core")}),
            "B001": _object(
                {
                    "colour": reference("DataCatalogue", "DI-400-Colour"),
                    "size": reference("DataCatalogue", "DI-401-Size"),
                },
                required=["colour"],
            ),
            "B002": _object(
                {
                    "stamps": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 3,
                        "items": reference("DataCatalogue", "DI-402-Stamp"),
                    }
                }
            ),
        }
    )


def _payloads() -> dict[str, Any]:
    return _schemas(
        {
            "IF-001-Payload": {
                "type": "object",
                "oneOf": [
                    {"$ref": "#/components/schemas/IF-001-First"},
                    {"$ref": "#/components/schemas/IF-001-Second"},
                ],
            },
            "IF-001-First": payload("IF-001", ["[First]"], {"B001": True}),
            "IF-001-Second": payload("IF-001", ["[Second]"], {"B001": False, "B002": True}),
            "IF-002-Payload": payload("IF-002", ["[Only]"], {"B002": False}),
        }
    )


def _response_codes() -> dict[str, Any]:
    return _schemas({"DI-999-Response-Codes": {"type": "string", "enum": ["MSG0000", "REG0001"]}})


def _endpoints() -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"title": "tiny", "version": "9.9.9"},
        "paths": {
            "/validate/IF-001/First": _endpoint("IF-001-First"),
            "/validate/IF-002/Only": _endpoint("IF-002-Payload"),
        },
        "components": {
            "schemas": {
                "DIPMessage": {
                    "type": "object",
                    "properties": {
                        "payload": {
                            "oneOf": [
                                reference("Interfaces-EventCodes", "IF-001-Payload"),
                                reference("Interfaces-EventCodes", "IF-002-Payload"),
                            ]
                        }
                    },
                }
            }
        },
    }


def payload(interface: str, events: list[str], blocks: dict[str, bool]) -> dict[str, Any]:
    """A payload schema; ``blocks``: name to whether it is required."""
    header = {
        "interfaceID": {"type": "string", "enum": [interface]},
        "schemaVersion": {"type": "string", "enum": ["012"]},
        "eventCode": {"type": "string", "enum": events},
    }
    common = _object(
        {
            "S0": _object(header),
            "S1": reference("RealCommonBlocks", "S1"),
            "M0": reference("RealCommonBlocks", "M0"),
        }
    )
    custom = _object(
        {name: reference("RealCommonBlocks", name) for name in blocks},
        required=[name for name, needed in blocks.items() if needed],
    )
    return _object({"CommonBlock": common, "CustomBlock": custom})


def write(documents: dict[str, Any], directory: Path) -> Path:
    """Write the documents; the response codes get their texts in comments, as published."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        text = yaml.safe_dump(document, sort_keys=False)
        text = text.replace("- MSG0000\n", "- MSG0000   #  Success\n")
        text = text.replace("- REG0001\n", "- REG0001   #  Something is wrong  \n")
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def bundled(documents: dict[str, Any]) -> dict[str, Any]:
    """One document with every schema in it and all references local, as bundlers write it."""

    def local(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: "#" + inner.partition("#")[2] if key == "$ref" else local(inner)
                for key, inner in value.items()
            }
        return [local(entry) for entry in value] if isinstance(value, list) else value

    schemas: dict[str, Any] = {}
    for document in documents.values():
        schemas |= document.get("components", {}).get("schemas", {})
    main = documents["SubmitEvents-unresolved.yaml"]
    whole: dict[str, Any] = local({**main, "components": {"schemas": schemas}})
    return whole


def inlined(documents: dict[str, Any]) -> dict[str, Any]:
    """One document with no references at all: every use is spelt out."""
    whole = bundled(documents)

    def spelt_out(value: Any) -> Any:
        if isinstance(value, dict) and "$ref" in value:
            name = value["$ref"].rsplit("/", 1)[-1]
            return spelt_out(whole["components"]["schemas"][name])
        if isinstance(value, dict):
            return {key: spelt_out(inner) for key, inner in value.items()}
        return [spelt_out(entry) for entry in value] if isinstance(value, list) else value

    kept = {"DIPMessage", "DI-999-Response-Codes"}
    schemas = {n: spelt_out(s) for n, s in whole["components"]["schemas"].items() if n in kept}
    return {**whole, "paths": spelt_out(whole["paths"]), "components": {"schemas": schemas}}


def _schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.0.0", "info": {"version": "1"}, "components": {"schemas": schemas}}


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _endpoint(schema: str) -> dict[str, Any]:
    item = {"type": "object", "properties": {"payload": reference("Interfaces-EventCodes", schema)}}
    body = {"content": {"application/json": {"schema": {"type": "array", "items": item}}}}
    return {"post": {"requestBody": body, "responses": {}}}
