"""Perform: after its changes an organization is what scope said it would become."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.model.resources import Grant, Organization
from reconciler.planning.diff import diff
from reconciler.planning.perform import perform, perform_all
from reconciler.planning.scope import resolve
from tests.fakes.builders import (
    ALICE,
    BOB,
    HOUR,
    MINUTE,
    NOW,
    a_grant,
    a_person_change,
    a_plan,
    a_request,
    an_administrator,
    an_organization,
    people,
)

EVE = an_administrator("eve@acme.example", expires_at=NOW + HOUR)
DENIED = a_request(denied_by="alice@acme.example", denied_at=NOW)


def reached(declared: Organization, stored: Organization | None, now: datetime) -> bool:
    after, findings = resolve(declared, stored, now, request_lifetime=HOUR)
    assert findings == []
    return perform_all(stored, a_plan(declared, stored, now=now).changes, now, request_lifetime=HOUR) == after


@pytest.mark.parametrize(
    "stored", [None, an_organization(BOB), an_organization(ALICE, BOB, EVE, grants=[a_grant("old"), a_request("open")])]
)
@pytest.mark.parametrize("declared", [an_organization(ALICE), an_organization(ALICE, EVE, grants=[a_grant(), a_request("open")])])
@pytest.mark.parametrize("later", [0, 35, 60, 1440])
def test_the_changes_of_a_plan_lead_to_what_it_plans(declared: Organization, stored: Organization | None, later: int) -> None:
    assert reached(declared, stored, NOW + later * MINUTE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (a_request(), a_grant()),
        (a_request(), DENIED),
        (a_request(), a_grant(revoked_at=NOW - MINUTE)),
        (a_request(), a_grant(revoked_at=NOW + MINUTE)),
        (a_grant(), a_grant(revoked_at=NOW - MINUTE)),
        (a_grant(), a_grant(revoked_at=NOW + MINUTE)),
        (a_grant(), a_grant(expires_at=NOW - MINUTE)),
        (a_grant(), a_grant(expires_at=NOW + MINUTE)),
    ],
)
@pytest.mark.parametrize("later", [0, 2, 35, 45, 2000])
def test_every_step_of_a_grant_is_reached_at_once_and_there_is_no_second(old: Grant, new: Grant, later: int) -> None:
    now = NOW + later * MINUTE
    stored, declared = an_organization(grants=[old]), an_organization(grants=[new])
    assert reached(declared, stored, now)
    after, _ = resolve(declared, stored, now, request_lifetime=HOUR)
    assert a_plan(declared, after, now=now).changes == ()


def test_forgetting_leaves_nothing() -> None:
    (change,) = diff(an_organization(ALICE), None, NOW)
    assert perform(an_organization(ALICE), change, NOW, request_lifetime=HOUR) is None


def test_ending_what_is_not_there_changes_nothing() -> None:
    stored = an_organization(ALICE)
    assert perform(stored, a_person_change(BOB, None), NOW, request_lifetime=HOUR) == stored
    (ending,) = a_plan(an_organization(), an_organization(grants=[a_grant()])).changes
    assert perform(stored, ending, NOW, request_lifetime=HOUR) == stored


def test_people_come_and_go_by_who_they_are() -> None:
    spelled = replace(BOB, email="Bob@acme.example")
    assert perform(an_organization(ALICE, BOB), a_person_change(spelled, None), NOW, request_lifetime=HOUR) == an_organization(ALICE)
    added = perform(None, a_person_change(None, ALICE), NOW, request_lifetime=HOUR)
    assert added is not None
    assert added.administrators == people(ALICE)


def test_a_change_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown type 'site'"):
        perform(None, replace(a_person_change(None, ALICE), type="site"), NOW, request_lifetime=HOUR)
