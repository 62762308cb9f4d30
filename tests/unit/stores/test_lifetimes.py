"""When access ends by itself: the half-open intervals, and what an end not yet recorded is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.lifetimes import grant_end, grant_status, next_end
from reconciler.model.resources import Administrator, EndReason, Grant, GrantEnd, GrantStatus, Organization

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
REQUEST = Grant(name="g", organization="acme", agent_email="tac@cisco.example", agent_type="cisco-tac", reason="x", requested_at=NOW)
GRANT = replace(REQUEST, approved_by="a@b.example", approved_at=NOW + 10 * MINUTE, expires_at=NOW + 70 * MINUTE)
DENIED = replace(REQUEST, denied_by="a@b.example", denied_at=NOW + 5 * MINUTE)
REVOKED = replace(GRANT, revoked_at=NOW + 20 * MINUTE)
OMITTED = replace(GRANT, ended=GrantEnd(reason=EndReason.OMITTED, at=NOW + 30 * MINUTE, recorded_at=NOW + 30 * MINUTE))
WITHOUT_END = replace(GRANT, expires_at=None)


@pytest.mark.parametrize(("grant", "minutes"), [(REQUEST, 60), (GRANT, 70), (DENIED, 5), (REVOKED, 20), (OMITTED, 30), (WITHOUT_END, 10)])
def test_the_end_is_where_a_grant_gives_nothing(grant: Grant, minutes: int) -> None:
    assert grant_end(grant) == NOW + minutes * MINUTE


@pytest.mark.parametrize(
    ("grant", "minutes", "before", "after"),
    [
        (REQUEST, 60, GrantStatus.PENDING, GrantStatus.LAPSED),
        (GRANT, 10, GrantStatus.PENDING, GrantStatus.ACTIVE),
        (GRANT, 70, GrantStatus.ACTIVE, GrantStatus.EXPIRED),
        (DENIED, 5, GrantStatus.PENDING, GrantStatus.DENIED),
        (REVOKED, 20, GrantStatus.ACTIVE, GrantStatus.REVOKED),
        (replace(GRANT, revoked_at=GRANT.expires_at), 70, GrantStatus.ACTIVE, GrantStatus.EXPIRED),
        (OMITTED, 30, GrantStatus.ACTIVE, GrantStatus.REVOKED),
        (WITHOUT_END, 10, GrantStatus.PENDING, GrantStatus.EXPIRED),
    ],
)
def test_a_status_changes_at_its_instant_and_not_after(grant: Grant, minutes: int, before: GrantStatus, after: GrantStatus) -> None:
    at = NOW + minutes * MINUTE
    assert (grant_status(grant, at - TICK), grant_status(grant, at)) == (before, after)


def test_the_request_hour_is_an_argument() -> None:
    assert grant_end(REQUEST, request_lifetime=MINUTE) == NOW + MINUTE
    assert grant_status(REQUEST, NOW + MINUTE, request_lifetime=MINUTE) is GrantStatus.LAPSED


def test_the_next_end_leaves_recorded_ends_out_and_overdue_ones_in() -> None:
    people = {name: Administrator(email=name, expires_at=end) for name, end in (("a@b.example", NOW + 90 * MINUTE), ("c@d.example", None))}
    organization = Organization(name="acme", administrators=people, grants={"omitted": OMITTED, "grant": GRANT})
    assert next_end(organization) == NOW + 70 * MINUTE
    assert next_end(replace(organization, grants={"omitted": OMITTED})) == NOW + 90 * MINUTE
    assert next_end(Organization(name="acme", grants={"omitted": OMITTED})) is None
