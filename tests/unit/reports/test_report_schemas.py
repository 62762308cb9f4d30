"""The published schemas of reports: valid, described field by field, and open to additions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

SCHEMAS = Path(__file__).parents[3] / "schemas"
REPORTS = ("validation", "plan", "apply", "drift", "state", "organizations", "history", "verification", "error", "init", "unlock")
KINDS = (
    *REPORTS,
    "copy",
    "migration",
    "sweep",
    "attestation",
    "grant",
    "grants",
    "access",
    "accesses",
    "who-can",
    "rules",
    "rule",
    "statement",
)


def schema(kind: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{kind}.v1.schema.json").read_text(encoding="utf-8"))
    return document


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, property_ in node.get("properties", {}).items():
            yield f"{path}/{name}", property_
        for key, inner in node.items():
            yield from properties(inner, f"{path}/{key}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_valid_and_names_its_kind(kind: str) -> None:
    document = schema(kind)
    Draft7Validator.check_schema(document)
    assert document["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert f"{kind}.v1" in document["$id"]
    assert document["properties"]["kind"]["const"] == kind
    assert {"format_version", "kind", "reconciler_version"} <= set(document["required"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_says_what_it_is(kind: str) -> None:
    silent = [path for path, property_ in properties(schema(kind)) if not (property_.get("title") and property_.get("description"))]
    assert silent == []


@pytest.mark.parametrize("kind", KINDS)
def test_additions_stay_valid(kind: str) -> None:
    assert '"additionalProperties": false' not in json.dumps(schema(kind))
