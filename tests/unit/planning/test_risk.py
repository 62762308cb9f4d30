"""Risk: what a mistake would cost, from what a change gives and takes."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.catalog import Level
from reconciler.model.changes import Risk
from reconciler.model.resources import Administrator, EndReason, Home, Organization, OrganizationType, RestrictedMode, SiteAssignment
from reconciler.planning.diff import diff
from reconciler.planning.risk import risk_of
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    DAY,
    MINUTE,
    NOW,
    a_grant,
    a_request,
    an_administrator,
    an_organization,
    ended,
    settings,
)

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


SITES = {"acme.webex.com": SiteAssignment(role="site-read-only-administrator"), "b.webex.com": SiteAssignment(role="site-administrator")}


def risk_between(before: Administrator | None, after: Administrator | None) -> Risk:
    old, new = (an_organization(ALICE) if one is None else an_organization(ALICE, one) for one in (before, after))
    (change,) = diff(old, new, NOW)
    return risk_of(change, CATALOG)


def test_where_somebody_holds_a_role_weighs_as_much_as_the_role() -> None:
    before = an_administrator("eve@acme.example", "location-administrator", locations=frozenset({"Berlin"}))
    assert risk_between(before, replace(before, locations=frozenset({"Berlin", "Praha"}))) is CATALOG.risk_of("location-administrator")


def test_other_customers_weigh_as_much_as_the_role_over_them() -> None:
    before = an_administrator("eve@acme.example", "partner-administrator", "read-only-administrator", customers=frozenset({"globex"}))
    assert risk_between(before, replace(before, customers=frozenset({"globex", "initech"}))) is Risk.HIGH
    assert risk_between(before, replace(before, customers=None)) is Risk.HIGH


def test_another_site_weighs_as_much_as_the_role_there_whatever_else_somebody_holds() -> None:
    before = an_administrator("eve@acme.example", "full-administrator")
    reading = replace(before, sites={"acme.webex.com": SITES["acme.webex.com"]})
    assert risk_between(before, reading) is Risk.LOW
    assert risk_between(reading, replace(before, sites={"b.webex.com": SITES["acme.webex.com"]})) is Risk.LOW
    assert risk_between(reading, replace(before, sites=SITES)) is Risk.MEDIUM
    running = SITES["b.webex.com"]
    assert risk_between(replace(before, sites={"b.webex.com": running}), replace(before, sites={"acme.webex.com": running})) is Risk.MEDIUM
    alone = {"acme.webex.com": SiteAssignment(role=None, meeting_content_manager=True)}
    assert risk_between(before, replace(before, sites=alone)) is CATALOG.risk_of("meeting-content-manager")
    switched = SiteAssignment(role="site-read-only-administrator", meeting_content_manager=True)
    assert risk_between(reading, replace(before, sites={"acme.webex.com": switched})) is CATALOG.risk_of("meeting-content-manager")


@pytest.mark.parametrize(("end", "later"), [(NOW + DAY, NOW + 2 * DAY), (NOW + DAY, None)])
def test_longer_access_weighs_as_much_as_giving_it(end: datetime, later: datetime | None) -> None:
    for role, risk in (("full-administrator", Risk.HIGH), ("support-administrator", Risk.MEDIUM), ("read-only-administrator", Risk.LOW)):
        person = an_administrator("eve@acme.example", role, expires_at=end)
        assert risk_between(person, replace(person, expires_at=later)) is risk_between(None, person) is risk


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (RestrictedMode(), RestrictedMode(enabled=False), Risk.HIGH),
        (RestrictedMode(), RestrictedMode(exempt=frozenset({"a"})), Risk.HIGH),
        (RestrictedMode(exempt=frozenset({"a"})), RestrictedMode(exempt=frozenset({"b"})), Risk.HIGH),
        (RestrictedMode(enabled=False), RestrictedMode(), Risk.MEDIUM),
        (RestrictedMode(exempt=frozenset({"a", "b"})), RestrictedMode(exempt=frozenset({"a"})), Risk.MEDIUM),
        (RestrictedMode(enabled=False), RestrictedMode(enabled=False, exempt=frozenset({"a"})), Risk.LOW),
    ],
)
def test_restricted_mode_weighs_more_when_it_opens_than_when_it_takes(before: RestrictedMode, after: RestrictedMode, risk: Risk) -> None:
    old, new = (an_organization(ALICE, settings=replace(MANAGED, restricted_mode=mode)) for mode in (before, after))
    (change,) = diff(old, new, NOW)
    assert risk_of(change, CATALOG) is risk


def test_support_access_weighs_more_when_it_is_given() -> None:
    off, on = an_organization(ALICE), an_organization(ALICE, settings=settings(cisco_read_only_access=True))
    for old, new, risk in ((off, on, Risk.HIGH), (on, off, Risk.LOW)):
        (change,) = diff(old, new, NOW)
        assert risk_of(change, CATALOG) is risk


def test_an_earlier_end_of_a_grant_gives_nothing() -> None:
    before, after = (an_organization(grants=[a_grant(expires_at=NOW + minutes * MINUTE)]) for minutes in (30, 20))
    (change,) = diff(before, after, NOW)
    assert risk_of(change, CATALOG) is Risk.LOW


def of_cells(role: str) -> set[Level]:
    """Return what a role gives in customers, anywhere in its column."""
    matrix = CATALOG.matrices.by_id["customer-management"]
    return {matrix.rows[row].cells[role].level for row in matrix.rows_on(OrganizationType.CUSTOMER)} - {Level.NONE}


@pytest.mark.parametrize("role", sorted(role.id for role in CATALOG.roles.values() if role.scope == "customer-management"))
def test_a_role_over_all_customers_weighs_high_unless_it_only_reads(role: str) -> None:
    assert CATALOG.risk_of(role) is (Risk.MEDIUM if of_cells(role) == {Level.READ} else Risk.HIGH)


@pytest.mark.parametrize("role", ["read-only-administrator", "site-read-only-administrator"])
def test_a_role_that_only_reads_weighs_low(role: str) -> None:
    assert CATALOG.risk_of(role) is Risk.LOW
