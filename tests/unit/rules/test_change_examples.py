"""Rules about changes have folders of examples too; each example is a folder of its own.

`RULE-ID/{good,bad}/NAME/declared.yaml` is planned over what `stored.yaml` left in the state, and `earlier.yaml` before it. The first lines
of `declared.yaml` may name who answers for the change, `# actor: EMAIL`; a bad one says what the rule finds, `# expect: TEXT`, and where,
`# at: LINE:COLUMN`, or the address for what is to be done by hand.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.applying import apply_plan
from reconciler.model.findings import Finding, Severity
from reconciler.model.results import FleetPlan
from reconciler.pipeline import Request, plan
from reconciler.rules import ACTOR_RULES, CHANGE_RULES, STEP_RULES, AnyRule
from reconciler.targets import NoTarget
from tests.fakes.builders import CATALOG, DAY, NOW, a_run
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore

EXAMPLES = Path(__file__).parents[3] / "reconciler" / "rules" / "examples"
CHECKS: list[AnyRule] = [*CHANGE_RULES, *ACTOR_RULES]
RULES = [*(rule.id for rule in CHECKS), *(rule.id for rule in STEP_RULES)]
STEPS = {rule.id for rule in STEP_RULES}
ERRORS = {rule.id for rule in CHECKS if rule.severity is Severity.ERROR}
GOOD = sorted(path.relative_to(EXAMPLES).as_posix() for rule in RULES for path in EXAMPLES.glob(f"{rule}/good/*"))
BAD = sorted(path.relative_to(EXAMPLES).as_posix() for rule in RULES for path in EXAMPLES.glob(f"{rule}/bad/*"))
EXPECTED = re.compile(r"^# expect: (\S.*)\n# at: (\S+)$", re.MULTILINE)
ACTOR = re.compile(r"^# actor: (\S+)$", re.MULTILINE)


def planned(example: str, monkeypatch: pytest.MonkeyPatch) -> FleetPlan:
    """Return the plan of an example, over the state that its other files left."""
    monkeypatch.chdir(EXAMPLES / example)
    store = MemoryStore()
    for name, before in (("earlier.yaml", 2 * DAY), ("stored.yaml", DAY)):
        if Path(name).exists():
            _apply(name, store, before)
    actor = ACTOR.search(Path("declared.yaml").read_text(encoding="utf-8"))
    return plan(Request(catalog=CATALOG, paths=("declared.yaml",), actor=actor and actor[1]), store, NOW)


def _apply(name: str, store: MemoryStore, before: timedelta) -> None:
    made = plan(Request(catalog=CATALOG, paths=(name,)), store, NOW - before)
    assert not made.refusals
    apply_plan(made, store, a_run(target=NoTarget(), clock=FixedClock(NOW - before)))


def found_in(example: str, made: FleetPlan) -> list[Finding]:
    rule = example.partition("/")[0]
    return [finding for finding in (*made.refusals, *made.findings) if finding.rule == rule]


def said(example: str, made: FleetPlan) -> Iterator[tuple[str, str]]:
    """Yield every text of the example's rule with its place."""
    rule = example.partition("/")[0]
    for finding in found_in(example, made):
        assert finding.range is not None
        yield finding.message, f"{finding.range.start.line}:{finding.range.start.column}"
    for section in made.plans():
        for step in section.steps:
            if step.rule == rule:
                yield step.summary, step.address


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_about_changes_has_good_and_bad_examples_and_nothing_else(rule: str) -> None:
    assert sorted(path.name for path in (EXAMPLES / rule).iterdir()) == ["bad", "good"]
    for kind in ("bad", "good"):
        folders = list((EXAMPLES / rule / kind).iterdir())
        assert folders
        for folder in folders:
            names = {path.name for path in folder.iterdir()}
            assert "declared.yaml" in names
            assert names <= {"declared.yaml", "stored.yaml", "earlier.yaml"}


@pytest.mark.parametrize("example", GOOD)
def test_a_near_miss_is_left_alone(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(example, monkeypatch)
    assert list(said(example, made)) == []
    assert made.summary.changes or (EXAMPLES / example / "stored.yaml").exists()


@pytest.mark.parametrize("example", BAD)
def test_a_bad_example_is_found_with_its_text_and_at_its_place(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = EXPECTED.findall((EXAMPLES / example / "declared.yaml").read_text(encoding="utf-8"))
    assert expected, "a bad example says `# expect: TEXT` and `# at: PLACE`"
    found = list(said(example, planned(example, monkeypatch)))
    assert [place for _, place in found] == [place for _, place in expected]
    assert [text for text, _ in expected] == [text for (text, _), (message, _) in zip(expected, found, strict=True) if text in message]


@pytest.mark.parametrize("example", [example for example in BAD if example.partition("/")[0] not in STEPS])
def test_an_error_about_a_change_refuses_the_plan_and_anything_else_does_not(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(example, monkeypatch)
    rule = example.partition("/")[0]
    assert rule in {finding.rule for finding in (*made.refusals, *made.findings)}
    for finding in found_in(example, made):
        known = not finding.detail.startswith("not known: ")
        assert (finding in made.refusals) is (rule in ERRORS and known)
        assert finding.severity is not Severity.ERROR or known
        assert finding.address
        assert finding.pointer
        assert not finding.message.endswith(".")
