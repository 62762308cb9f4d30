"""Seal: what a digest covers, what it must not depend on, and until when a plan holds."""

from dataclasses import replace
from hashlib import sha256

import pytest

from reconciler.model.changes import Action, Change, FieldChange, Moment, Reason, Risk
from reconciler.model.findings import Position, Range
from reconciler.planning.plan import with_ranges
from reconciler.planning.seal import PlanHash, digest, upcoming
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOUR,
    LINEAGE,
    MINUTE,
    NOW,
    a_grant,
    a_person_change,
    a_plan,
    a_request,
    an_administrator,
    an_organization,
)

OTHER = LINEAGE.replace("1", "2")
CHANGE = replace(a_person_change(ALICE, replace(ALICE, name="Alice")), fields=(FieldChange(path="name", before=None, after="Alice"),))


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANGE, address="acme/administrator/other@acme.example"),
        replace(CHANGE, organization="globex"),
        replace(CHANGE, type="organization"),
        replace(CHANGE, name="other@acme.example"),
        replace(CHANGE, action=Action.CREATE),
        replace(CHANGE, reason=Reason.EXPIRED),
        replace(CHANGE, before=None),
        replace(CHANGE, after={}),
        replace(CHANGE, fields=()),
        replace(CHANGE, fields=(FieldChange(path="name", before="", after="Alice"),)),
    ],
)
def test_whatever_a_change_does_reaches_the_digest(other: Change) -> None:
    assert digest(LINEAGE, 1, [other]) != digest(LINEAGE, 1, [CHANGE])


def test_risk_does_not_reach_the_digest() -> None:
    assert digest(LINEAGE, 1, [replace(CHANGE, risk=Risk.HIGH)]) == digest(LINEAGE, 1, [replace(CHANGE, risk=Risk.LOW)])


def test_neither_a_place_in_a_file_nor_the_clock_reaches_the_digest() -> None:
    stored, declared = an_organization(ALICE, BOB), an_organization(ALICE)
    plan = a_plan(declared, stored)
    place = Range(filename="a.yaml", start=Position(line=1, column=1), end=Position(line=1, column=2))
    assert with_ranges(plan, {plan.changes[0].address: place}).digest == plan.digest == a_plan(declared, stored, now=NOW + DAY).digest


def test_the_clock_of_a_late_record_does_not_reach_the_digest() -> None:
    stored = an_organization(ALICE, grants=[a_grant()])
    assert a_plan(stored, stored, now=NOW + HOUR).digest == a_plan(stored, stored, now=NOW + DAY).digest != ""


def test_lineage_and_serial_bind_an_organization_that_is_stored() -> None:
    digests = {digest(lineage, serial, [CHANGE]) for lineage in (LINEAGE, OTHER) for serial in (1, 2)}
    assert len(digests) == 4


def test_an_organization_that_was_never_stored_belongs_to_no_lineage_yet() -> None:
    assert digest(LINEAGE, 0, [CHANGE]) == digest(OTHER, 0, [CHANGE]) == digest(None, 0, [CHANGE])


def test_the_order_of_changes_reaches_the_digest() -> None:
    other = a_person_change(None, BOB)
    assert digest(LINEAGE, 1, [CHANGE, other]) != digest(LINEAGE, 1, [other, CHANGE])


def test_a_plan_without_changes_has_no_digest_and_holds_for_ever() -> None:
    stored = an_organization(ALICE, an_administrator("eve@acme.example", expires_at=NOW + HOUR))
    plan = a_plan(stored, stored)
    assert (plan.digest, plan.changes, plan.valid_until, plan.timeline) == ("", (), None, ())


def test_the_hash_of_a_fleet_is_over_its_lines() -> None:
    total = PlanHash()
    assert total.text() == f"sha256:{sha256(b'').hexdigest()}"
    total.add("acme", "a" * 64)
    total.add("globex", "b" * 64)
    lines = f"acme {'a' * 64}\nglobex {'b' * 64}\n"
    assert total.text() == f"sha256:{sha256(lines.encode()).hexdigest()}"


def test_what_is_overdue_is_not_upcoming() -> None:
    moments = [Moment(at=NOW + shift * MINUTE, address="acme/x", event="ends") for shift in (2, 0, 1, -1)]
    assert [moment.at for moment in upcoming(moments, NOW)] == [NOW + MINUTE, NOW + 2 * MINUTE]


def test_a_plan_holds_until_the_first_thing_of_its_organization_starts_or_ends() -> None:
    eve = an_administrator("eve@acme.example", expires_at=NOW + HOUR)
    stored = an_organization(ALICE, BOB, eve, grants=[a_request()])
    plan = a_plan(an_organization(ALICE, eve, grants=[a_request()]), stored)
    assert plan.valid_until == NOW + 40 * MINUTE
    assert [(moment.at, moment.event) for moment in plan.timeline] == [(NOW + 40 * MINUTE, "lapses"), (NOW + HOUR, "ends")]


def test_what_the_plan_itself_takes_away_still_bounds_it() -> None:
    eve = an_administrator("eve@acme.example", expires_at=NOW + HOUR)
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, eve))
    assert (plan.valid_until, plan.timeline) == (NOW + HOUR, ())


def test_an_end_that_is_overdue_does_not_bound_the_plan_that_records_it() -> None:
    plan = a_plan(an_organization(ALICE), an_organization(ALICE, an_administrator("eve@acme.example", expires_at=NOW)))
    assert (len(plan.changes), plan.valid_until) == (1, None)
