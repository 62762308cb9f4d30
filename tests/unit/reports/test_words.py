"""Documents in words."""

from typing import Any

import pytest

from reconciler.model.changes import FieldChange
from reconciler.reports.text import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "not set"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ([], "none"),
        (["a", "b"], "a, b"),
        ({"role": "x", "site": {"a": 1}}, "role: x, site: (a: 1)"),
    ],
)
def test_a_value_is_readable(value: Any, shown: str) -> None:
    assert words.value(value) == shown


@pytest.mark.parametrize(
    ("path", "before", "after", "shown"),
    [
        ("roles", ["a", "b"], ["b", "c"], ["a, b -> b, c"]),
        ("roles", ["a", "b", "c", "d"], ["b", "c", "d", "e"], ["+ e", "- a"]),
        ("locations", None, ["Berlin"], ["none -> Berlin"]),
        ("locations", ["Berlin"], None, ["Berlin -> none"]),
        ("locations", None, ["a", "b", "c", "d"], ["+ a", "+ b", "+ c", "+ d"]),
        ("customers", None, ["acme"], ["not set -> acme"]),
        ("customers", ["acme"], [], ["acme -> none"]),
        ("name", "A", None, ["A -> not set"]),
    ],
)
def test_a_field_shows_what_came_and_went(path: str, before: Any, after: Any, shown: list[str]) -> None:
    assert words.field_change(FieldChange(path=path, before=before, after=after)) == shown


def test_fields_between_documents_are_named_by_path() -> None:
    before = {"name": "a", "roles": ["x"], "sites": {"a.webex.com": {"role": "r"}}}
    after = {"roles": ["x"], "sites": {"a.webex.com": {"role": "s"}}, "home": {"type": "business"}}
    assert list(words.fields_between(before, after)) == [
        FieldChange(path="home", before=None, after={"type": "business"}),
        FieldChange(path="name", before="a", after=None),
        FieldChange(path='sites["a.webex.com"].role', before="r", after="s"),
    ]


@pytest.mark.parametrize(
    ("extra", "shown"),
    [
        ({}, "full-administrator"),
        ({"roles": [], "sites": {"a.webex.com": {"meeting_content_manager": True}}}, "meeting-content-manager on a.webex.com"),
        ({"customers": []}, "full-administrator; for no customer"),
        ({"customers": ["acme"]}, "full-administrator; for acme"),
        ({"home": {"organization": "northwind"}}, "full-administrator; from northwind"),
        ({"home": {"type": "business"}}, "full-administrator; external (business)"),
    ],
)
def test_what_a_person_holds_fits_in_a_line(extra: dict[str, Any], shown: str) -> None:
    assert " ".join(words.holdings({"email": "a@b.example", "roles": ["full-administrator"], **extra})) == shown


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"type": "partner"}, "partner"),
        ({"type": "customer", "managed_by": "northwind", "display_name": "Acme"}, "customer of northwind; Acme"),
    ],
)
def test_what_an_organization_is_fits_in_a_line(document: dict[str, Any], shown: str) -> None:
    assert " ".join(words.relationship(document)) == shown


def test_settings_that_say_nothing_are_left_out() -> None:
    assert list(words.settings({"type": "customer", "support": {"cisco_read_only_access": False}})) == []
    assert dict(words.settings({"webex_id": "6f5e", "restricted_mode": {"enabled": False, "exempt": []}})) == {
        "webex id": ["6f5e"],
        "restricted mode": ["off"],
    }


def test_an_undecided_request_ends_by_lapsing() -> None:
    request = {
        "name": "inc-1",
        "organization": "acme",
        "agent": {"email": "a@b.example", "type": "cisco-tac"},
        "reason": "x",
        "requested_at": "2026-11-20T09:00:00Z",
    }
    assert words.end_of("elevation-grant", request) == "lapsed 2026-11-20T10:00:00Z"
