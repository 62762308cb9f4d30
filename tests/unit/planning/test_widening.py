"""Widening: what a clock that was set back holds up, and what it does not."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.changes import Change
from reconciler.model.resources import Organization, SiteAssignment
from reconciler.planning.widening import widens
from tests.fakes.builders import ALICE, HOUR, MINUTE, NOW, a_grant, a_plan, a_request, an_administrator, an_organization, settings

EVE = an_administrator("eve@acme.example", "device-administrator", "user-administrator", expires_at=NOW + HOUR)


def the_change(before: Organization | None, after: Organization) -> Change:
    (change,) = a_plan(after, before).changes
    return change


def people(before: Any, after: Any) -> Change:
    sides = [an_organization(ALICE, *filter(None, (side,))) for side in (before, after)]
    return the_change(*sides)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, EVE, True),
        (EVE, None, False),
        (EVE, replace(EVE, expires_at=NOW + MINUTE), False),
        (EVE, replace(EVE, expires_at=NOW + 2 * HOUR), True),
        (EVE, replace(EVE, expires_at=None), True),
        (replace(EVE, expires_at=None), EVE, False),
        (EVE, replace(EVE, roles=frozenset({"device-administrator"})), False),
        (EVE, replace(EVE, roles=frozenset({"device-administrator"}), expires_at=None), True),
        (EVE, replace(EVE, roles=frozenset({"device-administrator", "support-administrator"})), True),
        (EVE, replace(EVE, sites={"acme.webex.com": SiteAssignment(role="site-administrator")}), True),
        (EVE, replace(EVE, name="Eve Long"), True),
    ],
)
def test_of_a_person(before: Any, after: Any, *, expected: bool) -> None:
    assert widens(people(before, after)) is expected


def grants(before: Any, after: Any) -> Change:
    sides = [an_organization(ALICE, grants=filter(None, (side,))) for side in (before, after)]
    return the_change(*sides)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, a_request(), True),
        (None, a_grant(), True),
        (a_request(), a_grant(), True),
        (a_request(), a_request(denied_by="alice@acme.example", denied_at=NOW - MINUTE), False),
        (a_grant(), a_grant(expires_at=NOW + MINUTE), False),
        (a_grant(), a_grant(revoked_at=NOW - MINUTE), False),
        (a_grant(), None, False),
        (a_grant(expires_at=NOW - MINUTE), None, False),
        (a_grant(), a_grant(reason="another one"), True),
    ],
)
def test_of_a_grant(before: Any, after: Any, *, expected: bool) -> None:
    assert widens(grants(before, after)) is expected


def test_of_an_organization() -> None:
    changed = the_change(an_organization(), an_organization(settings=settings(display_name="Acme")))
    assert widens(changed)
    assert not widens(replace(changed, after=None))
