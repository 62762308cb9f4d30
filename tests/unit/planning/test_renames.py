"""Renames of people: what is one update, what is none, and what is refused."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.resources import Administrator, Organization
from reconciler.planning.follow_ups import open_after
from reconciler.planning.guard import lockout
from reconciler.planning.risk import risk_of
from reconciler.planning.scope import resolve
from reconciler.planning.widening import ends_access
from tests.fakes.builders import ALICE, BOB, CATALOG, DAY, HOUR, NOW, SECOND, a_follow_up, a_person_change, a_plan, an_organization

ALICIA = replace(ALICE, email="alicia@acme.example")


def renaming(*crowd: Administrator, **renames: str) -> Organization:
    named = {f"{new}@acme.example": f"{old}@acme.example" for new, old in renames.items()}
    return replace(an_organization(*crowd), renamed=named)


def test_a_rename_is_one_update_with_both_addresses() -> None:
    (change,) = a_plan(renaming(ALICIA, alicia="alice"), an_organization(ALICE)).changes
    assert (change.address, change.action, change.reason) == ("acme/administrator/alicia@acme.example", Action.UPDATE, Reason.DECLARED)
    assert [(field.path, field.before, field.after) for field in change.fields] == [("email", "alice@acme.example", "alicia@acme.example")]
    assert (change.former, ends_access(change), risk_of(change, CATALOG)) == ("alice@acme.example", False, "high")


def test_what_the_person_holds_is_compared_across() -> None:
    declared = renaming(replace(ALICIA, name="Alicia"), BOB, alicia="alice")
    (change,) = a_plan(declared, an_organization(ALICE, BOB)).changes
    assert [field.path for field in change.fields] == ["email", "name"]


def test_a_rename_that_was_made_says_nothing_and_neither_does_one_of_nobody() -> None:
    declared = renaming(ALICIA, alicia="alice")
    assert a_plan(declared, an_organization(ALICIA)).changes == ()
    (_, created) = a_plan(declared, None).changes
    assert created.action is Action.CREATE


def test_the_only_full_administrator_can_be_renamed() -> None:
    made = a_plan(renaming(ALICIA, BOB, alicia="alice"), an_organization(ALICE, BOB))
    assert (made.refusals, made.removals.people) == ((), ())


def test_a_demotion_with_a_rename_is_a_demotion() -> None:
    demoted = replace(ALICIA, roles=BOB.roles)
    stored, declared = an_organization(ALICE), renaming(demoted, alicia="alice")
    made = a_plan(declared, stored)
    assert made.removals.people == ("alicia@acme.example",)
    assert [refusal.rule for refusal in made.refusals] == ["no-full-administrator-left"]
    become, _ = resolve(declared, stored, NOW, request_lifetime=HOUR)
    assert len(list(lockout(stored, made.changes, become))) == 1


def test_a_protected_person_can_be_renamed_and_stays_protected() -> None:
    stored = an_organization(ALICE, replace(BOB, protect=True))
    robert = replace(BOB, email="robert@acme.example", protect=True)
    assert a_plan(renaming(ALICE, robert, robert="bob"), stored).refusals == ()
    assert [it.rule for it in a_plan(renaming(ALICE, robert), stored).refusals] == ["protected-administrator"]


@pytest.mark.parametrize(("ends", "merges"), [(None, True), (NOW + DAY, True), (NOW, False)])
def test_nobody_becomes_somebody_who_is_stored_already(ends: datetime | None, *, merges: bool) -> None:
    other = replace(ALICIA, roles=BOB.roles, expires_at=ends)
    stored = an_organization(ALICE, BOB, other)
    _, findings = resolve(renaming(ALICIA, BOB, alicia="alice"), stored, NOW, request_lifetime=HOUR)
    assert [(it.rule, it.address) for it in findings] == (
        [("rename-into-another", "acme/administrator/alicia@acme.example")] if merges else []
    )


def test_an_address_whose_access_has_ended_is_free_for_a_rename() -> None:
    stored = an_organization(ALICE, replace(ALICIA, roles=BOB.roles, expires_at=NOW))
    made = a_plan(renaming(ALICIA, alicia="alice"), stored)
    assert [(change.action, change.reason) for change in made.changes] == [
        (Action.DELETE, Reason.EXPIRED),
        (Action.UPDATE, Reason.DECLARED),
    ]


def test_access_that_has_ended_is_not_renamed_but_ended() -> None:
    over = replace(BOB, expires_at=NOW)
    robert = replace(BOB, email="robert@acme.example")
    made = a_plan(renaming(ALICE, robert, robert="bob"), an_organization(ALICE, over))
    assert [(change.name, change.reason, change.action) for change in made.changes] == [
        ("bob@acme.example", Reason.EXPIRED, Action.DELETE),
        ("robert@acme.example", Reason.DECLARED, Action.CREATE),
    ]


def test_what_is_open_about_a_person_moves_with_the_address() -> None:
    change = a_person_change(BOB, replace(BOB, email="Robert@acme.example"))
    (open_step,) = open_after([a_follow_up("acme/administrator/BOB@acme.example")], [change], ())
    assert (open_step.address, open_step.since) == ("acme/administrator/Robert@acme.example", NOW - DAY)


def test_a_difference_in_letters_alone_is_no_rename() -> None:
    change: Change = a_person_change(BOB, replace(BOB, email="Bob@acme.example"))
    assert change.former is None


def test_a_rename_binds_to_the_time_of_its_plan() -> None:
    ending = replace(BOB, expires_at=NOW + SECOND)
    robert = replace(ending, email="robert@acme.example")
    assert a_plan(renaming(ALICE, robert, robert="bob"), an_organization(ALICE, ending)).valid_until == NOW + SECOND
