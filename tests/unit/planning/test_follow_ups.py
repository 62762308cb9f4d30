"""Follow-ups: from the change that makes a step necessary until somebody attests it, or what it is about is gone."""

from dataclasses import replace

from reconciler.model.changes import Action, Change, FollowUp, ManualStep, Plan, Reason
from reconciler.model.identifiers import grant_address, organization_address
from reconciler.planning.follow_ups import due_with, left_by, open_after, opened
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    a_follow_up,
    a_grant,
    a_person_change,
    a_plan,
    a_step,
    an_administrator,
    an_organization,
)

A_ALICE, A_BOB, A_EVE, ACME = *(f"acme/administrator/{who}@acme.example" for who in ("alice", "bob", "eve")), "acme/organization"
GRANT = grant_address("acme", "inc-1")
EVE = an_administrator("eve@acme.example", "device-administrator")
BOB_LEAVES = a_person_change(BOB, None)


def after(before: list[FollowUp], *changes: Change, new: tuple[FollowUp, ...] = ()) -> list[FollowUp]:
    return list(open_after(before, changes, new))


def test_what_is_open_stays_open_over_changes_of_others_and_of_the_same_resource() -> None:
    before = [a_follow_up(A_BOB), a_follow_up(ACME)]
    assert after(before, a_person_change(ALICE, None), a_person_change(BOB, replace(BOB, name="Bob"))) == before


def test_a_removed_administrator_takes_along_what_was_open_in_whatever_spelling() -> None:
    before = [a_follow_up(ACME), a_follow_up("acme/administrator/BOB@acme.example")]
    assert after(before, BOB_LEAVES) == [a_follow_up(ACME)]
    assert after(before, replace(BOB_LEAVES, reason=Reason.EXPIRED)) == [a_follow_up(ACME)]


def test_what_a_removal_makes_necessary_stays_open_over_later_changes() -> None:
    provisioning = a_follow_up(A_BOB, "provisioning-remains", since=NOW)
    left = after([a_follow_up(A_BOB)], BOB_LEAVES, new=(provisioning,))
    assert left == [provisioning]
    assert after(left, a_person_change(None, EVE)) == [provisioning]


def test_an_ended_grant_is_history_and_what_is_open_about_it_stays() -> None:
    (change,) = a_plan(an_organization(), an_organization(grants=[a_grant()])).changes
    assert (change.address, change.action) == (GRANT, Action.DELETE)
    assert after([a_follow_up(GRANT)], change) == [a_follow_up(GRANT)]


def test_a_forgotten_organization_leaves_nothing_open() -> None:
    forgotten = replace(BOB_LEAVES, address=organization_address("acme"), type="organization", name="acme")
    assert after([a_follow_up(ACME), a_follow_up(GRANT)], forgotten, new=(a_follow_up(ACME, "farewell"),)) == []
    made = replace(a_plan(an_organization(), an_organization()), changes=(forgotten,), steps=(a_step(ACME),))
    assert due_with(made) == ([[]], [])


def test_a_newer_follow_up_of_one_resource_and_rule_replaces_the_older() -> None:
    older, newer = a_follow_up(A_BOB, summary="old"), a_follow_up("acme/administrator/Bob@acme.example", since=NOW)
    assert after([older, a_follow_up(A_BOB, "another-rule")], new=(newer,)) == [newer, a_follow_up(A_BOB, "another-rule")]


def test_the_answer_is_in_the_order_of_addresses_and_rules() -> None:
    first, second, third = a_follow_up(A_BOB, "a"), a_follow_up(A_BOB, "b"), a_follow_up(ACME, "a")
    assert after([third, second], new=(first,)) == [first, second, third]
    assert opened([a_step(ACME, "a"), a_step(A_BOB, "b"), a_step(A_BOB, "a")], NOW - DAY) == (first, second, third)


def a_made_plan(*steps: ManualStep) -> Plan:
    over = replace(EVE, expires_at=NOW - HOUR)
    made = a_plan(an_organization(ALICE, replace(EVE, expires_at=NOW + HOUR), BOB), an_organization(ALICE, over))
    assert [(change.address, change.action) for change in made.changes] == [
        (A_EVE, Action.DELETE),
        (A_BOB, Action.CREATE),
        (A_EVE, Action.CREATE),
    ]
    return replace(made, steps=steps)


def test_steps_come_due_with_the_last_change_of_their_resource_and_the_others_with_any() -> None:
    bob, eve, eve_too, other, said_once = (
        a_step("acme/administrator/Bob@acme.example"),
        a_step(A_EVE),
        a_step(A_EVE, "b"),
        a_step(ACME),
        a_step(A_BOB, "c", follow_up=False),
    )
    assert due_with(a_made_plan(eve, bob, other, said_once, eve_too)) == ([[], [bob], [eve, eve_too]], [other])


def test_a_step_opens_at_the_instant_of_recording() -> None:
    (follow_up,) = opened([a_step(A_BOB)], NOW + MINUTE)
    assert follow_up == a_follow_up(A_BOB, since=NOW + MINUTE)


def test_of_earlier_runs_stays_what_a_plan_neither_replaces_nor_takes_along() -> None:
    made = a_made_plan(a_step("acme/administrator/BOB@acme.example"), a_step(ACME, follow_up=False))
    before = [a_follow_up(A_ALICE), a_follow_up(A_BOB), a_follow_up(A_BOB, "b"), a_follow_up(A_EVE), a_follow_up(ACME)]
    assert left_by(made, before) == (a_follow_up(A_ALICE), a_follow_up(A_BOB, "b"), a_follow_up(ACME))
