"""Guard: the limits by number and share, and the last full administrator, over every step."""

from dataclasses import replace

import pytest

from reconciler.model.changes import Change, Reason, Removals
from reconciler.model.findings import Finding
from reconciler.model.policy import Acknowledgements
from reconciler.model.resources import Administrator, Organization, SiteAssignment
from reconciler.planning.diff import diff
from reconciler.planning.guard import lockout, removals, too_many, too_many_overall
from reconciler.planning.order import in_order
from tests.fakes.builders import ALICE, BOB, DAY, NOBODY_MINDS, NOW, a_grant, a_person_change, a_plan, an_administrator, an_organization


def crowd(number: int, *roles: str) -> list[Administrator]:
    return [an_administrator(f"p{position:04}@acme.example", *(roles or ("device-administrator",))) for position in range(number)]


def counted(count: int, stored: int) -> Removals:
    return Removals(people=tuple(f"p{position}" for position in range(count)), stored=stored)


# How many at once


@pytest.mark.parametrize(
    ("count", "stored", "refused"),
    [
        (5, 5, False),
        (5, 10, False),
        (6, 9, False),
        (9, 9, False),
        (6, 10, True),
        (6, 19, True),
        (6, 20, False),
        (7, 20, True),
        (30, 100, False),
        (31, 100, True),
        (39, 40, True),
        (3000, 10_000, False),
        (3001, 10_000, True),
    ],
)
def test_one_organization_may_lose_five_people_or_thirty_percent(count: int, stored: int, *, refused: bool) -> None:
    assert bool(list(too_many("acme", counted(count, stored), NOBODY_MINDS))) is refused


@pytest.mark.parametrize(
    ("count", "stored", "refused"),
    [(50, 50, False), (51, 51, True), (51, 509, True), (51, 510, False), (52, 510, True), (1000, 10_000, False), (1001, 10_000, True)],
)
def test_all_organizations_together_may_lose_fifty_people_or_ten_percent(count: int, stored: int, *, refused: bool) -> None:
    assert bool(list(too_many_overall(count, stored, NOBODY_MINDS))) is refused


def test_a_refusal_has_its_numbers_its_limit_and_its_way_out() -> None:
    (refusal,) = too_many("acme", counted(6, 10), NOBODY_MINDS)
    assert (refusal.rule, refusal.address) == ("too-many-removals", "acme/organization")
    assert refusal.message == "6 of 10 people would lose access in acme"
    assert refusal.detail == "more than 5 people and more than 30 % at once are refused; they are p0, p1, p2, p3, p4, p5"
    assert refusal.hint == "if exactly these removals are meant: --allow-removals acme=6"
    (refusal,) = too_many_overall(60, 100, NOBODY_MINDS)
    assert (refusal.message, refusal.address) == ("60 of 100 people would lose access in all organizations in scope", None)
    assert refusal.hint == "if exactly these removals are meant: --allow-removals all=60"


@pytest.mark.parametrize(
    ("typed", "refusals"),
    [({"acme": 6}, 0), ({"acme": 5}, 1), ({"acme": 7}, 1), ({"acme": 0}, 1), ({"all": 6}, 1), ({"other": 6}, 1)],
)
def test_only_the_exact_number_of_the_organization_lifts_its_limit(typed: dict[str, int], refusals: int) -> None:
    assert len(list(too_many("acme", counted(6, 10), Acknowledgements(removals=typed)))) == refusals


@pytest.mark.parametrize(("typed", "refusals"), [({"all": 60}, 0), ({"all": 59}, 1), ({"acme": 60}, 1)])
def test_only_the_exact_number_of_all_lifts_the_overall_limit(typed: dict[str, int], refusals: int) -> None:
    assert len(list(too_many_overall(60, 100, Acknowledgements(removals=typed)))) == refusals


def test_another_number_than_the_one_that_was_typed_is_said() -> None:
    (refusal,) = too_many("acme", counted(6, 10), Acknowledgements(removals={"acme": 5}))
    assert "--allow-removals acme=5 was given, but the number is 6" in refusal.detail


# What counts as a removal

FULL = an_administrator("full@acme.example", "full-administrator", "device-administrator")
ON_SITE = replace(BOB, roles=frozenset(), sites={"acme.webex.com": SiteAssignment(role="site-administrator")})


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (a_person_change(BOB, None), True),
        (a_person_change(BOB, None, reason=Reason.EXPIRED), False),
        (a_person_change(None, BOB), False),
        (a_person_change(BOB, replace(BOB, roles=frozenset({"device-administrator"}))), False),
        (a_person_change(FULL, replace(FULL, roles=frozenset({"device-administrator"}))), True),
        (a_person_change(FULL, replace(FULL, roles=frozenset({"full-administrator"}))), False),
        (a_person_change(FULL, replace(FULL, expires_at=NOW + DAY)), False),
        (a_person_change(BOB, replace(BOB, roles=frozenset())), True),
        (a_person_change(BOB, ON_SITE), False),
    ],
)
def test_leaving_losing_every_role_and_demotion_count(change: Change, *, counts: bool) -> None:
    found = removals(an_organization(), [change], stored_live=7)
    assert found == Removals(people=(change.name,) if counts else (), stored=7)


def test_neither_the_organization_nor_a_grant_is_a_person() -> None:
    stored = an_organization(grants=[a_grant()])
    assert removals(stored, diff(stored, None, NOW), stored_live=1).people == ()
    assert removals(stored, diff(stored, an_organization(), NOW), stored_live=1).people == ()


def test_nobody_leaves_where_nothing_is_stored() -> None:
    assert removals(None, diff(None, an_organization(ALICE, BOB), NOW), stored_live=0) == Removals(people=(), stored=0)


def test_a_plan_counts_the_living_and_refuses() -> None:
    over = [replace(person, expires_at=NOW, email=f"over-{person.email}") for person in crowd(5)]
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, *crowd(12), *over))
    assert (len(plan.removals.people), plan.removals.stored) == (12, 13)
    assert [refusal.rule for refusal in plan.refusals] == ["too-many-removals"]
    allowed = a_plan(
        an_organization(ALICE), an_organization(ALICE, *crowd(12), *over), acknowledged=Acknowledgements(removals={"acme": 12})
    )
    assert (allowed.refusals, allowed.digest) == ((), plan.digest)


def test_a_one_person_manifest_against_forty_stored_people_is_refused_and_names_them() -> None:
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, *crowd(39)))
    (refusal,) = plan.refusals
    assert refusal.message == "39 of 40 people would lose access in acme"
    assert all(person.email in refusal.detail for person in crowd(39))


def test_demoting_everybody_is_caught() -> None:
    stored = an_organization(ALICE, *crowd(11, "full-administrator"))
    plan = a_plan(an_organization(ALICE, *crowd(11, "read-only-administrator")), stored)
    assert [refusal.rule for refusal in plan.refusals] == ["too-many-removals"]


def test_any_number_of_ends_that_have_come_is_no_removal() -> None:
    over = [replace(person, expires_at=NOW) for person in crowd(60)]
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, *over))
    assert (len(plan.changes), plan.removals.people, plan.refusals) == (60, (), ())


# The last full administrator


def judged(before: Organization | None, after: Organization | None) -> list[Finding]:
    return list(lockout(before, in_order(diff(before, after, NOW)), after))


def test_one_full_administrator_after_another_is_no_lockout() -> None:
    assert judged(an_organization(ALICE), an_organization(an_administrator("new@acme.example"), BOB)) == []


@pytest.mark.parametrize(
    "left",
    [
        [BOB],
        [an_administrator("eve@acme.example", expires_at=NOW + DAY)],
        [replace(ALICE, roles=frozenset({"read-only-administrator"}))],
        [replace(ALICE, expires_at=NOW + DAY)],
        [replace(BOB, sites={"acme.webex.com": SiteAssignment(role="site-administrator")})],
    ],
)
def test_nobody_left_without_an_end_is_refused(left: list[Administrator]) -> None:
    (refusal,) = judged(an_organization(ALICE, BOB), an_organization(*left))
    assert (refusal.rule, refusal.address) == ("no-full-administrator-left", "acme/organization")


def test_the_step_that_locks_out_is_named() -> None:
    changes = [a_person_change(ALICE, None), a_person_change(None, an_administrator("new@acme.example"))]
    (refusal,) = lockout(an_organization(ALICE), changes, an_organization(an_administrator("new@acme.example")))
    assert "after the step that takes alice@acme.example away" in refusal.message


def test_a_new_organization_is_judged_by_its_end() -> None:
    assert judged(None, an_organization(BOB, ALICE)) == []
    (refusal,) = judged(None, an_organization(BOB))
    assert "when the changes are made" in refusal.message


def test_nothing_is_claimed_where_the_administrators_are_not_known() -> None:
    assert judged(None, an_organization(administrators=None)) == []
    assert judged(an_organization(ALICE), None) == []
