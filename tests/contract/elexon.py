"""Elexon's own files as JSON Schema validators: the judge our verdicts are compared with.

OpenAPI 3.0 writes ``nullable: true`` where JSON Schema writes ``type: [T, "null"]``; nothing else is changed.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

REPOSITORY = Path(__file__).parents[2]
_BASE = "https://raw.githubusercontent.com/elexon-data/dip-api-documentation/main/"
_INTERFACES = "Interfaces-EventCodes-unresolved.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def spec_directory(version: str) -> Path | None:
    """The published files of a version, or None where they are not at hand (``DIP_SPEC_DIR``)."""
    root = Path(os.environ.get("DIP_SPEC_DIR", REPOSITORY.parent / "shared" / "dip"))
    folder = root / f"spec-{version}"
    return folder if folder.is_dir() else None


class Elexon:
    """The published schemas of one version."""

    def __init__(self, directory: Path) -> None:
        self.documents = {
            file.name: yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
            for file in sorted(directory.glob("*.yaml"))
        }
        resources = [
            (_BASE + name, DRAFT202012.create_resource(with_null_types(document)))
            for name, document in self.documents.items()
        ]
        self._registry = Registry().with_resources(resources)
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}

    def accepts_variant(self, payload: object, interface: str, name: str) -> bool:
        """Whether the schema of that one variant takes the payload."""
        schema = f"{interface}-{name}"
        if schema not in self._schemas:
            schema = f"{interface}-Payload"
        return self._validator(_INTERFACES, schema).is_valid(payload)

    def accepts_payload(self, payload: object, interface: str) -> bool:
        """Whether the interface's schema, with its ``oneOf`` over the variants, takes the payload."""
        return self._validator(_INTERFACES, f"{interface}-Payload").is_valid(payload)

    def has_alternatives(self, interface: str) -> bool:
        """Whether the interface's schema is a ``oneOf`` over variants; else it is the variant's own."""
        return "oneOf" in self._schemas[f"{interface}-Payload"]

    def accepts_message(self, message: object) -> bool:
        """Whether ``DIPMessage``, with its ``oneOf`` over all interfaces, takes the message."""
        return self._validator("SubmitEvents-unresolved.yaml", "DIPMessage").is_valid(message)

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = self.documents["Interfaces-EventCodes-unresolved.yaml"]["components"][
            "schemas"
        ]
        return schemas

    def _validator(self, file: str, schema: str) -> jsonschema.Draft202012Validator:
        reference = f"{_BASE}{file}#/components/schemas/{schema}"
        if reference not in self._validators:
            self._validators[reference] = jsonschema.Draft202012Validator(
                {"$ref": reference}, registry=self._registry
            )
        return self._validators[reference]


def with_null_types(schema: Any) -> Any:
    """The schema with ``nullable`` turned into a type of null."""
    if isinstance(schema, list):
        return [with_null_types(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {
        key: with_null_types(value) for key, value in schema.items() if key not in ("example", "examples")
    }
    if changed.get("nullable") is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
    return changed
