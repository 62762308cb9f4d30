"""Rules and statements are explained from what the code and the data say of themselves."""

import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from reconciler.catalog.statements import rulebook
from reconciler.model.errors import UsageError
from reconciler.model.findings import Severity
from reconciler.model.policy import Policy
from reconciler.model.results import RuleOf, StatementOf
from reconciler.model.rulebook import Expected, RuleKind
from reconciler.pipeline import explain, rules
from reconciler.pipeline.explaining import examples
from reconciler.reports import Style, render
from reconciler.rules import every_rule, told

SCHEMAS = Path(__file__).parents[3] / "schemas"
FUNCTIONS = {RuleKind.DECLARED, RuleKind.CHANGE, RuleKind.ACTOR, RuleKind.BY_HAND}
PLAIN = Style()
NAMES = [rule.id for rule in rules(Policy()).rules]


def test_every_rule_and_every_check_is_listed_once_under_its_kind() -> None:
    found = rules(Policy()).rules
    assert [rule.id for rule in found if rule.kind in FUNCTIONS] == [rule.id for rule in every_rule()]
    assert [rule.id for rule in found if rule.kind not in FUNCTIONS] == list(rulebook().checks)
    kinds = [rule.kind for rule in found]
    assert list(dict.fromkeys(kinds)) == list(RuleKind)
    assert kinds == sorted(kinds, key=list(RuleKind).index)


def test_nothing_that_a_rule_says_of_itself_is_lost() -> None:
    listed = {rule.id: rule for rule in rules(Policy()).rules}
    for rule in every_rule():
        found = listed[rule.id]
        assert f"{found.summary} Source: {found.said} Why: {found.why}" == " ".join(told(rule.check).split())


def test_policy_is_seen_beside_the_default() -> None:
    policy = Policy(severities={"few-full-administrators": Severity.ERROR, "look-alike-address": None})
    changed = {rule.id: (rule.severity, rule.default) for rule in rules(policy).rules if rule.severity != rule.default}
    assert changed == {"few-full-administrators": (Severity.ERROR, Severity.WARNING), "look-alike-address": (None, Severity.WARNING)}


@pytest.mark.parametrize("name", [*NAMES, *rulebook().statements])
def test_everything_is_explained_in_words_and_as_a_document(name: str) -> None:
    answer = explain(name, Policy())
    text, document = io.StringIO(), io.StringIO()
    render(answer, "text", text, exit_code=0, style=PLAIN)
    render(answer, "json", document, exit_code=0, style=PLAIN)
    assert text.getvalue().startswith(f"{name} (")
    parsed = json.loads(document.getvalue())
    schema = json.loads((SCHEMAS / f"{parsed['kind']}.v1.schema.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(parsed)
    assert parsed[parsed["kind"]]["id"] == name


def test_a_rule_comes_with_its_statements_and_examples() -> None:
    answer = explain("Exclusive-Role", Policy())
    assert isinstance(answer, RuleOf)
    assert [one.id for one in answer.rule.statements] == ["R050", "C25"]
    assert [source.id for source in answer.rule.sources] == ["fs78p5"]
    assert answer.good is not None
    assert answer.bad is not None
    (found,) = answer.bad.expected
    assert "location-administrator" in answer.bad.declared.splitlines()[int(found.place.partition(":")[0]) - 1]
    assert not answer.bad.declared.startswith("#")


def test_a_statement_comes_with_the_rules_that_keep_it_and_the_decisions_about_it() -> None:
    answer = explain("r117", Policy())
    assert isinstance(answer, StatementOf)
    assert [rule.id for rule in answer.rules] == ["grant-agent"]
    assert [one.id for one in answer.decisions] == ["C19", "N03", "N05"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("exclusive-rol", "reconciler explain exclusive-role"),
        ("R028x", "reconciler explain R028"),
        ("cc-r9", "reconciler explain CC-R"),
        ("xyzzy", "reconciler rules"),
    ],
)
def test_an_unknown_name_is_told_what_may_be_meant(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"no rule or statement {name}") as caught:
        explain(name, Policy())
    assert str(caught.value.hint).startswith(hint)


def test_examples_of_changes_are_folders_with_what_was_there_before(tmp_path: Path) -> None:
    folder = tmp_path / "a-rule" / "bad"
    for name in ("b-new", "a-changed"):
        (folder / name).mkdir(parents=True)
        header = "# actor: bob@acme.example\n# expect: something\n# at: 6:3\n# expect: more\n# at: 7:1\n"
        (folder / name / "declared.yaml").write_text(f"{header}kind: Organization\nspec:\n", encoding="utf-8")
    (folder / "a-changed" / "stored.yaml").write_text("kind: Stored\n", encoding="utf-8")
    changed, new = examples("a-rule", "bad", tmp_path)
    assert (changed.name, changed.stored, changed.declared) == ("a-changed", "kind: Stored\n", "kind: Organization\nspec:\n")
    assert changed.actor == "bob@acme.example"
    assert changed.expected == (Expected(text="something", place="1:3"), Expected(text="more", place="2:1"))
    assert (new.name, new.stored) == ("b-new", None)
    assert list(examples("a-rule", "good", tmp_path)) == []
