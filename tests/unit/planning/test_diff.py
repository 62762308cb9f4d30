"""Diff: one change a resource, with the fields that differ by their paths."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.changes import Action, Change, FieldChange, Reason
from reconciler.model.documents import administrator_document, grant_document, settings_document
from reconciler.model.resources import EndReason, Grant, Organization, RestrictedMode, SiteAssignment
from reconciler.planning.diff import diff, explain
from reconciler.planning.scope import resolve
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    a_grant,
    a_person_change,
    a_request,
    an_administrator,
    an_organization,
    ended,
    grants_alone,
    people,
    settings,
)


def changes(before: Organization | None, after: Organization | None) -> list[Change]:
    return sorted(diff(before, after, NOW), key=lambda change: (change.address, change.action))


def told(before: Organization | None, after: Organization | None) -> list[tuple[str, Action, Reason]]:
    return [(change.address, change.action, change.reason) for change in changes(before, after)]


def fields(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(field.path, field.before, field.after) for field in explain(before, after)]


def test_nothing_differs_from_itself() -> None:
    for organization in (an_organization(ALICE, BOB, grants=[a_grant()]), grants_alone(a_request()), an_organization(administrators=None)):
        assert changes(organization, organization) == []


def test_everything_is_new_where_nothing_is_stored() -> None:
    assert told(None, an_organization(ALICE, BOB, grants=[a_grant()])) == [
        ("acme/administrator/alice@acme.example", Action.CREATE, Reason.DECLARED),
        ("acme/administrator/bob@acme.example", Action.CREATE, Reason.DECLARED),
        ("acme/elevation-grant/inc-1", Action.CREATE, Reason.DECLARED),
        ("acme/organization", Action.CREATE, Reason.DECLARED),
    ]


def test_forgetting_is_one_change_and_takes_nobodys_access() -> None:
    assert told(an_organization(ALICE, grants=[a_grant()]), None) == [("acme/organization", Action.DELETE, Reason.OMITTED)]
    assert told(None, None) == told(grants_alone(a_grant()), None) == []


def test_a_persons_change_is_whole_and_has_the_fields_that_differ() -> None:
    after = replace(BOB, name="Bob Dvorak", roles=frozenset({"support-administrator", "device-administrator"}))
    (change,) = changes(an_organization(ALICE, BOB), an_organization(ALICE, after))
    expected = replace(
        a_person_change(BOB, after),
        fields=(
            FieldChange(path="name", before=None, after="Bob Dvorak"),
            FieldChange(path="roles", before=["support-administrator"], after=["device-administrator", "support-administrator"]),
        ),
    )
    assert change == expected


def test_a_site_is_a_quoted_step_in_a_path() -> None:
    before = replace(BOB, sites={"acme.webex.com": SiteAssignment(role="site-administrator")})
    after = replace(BOB, sites={"acme.webex.com": SiteAssignment(role="site-user-administrator", meeting_content_manager=True)})
    (change,) = changes(an_organization(ALICE, before), an_organization(ALICE, after))
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ('sites["acme.webex.com"].meeting_content_manager', None, True),
        ('sites["acme.webex.com"].role', "site-administrator", "site-user-administrator"),
    ]


def test_a_scope_that_comes_or_goes_is_one_field() -> None:
    scoped = replace(BOB, customers=frozenset({"globex"}), home=None)
    assert fields(administrator_document(BOB), administrator_document(scoped)) == [("customers", None, ["globex"])]
    assert fields(administrator_document(scoped), administrator_document(replace(scoped, customers=frozenset()))) == [
        ("customers", ["globex"], [])
    ]


def test_another_spelling_of_an_address_is_no_change() -> None:
    spelled = replace(ALICE, email="Alice@ACME.example")
    after, _ = resolve(an_organization(spelled), an_organization(ALICE), NOW, request_lifetime=HOUR)
    assert changes(an_organization(ALICE), after) == []


def test_settings_are_one_change_of_the_organization() -> None:
    before = settings(managed_by="northwind", restricted_mode=RestrictedMode(), labels={"tier": "gold"})
    after = replace(before, restricted_mode=RestrictedMode(enabled=False), labels={"tier": "silver", "a.b/c": "d"})
    (change,) = changes(an_organization(settings=before), an_organization(settings=after))
    assert (change.address, change.action, change.before) == ("acme/organization", Action.UPDATE, settings_document(before))
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ('labels["a.b/c"]', None, "d"),
        ("labels.tier", "gold", "silver"),
        ("restricted_mode.enabled", True, False),
    ]


# Why somebody leaves


def test_leaving_out_a_person_is_omitted_and_a_person_whose_end_has_come_is_expired() -> None:
    eve = an_administrator("eve@acme.example", expires_at=NOW + MINUTE)
    over = an_administrator("over@acme.example", expires_at=NOW)
    assert told(an_organization(ALICE, eve, over), an_organization(ALICE)) == [
        ("acme/administrator/eve@acme.example", Action.DELETE, Reason.OMITTED),
        ("acme/administrator/over@acme.example", Action.DELETE, Reason.EXPIRED),
    ]


def test_a_later_end_for_somebody_whose_end_has_come_declares_the_access_anew() -> None:
    over = an_administrator("eve@acme.example", expires_at=NOW)
    anew = replace(over, expires_at=NOW + DAY)
    assert changes(an_organization(ALICE, over), an_organization(ALICE, anew)) == [
        a_person_change(None, anew),
        a_person_change(over, None, reason=Reason.EXPIRED),
    ]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (EndReason.EXPIRED, Reason.EXPIRED),
        (EndReason.LAPSED, Reason.EXPIRED),
        (EndReason.REVOKED, Reason.EXPIRED),
        (EndReason.DENIED, Reason.EXPIRED),
        (EndReason.OMITTED, Reason.OMITTED),
    ],
)
def test_an_end_without_an_edit_is_a_delete_that_says_why(end: EndReason, reason: Reason) -> None:
    assert told(an_organization(grants=[a_grant()]), an_organization(grants=[ended(a_grant(), end, NOW)])) == [
        ("acme/elevation-grant/inc-1", Action.DELETE, reason)
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (a_request(), a_grant(), Reason.DECLARED),
        (a_request(), a_grant(revoked_at=NOW + MINUTE), Reason.DECLARED),
        (a_request(), a_request(denied_by="alice@acme.example", denied_at=NOW), Reason.DECLARED),
        (a_grant(), a_grant(revoked_at=NOW + MINUTE), Reason.REVOKED),
        (a_grant(), ended(a_grant(revoked_at=NOW), EndReason.REVOKED, NOW), Reason.REVOKED),
        (a_grant(revoked_at=NOW + MINUTE), a_grant(revoked_at=NOW), Reason.REVOKED),
        (a_grant(), a_grant(expires_at=NOW + MINUTE), Reason.DECLARED),
    ],
)
def test_a_step_of_a_grant_is_an_update_that_says_why(old: Grant, new: Grant, reason: Reason) -> None:
    assert told(an_organization(grants=[old]), an_organization(grants=[new])) == [("acme/elevation-grant/inc-1", Action.UPDATE, reason)]


def test_the_instant_of_recording_never_reaches_a_change() -> None:
    early, late = (ended(a_grant(), EndReason.EXPIRED, NOW, recorded_at=at) for at in (NOW, NOW + DAY))
    stored = an_organization(grants=[a_grant()])
    assert changes(stored, an_organization(grants=[early])) == changes(stored, an_organization(grants=[late]))
    (change,) = changes(stored, an_organization(grants=[late]))
    assert (change.before, change.after, change.fields) == (grant_document(a_grant()), None, ())


# DeepDiff at its edges


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"__class__": 1}, {"__class__": 2}, [("__class__", 1, 2)]),
        ({"labels": {"__x": "a"}}, {"labels": {"__x": "b"}}, [("labels.__x", "a", "b")]),
        ({"roles": ["a", "b"]}, {"roles": ["b", "a"]}, [("roles", ["a", "b"], ["b", "a"])]),
        ({"roles": ["a"]}, {"roles": ["a", "a"]}, [("roles", ["a"], ["a", "a"])]),
        ({"roles": []}, {"roles": ["a"]}, [("roles", [], ["a"])]),
        ({"roles": []}, {}, [("roles", [], None)]),
        ({"on": True}, {"on": 1}, [("on", True, 1)]),
        ({"on": 1}, {"on": 1.0}, [("on", 1, 1.0)]),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "d": 2, "e": 3}, [("b", 2, None), ("c", 3, None), ("d", None, 2), ("e", None, 3)]),
        ({"x": {"a']['b": 1}}, {"x": {"a']['b": 2}}, [("x[\"a']['b\"]", 1, 2)]),
        ({'q"\\': 1}, {'q"\\': 2}, [('["q\\"\\\\"]', 1, 2)]),
        ({"": 1}, {"": 2}, [('[""]', 1, 2)]),
        ({"home": {"type": "x"}}, {"home": {"organization": "y"}}, [("home.organization", None, "y"), ("home.type", "x", None)]),
        ({"a": 1}, {"a": 1}, []),
    ],
)
def test_fields_are_exact_where_deepdiff_by_default_is_not(before: Any, after: Any, expected: Any) -> None:
    assert fields(before, after) == expected


def test_a_list_and_its_text_are_not_the_same() -> None:
    assert fields({"a": ["x"]}, {"a": "x"}) == [("a", ["x"], "x")]
    assert fields({"a": ["x\0y"]}, {"a": ["x", "y"]}) == [("a", ["x\0y"], ["x", "y"])]


def test_people_are_matched_by_who_they_are_and_not_by_their_place() -> None:
    crowd = [an_administrator(f"p{number}@acme.example") for number in range(4)]
    before, after = people(*crowd), people(*reversed(crowd[1:]))
    assert told(an_organization(administrators=before), an_organization(administrators=after)) == [
        ("acme/administrator/p0@acme.example", Action.DELETE, Reason.OMITTED)
    ]
