"""Reasons in short."""

import io
import logging
from typing import Any

import pytest

from reconciler.model.results import Accesses
from reconciler.reports import Style, render
from reconciler.reports.because import Phrases, access_word, because
from tests.golden.reports.builders import HOSTILE_ACME, STORED, accesses_in


def a_cell(role: str, access: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "cell", "role": role, "access": access, "matrix": "organization-roles", "evidence": "article", **fields}


def said(access: str, *reasons: dict[str, Any], **how: Any) -> list[str]:
    return because({"access": access, "because": list(reasons)}, **how)


def test_roles_of_which_the_same_is_said_stand_together() -> None:
    assert said("full", a_cell("a", "full"), a_cell("b", "full"), a_cell("c", "read")) == ["a, b", "c: read"]
    assert said("full", a_cell("a", "full", held_in="northwind")) == ["a of northwind"]


def test_what_gives_nothing_is_left_out_unless_nothing_gives() -> None:
    assert said("read", a_cell("a", "none"), a_cell("b", "not-applicable"), a_cell("c", "read")) == ["c"]
    assert said("none", a_cell("a", "none")) == ["a"]
    assert said("none") == []


def test_how_it_is_known_is_said_unless_an_article_states_it() -> None:
    assert said("full", a_cell("a", "full", evidence="reference")) == ["a (reference)"]
    assert said("full", a_cell("a", "full", evidence="inferred", confidence="low")) == ["a (inferred, low confidence)"]
    assert said("unknown", a_cell("a", "unknown", evidence="unknown")) == ["a (not established)"]
    assert said("conditional", a_cell("a", "conditional", note="own users only")) == ["a: own users only"]


def test_settings_of_which_the_same_becomes_stand_together_and_many_are_counted() -> None:
    cells = [a_cell("a", "full")]
    taken = [
        {"kind": "restriction", "access": access, "settings": [name]} for access, name in (("none", "x"), ("read", "y"), ("none", "z"))
    ]
    assert said("conditional", *cells, *taken) == ["a: full", "restricted mode leaves none of x, z", "restricted mode leaves read of y"]
    assert said("conditional", *taken, most_settings=1)[0] == "restricted mode leaves none of 2 settings of it"
    assert said("full", {"kind": "left-open", "access": "full", "settings": ["x"]}) == ["declared open: x"]
    assert said("full", {"kind": "cap-unknown", "access": "unknown", "settings": ["x"]}) == ["restricted mode may reach x"]
    assert said("full", {"kind": "cap-unknown", "access": "unknown"}) == ["restricted mode may reach it"]


def test_an_elevation_names_its_grant_and_its_end() -> None:
    reason = a_cell("a", "full", grant="inc-1", until="2026-11-20T10:10:00Z")
    assert said("full", reason) == ["a (grant inc-1 until 2026-11-20T10:10:00Z)"]
    assert said("full", reason, ends=False) == ["a (grant inc-1)"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("out-of-scope", "a: bound to other customers"),
        ("scope-unknown", "a: may be bound to other customers"),
        ("undescribed", "a: no article says what it gives here"),
    ],
)
def test_what_is_special_of_a_role_is_said(kind: str, expected: str) -> None:
    assert said("unknown", {"kind": kind, "access": "unknown", "role": "a"}) == [expected]


def test_nothing_recorded_is_said() -> None:
    assert said("unknown", {"kind": "unrecorded", "access": "unknown"}) == ["the administrators are not recorded"]


def test_bounds_stand_beside_the_word() -> None:
    assert access_word({"access": "full"}) == "full"
    assert access_word({"access": "unknown", "at_least": "read"}) == "unknown (at least read)"
    assert access_word({"access": "conditional", "at_most": "read"}) == "conditional (at most read)"


def test_shared_reasons_are_put_into_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = [a_cell("a", "full")]
    phrases = Phrases()
    first = phrases.of({"access": "full", "because": shared})
    assert phrases.of({"access": "full", "because": shared}) is first
    assert phrases.of({"access": "read", "because": shared}) == ["a: full"]
    monkeypatch.setattr("reconciler.reports.because._REMEMBERED", 1)
    assert phrases.of({"access": "full", "because": [a_cell("b", "full")]}) == ["b"]
    assert phrases.of({"access": "full", "because": shared}) == ["a"]


def test_a_sheet_counts_what_it_marked(caplog: pytest.LogCaptureFixture) -> None:
    result = Accesses(organization="acme-health", person=None, found=accesses_in(HOSTILE_ACME), **STORED)
    out = io.StringIO()
    with caplog.at_level(logging.WARNING):
        render(result, "csv", out, exit_code=0, style=Style())
    marked = out.getvalue().count("\"'")
    assert marked > 0
    assert [record.getMessage() for record in caplog.records] == [
        f"{marked} fields begin like a formula and were written with a ' before them"
    ]
    caplog.clear()
    calm = Accesses(organization="acme-health", person=None, found=lambda: iter(()), **STORED)
    render(calm, "csv", io.StringIO(), exit_code=0, style=Style())
    assert caplog.records == []
