"""Scope: what is ours to change, what is left alone, and that grants change one way."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.model.resources import Administrator, EndReason, Grant, Organization
from reconciler.planning.scope import resolve
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_grant,
    a_request,
    an_administrator,
    an_organization,
    ended,
    grants_alone,
    people,
    settings,
)

EVE = an_administrator("eve@acme.example", expires_at=NOW + HOUR)


def becomes(declared: Organization, stored: Organization | None, now: datetime = NOW) -> Organization:
    after, findings = resolve(declared, stored, now, request_lifetime=HOUR)
    assert findings == []
    return after


def rules_of(declared: Organization, stored: Organization | None, now: datetime = NOW) -> list[str]:
    return [finding.rule for finding in resolve(declared, stored, now, request_lifetime=HOUR)[1]]


def the_grant(after: Organization) -> Grant:
    return after.grants["inc-1"]


# Organizations and people


def test_what_is_declared_over_nothing_is_what_it_becomes() -> None:
    declared = an_organization(ALICE, BOB, grants=[a_grant()])
    assert becomes(declared, None) == declared


def test_a_declared_list_is_the_list() -> None:
    assert becomes(an_organization(ALICE), an_organization(ALICE, BOB)).administrators == people(ALICE)


def test_a_list_that_is_not_declared_stays_as_it_is_stored() -> None:
    assert becomes(an_organization(administrators=None), an_organization(ALICE, BOB)).administrators == people(ALICE, BOB)


def test_a_list_that_was_never_declared_nor_stored_stays_unknown() -> None:
    assert becomes(an_organization(administrators=None), None).administrators is None


def test_grants_alone_leave_settings_and_people_as_they_are() -> None:
    stored = an_organization(ALICE, BOB, settings=settings(display_name="Acme"))
    after = becomes(grants_alone(a_grant()), stored)
    assert (after.settings, after.administrators) == (stored.settings, stored.administrators)
    assert after.grants == {"inc-1": a_grant()}


def test_another_spelling_of_an_address_is_no_change() -> None:
    spelled = replace(ALICE, email="ALICE@acme.example")
    assert becomes(an_organization(spelled), an_organization(ALICE)).administrators == people(ALICE)


@pytest.mark.parametrize("declared", [an_organization(ALICE, EVE), an_organization(ALICE), an_organization(administrators=None)])
def test_a_person_whose_end_has_come_is_gone_whether_declared_or_not(declared: Organization) -> None:
    after = becomes(declared, an_organization(ALICE, EVE), NOW + HOUR)
    assert after.administrators == people(ALICE)


def test_a_persons_access_lasts_up_to_its_end_and_not_at_it() -> None:
    assert becomes(an_organization(ALICE, EVE), None, NOW + HOUR - SECOND).administrators == people(ALICE, EVE)
    assert becomes(an_organization(ALICE, EVE), None, NOW + HOUR).administrators == people(ALICE)


def test_ends_alone_change_nothing_else() -> None:
    stored = an_organization(ALICE, EVE, grants=[a_grant(), a_request("inc-2")])
    nothing = Organization(name="acme")
    assert resolve(nothing, stored, NOW, request_lifetime=HOUR) == (stored, [])
    later, _ = resolve(nothing, stored, NOW + HOUR, request_lifetime=HOUR)
    assert (later.settings, later.administrators) == (stored.settings, people(ALICE))
    assert {name: grant.ended and grant.ended.reason for name, grant in later.grants.items()} == {
        "inc-1": EndReason.EXPIRED,
        "inc-2": EndReason.LAPSED,
    }


# Grants that nobody declares any more


def test_leaving_out_an_active_grant_ends_it_when_the_organization_is_declared() -> None:
    assert the_grant(becomes(an_organization(), an_organization(grants=[a_grant()]))) == ended(a_grant(), EndReason.OMITTED, NOW)


def test_leaving_out_a_pending_request_ends_it_when_the_organization_is_declared() -> None:
    assert the_grant(becomes(an_organization(), an_organization(grants=[a_request()]))) == ended(a_request(), EndReason.OMITTED, NOW)


def test_leaving_out_a_grant_is_nothing_in_a_run_that_is_given_grants_alone() -> None:
    after = becomes(grants_alone(a_grant("inc-2")), an_organization(grants=[a_grant()]))
    assert after.grants == {"inc-1": a_grant(), "inc-2": a_grant("inc-2")}


@pytest.mark.parametrize("declared", [an_organization(), grants_alone(), grants_alone(a_grant()), an_organization(grants=[a_grant()])])
def test_an_end_that_has_come_is_recorded_at_its_own_instant_whoever_notices(declared: Organization) -> None:
    later = NOW + 3 * DAY
    after = becomes(declared, an_organization(grants=[a_grant()]), later)
    assert the_grant(after) == ended(a_grant(), EndReason.EXPIRED, NOW + 30 * MINUTE, recorded_at=later)


@pytest.mark.parametrize("reason", list(EndReason))
@pytest.mark.parametrize("declared", [an_organization(), grants_alone()])
def test_history_stays_in_the_state(declared: Organization, reason: EndReason) -> None:
    over = ended(a_grant(), reason, NOW - MINUTE)
    assert the_grant(becomes(declared, an_organization(grants=[over]))) == over


# Grants that are over before anybody has seen them


@pytest.mark.parametrize(
    ("grant", "end"),
    [
        (a_grant(), NOW + 30 * MINUTE),
        (a_grant(revoked_at=NOW + MINUTE), NOW + MINUTE),
        (a_request(), NOW + 40 * MINUTE),
        (a_request(denied_by="alice@acme.example", denied_at=NOW), NOW),
    ],
)
def test_what_is_first_seen_after_its_end_is_not_recorded(grant: Grant, end: datetime) -> None:
    assert becomes(an_organization(grants=[grant]), None, end).grants == {}
    assert becomes(an_organization(grants=[grant]), None, end - SECOND).grants == {"inc-1": grant}


# Grants change one way

DENIED = a_request(denied_by="alice@acme.example", denied_at=NOW - MINUTE)
REVOKED = a_grant(revoked_at=NOW + 5 * MINUTE)


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        (a_request(), a_request(), a_request()),
        (a_request(), a_grant(), a_grant()),
        (a_request(), DENIED, ended(DENIED, EndReason.DENIED, NOW - MINUTE, recorded_at=NOW)),
        (a_request(), REVOKED, REVOKED),
        (a_grant(), a_grant(), a_grant()),
        (a_grant(), REVOKED, REVOKED),
        (
            a_grant(),
            a_grant(revoked_at=NOW - MINUTE),
            ended(a_grant(revoked_at=NOW - MINUTE), EndReason.REVOKED, NOW - MINUTE, recorded_at=NOW),
        ),
        (a_grant(), a_grant(expires_at=NOW + MINUTE), a_grant(expires_at=NOW + MINUTE)),
        (
            a_grant(),
            a_grant(expires_at=NOW - MINUTE),
            ended(a_grant(expires_at=NOW - MINUTE), EndReason.EXPIRED, NOW - MINUTE, recorded_at=NOW),
        ),
        (REVOKED, replace(REVOKED, revoked_at=NOW + MINUTE), replace(REVOKED, revoked_at=NOW + MINUTE)),
        (REVOKED, replace(REVOKED, expires_at=NOW + 4 * MINUTE), replace(REVOKED, expires_at=NOW + 4 * MINUTE)),
    ],
    ids=[
        "as it is",
        "approved",
        "denied",
        "approved with an early end",
        "an approved one as it is",
        "revoked for later",
        "revoked by now",
        "a smaller end",
        "a smaller end that has come",
        "revoked still earlier",
        "a smaller end than the revocation",
    ],
)
def test_a_grant_may_take_this_step(old: Grant, new: Grant, after: Grant) -> None:
    assert the_grant(becomes(an_organization(grants=[new]), an_organization(grants=[old]))) == after
    assert the_grant(becomes(grants_alone(new), an_organization(grants=[old]))) == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (a_request(), a_request(reason="other")),
        (a_request(), a_request(agent_email="other@cisco.example")),
        (a_request(), a_request(agent_type="partner-support")),
        (a_request(), a_request(ticket="SR-1")),
        (a_request(), a_request(requested_at=NOW - 19 * MINUTE)),
        (a_request(), a_grant(reason="other")),
        (a_grant(), a_request()),
        (a_grant(), a_grant(expires_at=NOW + 31 * MINUTE)),
        (a_grant(), a_grant(approved_at=NOW - 9 * MINUTE)),
        (a_grant(), a_grant(approved_by="bob@acme.example")),
        (a_grant(), a_grant(reason="other", revoked_at=NOW)),
        (a_grant(), DENIED),
        (REVOKED, a_grant()),
        (REVOKED, replace(REVOKED, revoked_at=NOW + 6 * MINUTE)),
        (replace(DENIED, denied_at=NOW + MINUTE), a_grant()),
        (replace(DENIED, denied_at=NOW + MINUTE), a_request()),
        (replace(DENIED, denied_at=NOW + MINUTE), replace(DENIED, denied_by="bob@acme.example", denied_at=NOW + MINUTE)),
    ],
)
def test_a_grant_may_not_take_that_step(old: Grant, new: Grant) -> None:
    assert rules_of(an_organization(grants=[new]), an_organization(grants=[old])) == ["grant-immutable"]
    assert rules_of(grants_alone(new), an_organization(grants=[old])) == ["grant-immutable"]


def test_the_finding_names_the_grant_its_state_and_what_changed() -> None:
    _, (finding,) = resolve(
        an_organization(grants=[a_grant(reason="x", ticket="y")]), an_organization(grants=[a_grant()]), NOW, request_lifetime=HOUR
    )
    assert finding.message == ("grant inc-1 is decided and can only be ended earlier, but its reason, ticket changed (organization acme)")
    assert (finding.address, finding.path) == ("acme/elevation-grant/inc-1", ("metadata", "name"))
    _, (finding,) = resolve(
        an_organization(grants=[a_request(reason="x")]), an_organization(grants=[a_request()]), NOW, request_lifetime=HOUR
    )
    assert "is requested and can only be decided, but its reason changed" in finding.message


def test_an_approval_after_the_request_had_lapsed_is_an_error() -> None:
    late = a_grant(approved_at=NOW + 40 * MINUTE, expires_at=NOW + 90 * MINUTE)
    assert rules_of(an_organization(grants=[late]), an_organization(grants=[a_request()]), NOW + 41 * MINUTE) == ["grant-approval-window"]
    assert rules_of(an_organization(grants=[late]), an_organization(grants=[a_request()]), NOW + 39 * MINUTE) == ["grant-approval-window"]


# Names are used once

EXPIRED = ended(a_grant(), EndReason.EXPIRED, NOW + 30 * MINUTE)
LAPSED = ended(a_request(), EndReason.LAPSED, NOW + 40 * MINUTE)


@pytest.mark.parametrize("over", [EXPIRED, LAPSED, ended(DENIED, EndReason.DENIED, NOW), ended(REVOKED, EndReason.REVOKED, NOW)])
def test_a_manifest_equal_to_what_ended_by_itself_is_no_change(over: Grant) -> None:
    declared = an_organization(grants=[replace(over, ended=None)])
    assert the_grant(becomes(declared, an_organization(grants=[over]), NOW + HOUR)) == over


def test_a_grant_that_was_ended_by_omission_cannot_be_put_back() -> None:
    omitted = ended(a_grant(), EndReason.OMITTED, NOW)
    for now in (NOW + MINUTE, NOW + DAY):
        _, (finding,) = resolve(an_organization(grants=[a_grant()]), an_organization(grants=[omitted]), now, request_lifetime=HOUR)
        assert finding.rule == "grant-name-used"
        assert finding.message == "grant inc-1 was ended early on 2026-11-20T09:30:00Z and cannot be put back (organization acme)"


@pytest.mark.parametrize("over", [EXPIRED, LAPSED, ended(a_grant(), EndReason.OMITTED, NOW), ended(DENIED, EndReason.DENIED, NOW)])
def test_another_grant_under_a_used_name_is_an_error(over: Grant) -> None:
    later = NOW + DAY
    new = a_request(requested_at=later)
    assert rules_of(an_organization(grants=[new]), an_organization(grants=[over]), later) == ["grant-name-used"]


@pytest.mark.parametrize("stored", [an_organization(grants=[REVOKED]), an_organization(grants=[ended(REVOKED, EndReason.REVOKED, NOW)])])
def test_taking_a_revocation_back_is_an_error(stored: Organization) -> None:
    assert rules_of(an_organization(grants=[a_grant()]), stored) in (["grant-immutable"], ["grant-name-used"])


# Decisions that reach us late


def test_an_approval_in_time_gives_access_though_it_reaches_us_after_the_requests_hour() -> None:
    approved = a_grant(approved_at=NOW + 30 * MINUTE, expires_at=NOW + 90 * MINUTE)
    stored = an_organization(grants=[a_request()])
    assert the_grant(becomes(an_organization(grants=[approved]), stored, NOW + 50 * MINUTE)) == approved


def test_a_denial_that_reaches_us_after_the_requests_hour_is_recorded_as_one() -> None:
    stored = an_organization(grants=[a_request()])
    after = the_grant(becomes(an_organization(grants=[DENIED]), stored, NOW + DAY))
    assert after == ended(DENIED, EndReason.DENIED, NOW - MINUTE, recorded_at=NOW + DAY)


def test_a_short_approval_that_reaches_us_after_its_end_gives_nothing_and_changes_nothing() -> None:
    short = a_grant(expires_at=NOW - MINUTE)
    stored = an_organization(grants=[a_request()])
    assert the_grant(becomes(an_organization(grants=[short]), stored)) == a_request()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (a_request(), a_grant()),
        (a_request(), DENIED),
        (a_request(), a_grant(revoked_at=NOW)),
        (a_grant(), REVOKED),
        (a_grant(), a_grant(expires_at=NOW)),
    ],
)
def test_a_step_that_reaches_us_when_everything_is_over_is_no_error_then_or_ever_after(old: Grant, new: Grant) -> None:
    declared, stored = an_organization(grants=[new]), an_organization(grants=[old])
    recorded = becomes(declared, stored, NOW + DAY)
    assert becomes(declared, recorded, NOW + 2 * DAY) == recorded


def test_a_person_is_inert_after_their_end_on_both_sides() -> None:
    gone = replace(EVE, expires_at=NOW)
    with_gone: list[Administrator] = [ALICE, gone]
    for declared in (an_organization(*with_gone), an_organization(ALICE)):
        for stored in (an_organization(*with_gone), an_organization(ALICE)):
            assert becomes(declared, stored).administrators == people(ALICE)
