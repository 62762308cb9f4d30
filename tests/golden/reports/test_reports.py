"""Every kind of result in every format, whole texts compared, and what holds of all of them."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from reconciler.model.results import Result
from reconciler.reports import Style, formats_of, has_form, render
from tests.golden.golden import assert_golden
from tests.golden.reports.builders import LOCATION, every_result
from tests.golden.reports.rulebook import FEW, NONE

ROOT = Path(__file__).parents[3]
RESULTS = every_result()
EXIT_CODES = {
    "plan-refused": 3,
    "validation-invalid": 1,
    "validation-valid-warned": 1,
    "validation-waived-invalid": 1,
    "apply-partly": 6,
    "drift-differences": 2,
    "error-locked": 5,
}
PLAIN = Style(width=100, command="plan", rules=lambda: (FEW, NONE))
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def rendered(name: str, format_: str, style: Style = PLAIN) -> str:
    out = io.StringIO()
    render(RESULTS[name], format_, out, exit_code=EXIT_CODES.get(name, 0), style=style)
    return out.getvalue()


WRITTEN = [(name, format_) for name, result in RESULTS.items() for format_ in formats_of(type(result)) if has_form(result, format_)]
SUFFIXES = {"text": "txt", "markdown": "md", "github": "txt", "junit": "xml", "gitlab-codequality": "json", "gitlab-terraform": "json"}
"""Of the files of a format that is no suffix itself."""


@pytest.mark.parametrize(("name", "format_"), WRITTEN)
def test_a_report_is_what_it_was(name: str, format_: str) -> None:
    assert_golden(f"reports/{format_}/{name}.{SUFFIXES.get(format_, format_)}", rendered(name, format_))


def kind_of(name: str) -> str:
    return "who-can" if name.startswith("who-can-") else name.partition("-")[0]


@pytest.mark.parametrize(
    "name", ["plan-changes", "plan-refused", "plan-steps", "plan-waived", "apply-partly", "state-organization", "history-runs"]
)
def test_colors_are_an_extra(name: str) -> None:
    colored = rendered(name, "text", Style(color=True, width=100))
    assert_golden(f"reports/colored/{name}.txt", colored)
    assert ANSI.sub("", colored) == rendered(name, "text")


def test_bars_are_an_extra() -> None:
    drawn = rendered("grants-all", "text", Style(bars=True, width=100))
    assert_golden("reports/colored/grants-all.txt", drawn)
    assert list(_words(re.sub("[█░]", "", drawn))) == list(_words(rendered("grants-all", "text")))


@pytest.mark.parametrize("name", RESULTS)
def test_text_never_commands_a_terminal_or_a_runner(name: str) -> None:
    text = rendered(name, "text")
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        assert line == line.rstrip()
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert line.isprintable()
    assert text.encode()


@pytest.mark.parametrize("width", [0, 40, 400])
@pytest.mark.parametrize("name", RESULTS)
def test_the_width_only_moves_line_breaks(name: str, width: int) -> None:
    assert list(_words(rendered(name, "text", Style(width=width)))) == list(_words(rendered(name, "text")))


def _words(text: str) -> Iterator[str]:
    yield from (word.replace("\\u{3a}", ":") for word in text.split())


@pytest.mark.parametrize("name", RESULTS)
def test_json_is_one_canonical_document(name: str) -> None:
    text = rendered(name, "json")
    document = json.loads(text)
    assert text.isascii()
    assert "##[" not in text
    assert text.replace("#\\u0023[", "##[") == json.dumps(document, indent=2, sort_keys=True) + "\n"
    assert document["format_version"] == "1.0"
    assert document["kind"] == kind_of(name)
    assert document["exit_code"] == EXIT_CODES.get(name, 0)


@pytest.mark.parametrize("name", RESULTS)
def test_json_keeps_its_schema(name: str) -> None:
    document = json.loads(rendered(name, "json"))
    schema = json.loads((ROOT / "schemas" / f"{document['kind']}.v1.schema.json").read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(document)] == []


@pytest.mark.parametrize("kind", ["plan", "drift", "organizations", "history", "verification", "grants", "access", "accesses", "who-can"])
def test_text_begins_with_the_missing_state(kind: str) -> None:
    name = "plan-first" if kind == "plan" else f"{kind}-stateless"
    first = rendered(name, "text").partition("\n")[0]
    assert first == f"No stored state at {LOCATION}: everything counts as new, nothing can be removed or found drifted."


@pytest.mark.parametrize("name", [name for name, format_ in WRITTEN if format_ == "csv"])
def test_csv_is_quoted_and_no_spreadsheet_takes_it_for_formulas(name: str) -> None:
    text = rendered(name, "csv")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows[0] == ["organization", "person", "scope", "permission", "access", "because"]
    assert {len(row) for row in rows} == {6}
    assert text.count("\r\n") == len(rows) == text.count("\n")
    assert all(line.startswith('"') and line.endswith('"') for line in text.split("\r\n")[:-1])
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n\0＝＋－＠") - {""}]
    assert all(row[4] for row in rows)
    assert all(cell.isprintable() and "##[" not in cell for row in rows for cell in row)


def test_every_kind_has_text_and_json_and_lists_of_rights_are_sheets() -> None:
    assert {formats_of(type(result))[:2] for result in RESULTS.values()} == {("text", "json")}
    assert {kind_of(name) for name, format_ in WRITTEN if format_ == "csv"} == {"accesses", "who-can"}
    with pytest.raises(TypeError, match="no form as CSV"):
        render(RESULTS["access-person"], "csv", io.StringIO(), exit_code=0, style=PLAIN)
    assert {type(result) for result in RESULTS.values()} == set(Result.__args__)


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import hashlib; from tests.golden.reports import test_reports as t; "
        "print(hashlib.sha256(''.join(t.rendered(n, f) for n, f in t.WRITTEN).encode()).hexdigest())"
    )

    def digest(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
        return done.stdout

    assert digest("1") == digest("2")
