"""What starts and ends by itself, as the timeline shows it."""

import pytest

from reconciler.model.changes import Moment
from reconciler.model.lifetimes import moments
from reconciler.model.resources import EndReason, Grant
from tests.fakes.builders import HOUR, MINUTE, NOW, a_grant, a_request, an_administrator, an_organization, ended

ADDRESS = "acme/elevation-grant/inc-1"


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (a_request(), [(NOW + 40 * MINUTE, "lapses")]),
        (a_grant(), [(NOW - 10 * MINUTE, "starts"), (NOW + 30 * MINUTE, "ends")]),
        (a_grant(revoked_at=NOW + MINUTE), [(NOW - 10 * MINUTE, "starts"), (NOW + MINUTE, "ends")]),
        (a_request(denied_by="alice@acme.example", denied_at=NOW), []),
        (ended(a_grant(), EndReason.OMITTED, NOW), []),
    ],
)
def test_a_grant_has_the_moments_of_where_it_stands(grant: Grant, expected: list[tuple[object, str]]) -> None:
    organization = an_organization(grants=[grant])
    assert sorted(moments(organization)) == [Moment(at=at, address=ADDRESS, event=event) for at, event in expected]  # type: ignore[arg-type]


def test_a_person_with_an_end_has_one_moment_and_one_without_has_none() -> None:
    eve = an_administrator("eve@acme.example", expires_at=NOW - HOUR)
    organization = an_organization(an_administrator(), eve)
    assert list(moments(organization)) == [Moment(at=NOW - HOUR, address="acme/administrator/eve@acme.example", event="ends")]
