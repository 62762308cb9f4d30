"""What freezes and marks hold back, and what they never do, whatever is declared and stored."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT
from reconciler.model.policy import Freeze
from reconciler.model.resources import Administrator, Organization
from reconciler.planning.guard import held_back
from reconciler.planning.perform import perform_all
from reconciler.planning.widening import ends_access
from tests.fakes.builders import DAY, HOUR, NOW, a_plan, an_organization
from tests.properties.strategies import declared_organizations, instants, staffs, stored_organizations

NOWS = instants(-30, 240)
FREEZE = Freeze(begin=NOW - DAY, until=NOW + DAY, reason="quiet")


def is_an_end(change: Change) -> bool:
    """Tell, by what it is and not by what it compares, whether a change is an end of access."""
    return change.type in {ADMINISTRATOR, ELEVATION_GRANT} and (
        change.action is Action.DELETE or change.reason in {Reason.EXPIRED, Reason.REVOKED}
    )


@given(declared_organizations(), st.none() | stored_organizations(), NOWS)
def test_a_freeze_never_holds_back_an_end_and_holds_back_all_that_begins(
    declared: Organization, stored: Organization | None, now: datetime
) -> None:
    changes = a_plan(declared, stored, now=now).changes
    for change in changes:
        held = held_back([change], FREEZE)
        assert not (held and is_an_end(change))
        assert held or change.action is not Action.CREATE or "denied_at" in (change.after or {})


@given(declared_organizations(), stored_organizations(), NOWS)
def test_what_a_freeze_leaves_is_a_plan_of_its_own(declared: Organization, stored: Organization, now: datetime) -> None:
    left = [change for change in a_plan(declared, stored, now=now).changes if ends_access(change)]
    become = perform_all(stored, left, now, request_lifetime=HOUR)
    assert become is not None
    # Grants that end carry the instant of their end, which a manifest has not: only people are declared again.
    people = [change for change in left if change.type == ADMINISTRATOR]
    again = a_plan(replace(become, grants=declared.grants), stored, now=now).changes
    assert [change for change in again if change.type == ADMINISTRATOR] == people


@st.composite
def marked(draw: st.DrawFn) -> list[Administrator]:
    """Return people some of whom are protected."""
    return [replace(person, protect=draw(st.booleans())) for person in draw(staffs())]


@given(marked(), marked(), NOWS)
def test_nobody_protected_leaves_the_state_by_one_plan(before: list[Administrator], then: list[Administrator], now: datetime) -> None:
    stored, declared = an_organization(*before), an_organization(*then)
    made = a_plan(declared, stored, now=now)
    become = perform_all(stored, made.changes, now, request_lifetime=HOUR)
    assert become is not None
    left = become.administrators or {}
    for key, person in (stored.administrators or {}).items():
        if not (person.protect and person.live_at(now)):
            continue
        demoted = key in left and "full-administrator" in person.roles - left[key].roles
        if key not in left or demoted:
            address = f"acme/administrator/{person.email}"
            assert address in {refusal.address for refusal in made.refusals if refusal.rule == "protected-administrator"}
    if not any(person.protect for person in before):
        assert "protected-administrator" not in {refusal.rule for refusal in made.refusals}


@given(marked(), NOWS)
def test_the_mark_alone_can_always_be_put_on_and_taken_off(crowd: list[Administrator], now: datetime) -> None:
    stored, turned = an_organization(*crowd), an_organization(*(replace(person, protect=not person.protect) for person in crowd))
    made = a_plan(turned, stored, now=now)
    assert [refusal for refusal in made.refusals if refusal.rule == "protected-administrator"] == []
    assert {field.path for change in made.changes for field in change.fields} <= {"protect"}
