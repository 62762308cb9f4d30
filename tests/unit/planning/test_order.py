"""Order: what is shown is what is performed, and no moment is without somebody in charge."""

from dataclasses import replace

import pytest

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.resources import Administrator, EndReason, Organization
from reconciler.planning.diff import diff
from reconciler.planning.order import holds_full, in_order
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOUR,
    NOW,
    a_grant,
    a_person_change,
    a_request,
    an_administrator,
    an_organization,
    ended,
    settings,
)


def steps(before: Organization | None, after: Organization | None) -> list[str]:
    return [f"{change.action} {change.address.partition('/')[2]}" for change in in_order(diff(before, after, NOW))]


def test_a_full_rebuild_goes_through_all_stages() -> None:
    over = an_administrator("over@acme.example", "device-administrator", expires_at=NOW)
    leaver, demoted = an_administrator("leaver@acme.example"), an_administrator("demoted@acme.example")
    before = an_organization(
        leaver, demoted, over, BOB, grants=[a_grant("ends"), a_request("kept"), a_grant("revoked"), a_request("decided")]
    )
    after = an_organization(
        ALICE,
        replace(demoted, roles=frozenset({"device-administrator"})),
        replace(BOB, name="Bob"),
        grants=[
            ended(a_grant("ends"), EndReason.EXPIRED, NOW),
            a_request("kept"),
            a_grant("revoked", revoked_at=NOW + HOUR),
            a_grant("decided"),
            a_request("new"),
        ],
        settings=settings(display_name="Acme"),
    )
    assert steps(before, after) == [
        "delete administrator/over@acme.example",
        "delete elevation-grant/ends",
        "update elevation-grant/revoked",
        "update organization",
        "create administrator/alice@acme.example",
        "update administrator/bob@acme.example",
        "update elevation-grant/decided",
        "create elevation-grant/new",
        "update administrator/demoted@acme.example",
        "delete administrator/leaver@acme.example",
    ]


def test_an_access_declared_anew_comes_after_its_recorded_end() -> None:
    over = an_administrator("eve@acme.example", expires_at=NOW)
    assert steps(an_organization(ALICE, over), an_organization(ALICE, replace(over, expires_at=NOW + DAY))) == [
        "delete administrator/eve@acme.example",
        "create administrator/eve@acme.example",
    ]


def test_forgetting_comes_last() -> None:
    forgetting = Change(
        address="acme/organization",
        organization="acme",
        type="organization",
        name="acme",
        action=Action.DELETE,
        reason=Reason.OMITTED,
        before={},
        after=None,
    )
    leaving = a_person_change(ALICE, None)
    assert in_order([forgetting, leaving]) == (leaving, forgetting)


def test_within_a_stage_addresses_decide_and_the_given_order_does_not() -> None:
    crowd = [a_person_change(None, an_administrator(f"p{number}@acme.example")) for number in range(5)]
    assert in_order(reversed(crowd)) == in_order(crowd) == tuple(crowd)


@pytest.mark.parametrize(
    ("person", "holds"),
    [
        (ALICE, True),
        (BOB, False),
        (an_administrator("eve@acme.example", expires_at=NOW + DAY), False),
        (an_administrator("a@b.example", "full-administrator", "device-administrator"), True),
    ],
)
def test_full_administrator_with_an_end_does_not_count(person: Administrator, *, holds: bool) -> None:
    assert holds_full(a_person_change(None, person).after) is holds
    assert not holds_full(None)
