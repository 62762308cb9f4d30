"""The cases of the YAML test suite: each is a value or one diagnostic; which of them is pinned, and a change needs a reason.

`RECONCILER_REWRITE_GOLDEN=1 pytest tests/hostile/test_yaml_suite.py` writes the list anew.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.manifests.explain import explain
from reconciler.manifests.parse import EMPTY, UncleanError, value_of
from reconciler.manifests.streams import Chunk, split
from reconciler.model.findings import Finding
from tests.golden.golden import assert_golden
from tests.hostile.test_manifest_fuzz import read

CASES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "material" / "yaml-test-suite" / "cases.json").read_text(encoding="utf-8")
)


def answers(text: str) -> list[Any]:
    """Return the value of every document, or the first finding that refuses it."""
    found: list[Any] = []
    for piece in split(text.encode("utf-8", "surrogatepass"), "x"):
        if isinstance(piece, Finding):
            return [*found, piece]
        try:
            value = value_of(piece)
        except UncleanError:
            found.append(explained(piece))
        else:
            if value is not EMPTY:
                found.append(value)
    return found


def explained(chunk: Chunk) -> Any:
    """Return what the slow reader says of a document that the quick one leaves to it."""
    told = explain(chunk)
    return told.findings[0] if told.findings else told.value


def line(name: str, case: dict[str, Any]) -> str:
    found = answers(case["yaml"])
    refusals = [answer for answer in found if isinstance(answer, Finding)]
    if refusals:
        first = refusals[0]
        place = "" if first.range is None else f" at {first.range.start.line}:{first.range.start.column}"
        said = f"refused {first.rule}{place}" + ("" if case["invalid"] else ", though it is YAML")
    elif case["invalid"]:
        said = f"accepted, though it is no YAML: {json.dumps(found)}"
    else:
        said = f"{'as the suite' if found == theirs(case) else 'otherwise'} {json.dumps(found)}"
    return f"{name} {said}"


def theirs(case: dict[str, Any]) -> list[Any] | None:
    """Return the values that the suite gives; one JSON document after the other."""
    text, found = (case["json"] or "").strip(), []
    decoder = json.JSONDecoder()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found if case["json"] is not None else None


def test_each_case_is_what_it_was() -> None:
    assert_golden("hostile/yaml-test-suite.txt", "".join(f"{line(name, case)}\n" for name, case in CASES.items()))


@pytest.mark.parametrize("name", CASES)
def test_a_case_as_a_manifest_is_refused_with_places(name: str) -> None:
    """None of them is a manifest: whatever is read, the schema has something to say, and no reader raises."""
    found = read(CASES[name]["yaml"].encode("utf-8", "surrogatepass"))
    assert all(isinstance(piece, Finding) or piece.findings for piece in found)
