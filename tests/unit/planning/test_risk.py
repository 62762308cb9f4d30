"""Risk: what a mistake would cost, from what a change gives and takes."""

from dataclasses import replace

import pytest

from reconciler.model.changes import Risk
from reconciler.model.resources import EndReason, Home, Organization, RestrictedMode, SiteAssignment
from reconciler.planning.diff import diff
from reconciler.planning.risk import risk_of
from tests.fakes.builders import ALICE, BOB, CATALOG, DAY, NOW, a_grant, a_request, an_administrator, an_organization, ended, settings

READER = an_administrator("eve@acme.example", "read-only-administrator")
ON_SITE = {"acme.webex.com": SiteAssignment(role="site-read-only-administrator")}
MANAGED = settings(managed_by="northwind", restricted_mode=RestrictedMode())


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (None, an_organization(administrators=None), Risk.MEDIUM),
        (an_organization(ALICE), an_organization(ALICE, settings=settings(display_name="Acme")), Risk.LOW),
        (an_organization(ALICE), an_organization(ALICE, settings=settings(cisco_read_only_access=True)), Risk.HIGH),
        (an_organization(ALICE, settings=MANAGED), an_organization(ALICE, settings=replace(MANAGED, managed_by="other")), Risk.HIGH),
        (
            an_organization(ALICE, settings=MANAGED),
            an_organization(ALICE, settings=replace(MANAGED, restricted_mode=RestrictedMode(enabled=False))),
            Risk.HIGH,
        ),
        (an_organization(ALICE), None, Risk.MEDIUM),
        (an_organization(ALICE), an_organization(ALICE, READER), Risk.LOW),
        (an_organization(ALICE), an_organization(ALICE, BOB), Risk.MEDIUM),
        (an_organization(ALICE), an_organization(ALICE, an_administrator("a@b.example")), Risk.HIGH),
        (an_organization(ALICE, READER), an_organization(ALICE), Risk.LOW),
        (an_organization(ALICE, READER), an_organization(ALICE, replace(READER, name="Eve")), Risk.LOW),
        (an_organization(ALICE), an_organization(replace(ALICE, name="Alice")), Risk.LOW),
        (an_organization(ALICE), an_organization(replace(ALICE, home=Home(type="business"))), Risk.HIGH),
        (an_organization(ALICE), an_organization(replace(ALICE, expires_at=NOW + DAY)), Risk.HIGH),
        (an_organization(ALICE, replace(READER, expires_at=NOW)), an_organization(ALICE), Risk.LOW),
        (an_organization(replace(ALICE, expires_at=NOW)), an_organization(administrators={}), Risk.LOW),
        (an_organization(ALICE, READER), an_organization(ALICE, replace(READER, sites=ON_SITE)), Risk.LOW),
        (an_organization(ALICE), an_organization(ALICE, an_administrator("a@b.example", "emperor")), Risk.HIGH),
        (an_organization(), an_organization(grants=[a_grant()]), Risk.HIGH),
        (an_organization(), an_organization(grants=[a_request()]), Risk.LOW),
        (an_organization(grants=[a_request()]), an_organization(grants=[a_grant()]), Risk.HIGH),
        (an_organization(grants=[a_grant()]), an_organization(grants=[a_grant(revoked_at=NOW)]), Risk.LOW),
        (an_organization(grants=[a_request()]), an_organization(grants=[a_grant(revoked_at=NOW + DAY)]), Risk.HIGH),
        (an_organization(grants=[a_grant()]), an_organization(grants=[ended(a_grant(), EndReason.OMITTED, NOW)]), Risk.LOW),
    ],
)  # fmt: skip
def test_a_change_weighs_what_it_gives_and_takes(before: Organization | None, after: Organization | None, risk: Risk) -> None:
    (change,) = [change for change in diff(before, after, NOW) if before is not None or change.type == "organization"]
    assert risk_of(change, CATALOG) is risk


def test_where_somebody_holds_a_role_weighs_as_much_as_the_role() -> None:
    before = an_administrator("eve@acme.example", "location-administrator", locations=frozenset({"Berlin"}))
    (change,) = diff(an_organization(before), an_organization(replace(before, locations=frozenset({"Berlin", "Praha"}))), NOW)
    assert risk_of(change, CATALOG) is CATALOG.risk_of("location-administrator")
