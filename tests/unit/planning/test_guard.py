"""Guard: the limits by number and share, and the last full administrator, over every step."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.model.changes import Change, Reason, Removals
from reconciler.model.findings import Finding, Position, Range
from reconciler.model.policy import Acknowledgements, Freeze, Policy, RemovalLimit
from reconciler.model.resources import Administrator, Organization, SiteAssignment
from reconciler.planning.diff import diff
from reconciler.planning.guard import frozen, held_back, lockout, protected, removals, too_many, too_many_overall
from reconciler.planning.order import in_order
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    NOBODY_MINDS,
    NOW,
    SECOND,
    a_grant,
    a_person_change,
    a_plan,
    an_administrator,
    an_organization,
    settings,
)


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
    said = "more than 5 people and more than 30 % at once are refused (the default of policy.limits.organization)"
    assert refusal.detail == f"{said}; they are p0, p1, p2, p3, p4, p5"
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


HERE = Range(filename="reconciler.yaml", start=Position(line=7, column=5), end=Position(line=7, column=11))
STRICT = RemovalLimit(people=1, percent=0, minimum=0, range=HERE)


@pytest.mark.parametrize(("count", "stored", "refused"), [(0, 1, False), (1, 1, False), (2, 3, True), (2, 10_000, True)])
def test_another_limit_counts_instead_of_the_default(count: int, stored: int, *, refused: bool) -> None:
    assert bool(list(too_many("acme", counted(count, stored), NOBODY_MINDS, STRICT))) is refused
    assert bool(list(too_many_overall(count, stored, NOBODY_MINDS, STRICT))) is refused


def test_a_refusal_says_where_the_limit_is_set() -> None:
    (one,), (every,) = too_many("acme", counted(2, 3), NOBODY_MINDS, STRICT), too_many_overall(2, 3, NOBODY_MINDS, STRICT)
    said = "more than 1 people and more than 0 % at once are refused (policy.limits.{}, reconciler.yaml:7)"
    assert one.detail == said.format("organization") + "; they are p0, p1"
    assert every.detail == said.format("overall")


# Protected people

BREAK_GLASS = an_administrator("glass@acme.example", protect=True)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (None, "glass@acme.example is protected and would be removed"),
        (replace(BREAK_GLASS, roles=frozenset()), "glass@acme.example is protected and would lose every role"),
        (replace(BREAK_GLASS, protect=False, roles=frozenset({"user-administrator"})), "would lose full-administrator"),
        (replace(BREAK_GLASS, expires_at=NOW + DAY), "would be given an earlier end"),
        (replace(BREAK_GLASS, protect=False, expires_at=NOW + DAY), "would be given an earlier end"),
        (replace(BREAK_GLASS, protect=False), None),
        (replace(BREAK_GLASS, roles=BREAK_GLASS.roles | {"user-administrator"}), None),
        (replace(BREAK_GLASS, name="Glass"), None),
    ],
)
def test_the_stored_mark_stands_against_removal_demotion_and_an_earlier_end(after: Administrator | None, said: str | None) -> None:
    change = a_person_change(BREAK_GLASS, after)
    found = list(protected(an_organization(ALICE, BREAK_GLASS), [change], now=NOW))
    assert [finding.rule for finding in found] == ([] if said is None else ["protected-administrator"])
    assert all((said or "") in finding.message for finding in found)


def test_a_mark_that_is_declared_and_not_stored_stands_against_nothing_yet() -> None:
    assert a_plan(an_organization(ALICE), an_organization(ALICE, replace(BREAK_GLASS, protect=False))).refusals == ()


def test_a_later_end_or_none_is_no_earlier_one() -> None:
    ending = replace(BREAK_GLASS, expires_at=NOW + DAY)
    for after in (replace(ending, expires_at=NOW + 2 * DAY), replace(ending, expires_at=None)):
        assert list(protected(an_organization(ALICE, ending), [a_person_change(ending, after)], now=NOW)) == []


def test_the_end_of_a_protected_person_comes_all_the_same() -> None:
    over = replace(BREAK_GLASS, expires_at=NOW)
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, over))
    assert ([change.reason for change in plan.changes], plan.refusals) == ([Reason.EXPIRED], ())


def test_an_organization_with_protected_people_is_not_forgotten() -> None:
    over = replace(BREAK_GLASS, email="over@acme.example", expires_at=NOW)
    stored = an_organization(ALICE, BREAK_GLASS, over)
    (refusal,) = protected(stored, diff(stored, None, NOW), now=NOW)
    assert (refusal.address, refusal.detail) == ("acme/organization", "protected: glass@acme.example")
    left = an_organization(ALICE, over)
    assert list(protected(left, diff(left, None, NOW), now=NOW)) == []


# Freezes

FREEZE = Freeze(begin=NOW - DAY, until=NOW + DAY, reason="end of the year", range=HERE)


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (a_person_change(None, BOB), True),
        (a_person_change(BOB, replace(BOB, name="Bob")), True),
        (a_person_change(BOB, replace(BOB, protect=True)), True),
        (a_person_change(BOB, None), False),
        (a_person_change(BOB, None, reason=Reason.EXPIRED), False),
        (a_person_change(BOB, replace(BOB, expires_at=NOW + DAY)), False),
        (a_person_change(replace(BOB, expires_at=NOW + DAY), BOB), True),
    ],
)
def test_a_freeze_holds_back_everything_but_ends_of_access(change: Change, *, held: bool) -> None:
    assert held_back([change], FREEZE) == ((change.address,) if held else ())
    assert held_back([change], None) == ()


def test_a_freeze_holds_back_settings_and_forgetting_an_organization_which_end_nobodys_access() -> None:
    stored = an_organization(ALICE)
    for after in (None, replace(stored, settings=settings(display_name="Acme"))):
        assert held_back(diff(stored, after, NOW), FREEZE) == ("acme/organization",)


def test_a_refusal_of_a_freeze_has_its_end_its_reason_its_place_and_who_takes_it_off() -> None:
    (refusal,) = frozen({FREEZE: [f"acme/administrator/p{number}@acme.example" for number in range(7)]})
    assert refusal.message == "7 changes are held back by a freeze until 2026-11-21T09:30:00Z: end of the year"
    assert "since 2026-11-19T09:30:00Z (reconciler.yaml:7)" in refusal.detail
    assert "p4@acme.example and 2 more." in refusal.detail
    assert (
        refusal.hint
        == "apply from 2026-11-21T09:30:00Z on, or take the window out of policy.freeze in reconciler.yaml by a change of its own"
    )
    assert list(frozen({FREEZE: []})) == []


@pytest.mark.parametrize(("at", "counts"), [(-DAY, True), (-DAY - SECOND, False), (DAY - SECOND, True), (DAY, False)])
def test_a_freeze_counts_from_its_first_instant_and_not_at_its_last(at: timedelta, *, counts: bool) -> None:
    assert FREEZE.counts_at(NOW + at) is counts


GOLD = an_organization(settings=settings(labels={"tier": "gold", "region": "eu"}))


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"organizations": frozenset({"acme"})}, True),
        ({"organizations": frozenset({"globex"})}, False),
        ({"labels": (("tier", "gold"),)}, True),
        ({"labels": (("region", "eu"), ("tier", "silver"))}, False),
        ({"organizations": frozenset({"acme"}), "labels": (("tier", "silver"),)}, False),
    ],
)
def test_a_freeze_may_be_for_some_organizations_alone(fields: dict[str, Any], *, counts: bool) -> None:
    window = replace(FREEZE, **fields)
    assert Policy(freezes=[window]).freeze_of((GOLD, None), NOW) == (window if counts else None)


def test_no_change_takes_itself_out_of_a_freeze_and_the_longest_of_several_is_told() -> None:
    window = replace(FREEZE, labels=(("tier", "gold"),))
    longer = replace(window, until=NOW + 2 * DAY)
    policy = Policy(freezes=[window, longer, replace(longer, begin=NOW + SECOND, until=NOW + 9 * DAY)])
    assert policy.freeze_of((GOLD, an_organization()), NOW) == policy.freeze_of((an_organization(), GOLD), NOW) == longer
    assert policy.freeze_of((None, None), NOW) is None


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
