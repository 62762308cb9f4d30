"""Every rule has a folder of examples, which ship with the product for `reconciler explain`; the folders are the list of cases.

`RULE-ID/good/*.yaml` are near misses: that rule finds nothing in them. `RULE-ID/bad/*.yaml` begin with the lines
`# expect: TEXT` and `# at: LINE:COLUMN`, once or more: the rule finds exactly that, with these texts, at these places, in this order.
"""

import re
from pathlib import Path

import pytest

from reconciler.model.findings import Finding
from reconciler.pipeline import Request, validate
from reconciler.rules import MANIFEST_RULES, RULES, AnyRule, every_rule
from tests.fakes.builders import CATALOG, NOW

EXAMPLES = Path(__file__).parents[3] / "reconciler" / "rules" / "examples"
GOOD = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/good/*.yaml"))
BAD = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/bad/*.yaml"))
LISTED: tuple[AnyRule, ...] = (*MANIFEST_RULES, *RULES)
WITH_EXAMPLES = [rule.id for rule in LISTED]
EXPECTED = re.compile(r"^# expect: (\S.*)\n# at: ([0-9]+):([0-9]+)$", re.MULTILINE)


def found_in(example: str, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Return what the rule of *example* finds in it."""
    monkeypatch.chdir(EXAMPLES)
    answer = validate(Request(catalog=CATALOG, paths=(example,)), NOW)
    return [finding for finding in answer.findings if finding.rule == example.partition("/")[0]]


def test_every_rule_has_a_folder_and_every_folder_a_rule() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(rule.id for rule in every_rule())


@pytest.mark.parametrize("rule", WITH_EXAMPLES)
def test_every_rule_has_good_and_bad_examples_and_nothing_else(rule: str) -> None:
    assert sorted(path.name for path in (EXAMPLES / rule).iterdir()) == ["bad", "good"]
    for kind in ("bad", "good"):
        files = list((EXAMPLES / rule / kind).iterdir())
        assert files
        assert {path.suffix for path in files} == {".yaml"}


@pytest.mark.parametrize("example", GOOD)
def test_a_near_miss_is_left_alone(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_in(example, monkeypatch) == []


@pytest.mark.parametrize("example", BAD)
def test_a_bad_example_is_found_with_its_text_and_at_its_place(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = EXPECTED.findall((EXAMPLES / example).read_text(encoding="utf-8"))
    assert expected, "a bad example begins with `# expect: TEXT` and `# at: LINE:COLUMN`"
    found = found_in(example, monkeypatch)
    places = [finding.range and (finding.range.filename, finding.range.start.line, finding.range.start.column) for finding in found]
    assert places == [(example, int(line), int(column)) for _, line, column in expected]
    assert [text for text, _, _ in expected] == [
        text for (text, _, _), finding in zip(expected, found, strict=True) if text in finding.message
    ]


@pytest.mark.parametrize("example", BAD)
def test_what_a_rule_finds_names_its_resource_and_its_field(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for finding in found_in(example, monkeypatch):
        assert finding.address
        assert finding.pointer
        assert not finding.message.endswith(".")
