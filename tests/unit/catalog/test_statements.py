"""Every statement of the articles is kept by something that exists, and every rule stands on a statement."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reconciler.catalog import load
from reconciler.catalog.reading import data
from reconciler.catalog.statements import read_checks, read_statements, rulebook
from reconciler.model.findings import Severity
from reconciler.model.rulebook import Form, Standing, Statement
from reconciler.rules import every_rule, told

ROOT = Path(__file__).parents[3]
FILE = ROOT / "reconciler" / "catalog" / "data" / "statements.yaml"
BOOK = rulebook()
STATEMENTS = {name: one for name, one in BOOK.statements.items() if one.standing is not Standing.DECIDED}
RULES = {rule.id for rule in every_rule()}

OF_OTHER_TEXTS = (
    *("CC-R1", "CC-R2", "CC-R3", "CC-R4", "CC-R5", "EX-R1", "EX-R2", "EX-R3", "EX-R4", "LO-R1"),
    *("CO-R1", "PA-R1", "PE-R1", "SC-R1", "EV-R1", "CU-R1", "HD-R1", "WH-R1"),
)
NOT_DECLARED = {"R057", "EX-R1", "EX-R2"}
"""Warnings about something that no manifest says, and that only Control Hub shows."""


def test_every_statement_and_every_open_question_is_there_once() -> None:
    expected = [
        *(f"R{number:03}" for number in range(1, 141)),
        *OF_OTHER_TEXTS,
        *(f"C{number:02}" for number in range(1, 29)),
        *(f"N{number:02}" for number in range(1, 8)),
    ]
    written = re.findall(r"^  ((?:[A-Z]{2}-)?[A-Z][0-9]+):$", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert written == expected == list(BOOK.statements)


def test_how_a_statement_is_known_follows_from_where_it_stands() -> None:
    standings = {name: one.standing for name, one in BOOK.statements.items()}
    assert {name for name, standing in standings.items() if standing is Standing.REFERENCE} == set(OF_OTHER_TEXTS)
    assert {name[0] for name, standing in standings.items() if standing is Standing.DECIDED} == {"C", "N"}
    assert all(STATEMENTS[name].level is not Severity.ERROR for name in OF_OTHER_TEXTS)


def test_texts_are_short() -> None:
    texts = [text for one in BOOK.statements.values() for text in (one.text, one.decision or "", one.inferred or "")]
    assert [text for text in texts if len(text) > 120] == []
    assert [one.text for one in BOOK.statements.values() if not one.text.endswith((".", "?"))] == []


@pytest.mark.parametrize("statement", list(BOOK.statements.values()), ids=lambda one: one.id)
def test_what_keeps_a_statement_exists(statement: Statement) -> None:
    assert set(statement.rules) - RULES - BOOK.checks.keys() == set()
    assert [pointer for pointer in statement.catalog if not resolves(pointer)] == []
    assert [name for name in statement.tests if name.partition("::")[2] not in named_in(name.partition("::")[0])] == []


def resolves(pointer: str) -> bool:
    """Tell whether *pointer* leads somewhere: an entry stands at the top of its file or one step below, its fields under it."""
    file, _, path = pointer.partition("#")
    entry, *fields = path.split(".")
    facts: Any = data(file)
    node: Any = next((one for one in (facts, *facts.values()) if isinstance(one, dict) and entry in one), {})
    for step in (entry, *fields):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


@cache
def named_in(file: str) -> set[str]:
    """Return the names of the tests in *file*."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_a_pointer_to_nothing_is_noticed() -> None:
    assert resolves("roles.yaml#consumer.external")
    for nothing in ("roles.yaml#no-such-role", "roles.yaml#consumer.no-such-field", "roles.yaml#consumer.external.deeper"):
        assert not resolves(nothing)


def test_every_error_that_input_can_break_has_a_rule() -> None:
    checks = {name for name, one in STATEMENTS.items() if one.form is Form.CHECK and not one.rules}
    assert {name for name in checks if STATEMENTS[name].level is Severity.ERROR} == set()
    assert checks == NOT_DECLARED


def test_every_error_that_holds_by_construction_has_a_test() -> None:
    assert [name for name, one in STATEMENTS.items() if one.form is Form.INVARIANT and not one.tests] == []


def test_every_rule_stands_on_a_statement_or_says_where_it_comes_from() -> None:
    named = {rule for one in BOOK.statements.values() for rule in one.rules}
    assert RULES - named - BOOK.contract.keys() == set()
    assert BOOK.contract.keys() & named == set()
    assert BOOK.contract.keys() - RULES == set()


@pytest.mark.parametrize("rule", list(every_rule()), ids=lambda rule: rule.id)
def test_a_rule_and_its_statements_name_each_other_and_the_same_sources(rule: Any) -> None:
    text, behind = told(rule.check), BOOK.behind(rule.id)
    assert set(re.findall(r"\b(?:[A-Z]{2}-R[0-9]|R[0-9]{3}|[CN][0-9]{2})\b", text)) <= {one.id for one in behind}
    named = set(re.findall(r"[\w-]+", text)) & load().sources.keys()
    assert named <= {source.id for one in behind for source in one.sources}


def facts(**changes: Any) -> dict[str, Any]:
    statement = {"text": "T.", "level": "info", "form": "guide", "sources": ["fs78p5"], "reason": "r"}
    decision = {"text": "T?", "decision": "D.", "about": ["R001"], "reason": "r"}
    return {"statements": {"R001": statement | changes.get("statement", {})}, "decisions": {"C01": decision | changes.get("decision", {})}}


def test_sound_statements_are_read() -> None:
    assert list(read_statements(facts(), load().sources)) == ["R001", "C01"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"statement": {"level": "fatal"}}, "statement R001: 'fatal' is none of error, warning, info"),
        ({"statement": {"form": "rule"}}, "statement R001: 'rule' is none of check, invariant, guide"),
        ({"statement": {"sources": []}}, "statement R001: a source is missing"),
        ({"statement": {"sources": ["fs78p6"]}}, "statement R001: unknown 'fs78p6'"),
        ({"statement": {"colour": "red"}}, "statement R001: unknown 'colour'"),
        ({"statement": {"reason": ""}}, "statement R001: nothing says how it is kept"),
        ({"decision": {"about": ["R002"]}}, "decision C01: unknown 'R002'"),
        ({"decision": {"level": "info"}}, "decision C01: unknown 'level'"),
    ],
)
def test_a_broken_statement_is_an_error_that_names_it(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_statements(facts(**changes), load().sources)


def test_a_broken_check_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="checks: unknown 'rails'"):
        read_checks({"rails": {}})
    with pytest.raises(ValueError, match="check x: 'bad' is none of error, warning, info"):
        read_checks({"rail": {"x": {"severity": "bad", "summary": "S.", "origin": "o"}}})
