"""Who gains or loses which permission by a plan."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.changes import Action
from reconciler.model.resources import Organization, OrganizationType, RestrictedMode
from reconciler.planning.diff import diff
from reconciler.planning.effects import access_changes, beyond
from tests.fakes.builders import ALICE, BOB, CATALOG, HOUR, NOW, a_grant, an_administrator, an_organization, settings


def told(before: Organization | None, after: Organization | None, partners: Mapping[str, Organization | None] | None = None) -> list[Any]:
    found = access_changes(before, after, partner_of=(partners or {}).get, now=NOW, catalog=CATALOG)
    return [(change["person"], change["permission"], change["before"], change["after"], change["direction"]) for change in found]


def with_people(organization: Organization, *people: Any) -> Organization:
    return replace(organization, administrators={person.key: person for person in people})


PAT = an_administrator("pat@acme.example", "support-administrator")


def test_a_role_that_changes_is_shown_as_what_it_gives_and_takes() -> None:
    before = an_organization(ALICE, BOB, PAT)
    after = with_people(before, ALICE, BOB, an_administrator("pat@acme.example", "device-administrator"))
    found = told(before, after)
    assert ("pat@acme.example", "device-management", "none", "full", "gained") in found
    assert {person for person, *_ in found} == {"pat@acme.example"}
    assert [row[1] for row in found] == sorted(row[1] for row in found)


def test_a_name_or_nothing_that_changes_is_no_change_of_access() -> None:
    before = an_organization(ALICE, BOB)
    assert told(before, before) == []
    assert told(before, with_people(before, replace(ALICE, name="Alice"), BOB)) == []


def test_nothing_is_listed_for_what_is_created_or_forgotten() -> None:
    organization = an_organization(ALICE, BOB)
    assert told(None, organization) == []
    assert told(organization, None) == []
    assert told(organization, replace(organization, settings=None)) == []


def test_restricted_mode_shows_every_administrator_it_touches() -> None:
    northwind = an_organization(ALICE, name="northwind", settings=settings(type=OrganizationType.PARTNER))
    free = an_organization(
        ALICE,
        BOB,
        an_administrator("carol@acme.example"),
        settings=settings(managed_by="northwind", restricted_mode=RestrictedMode(enabled=False)),
    )
    capped = replace(free, settings=settings(managed_by="northwind", restricted_mode=RestrictedMode(enabled=True)))
    found = told(free, capped, {"northwind": northwind})
    assert {person for person, *_ in found} == {"alice@acme.example", "carol@acme.example"}  # Bob's role has nothing to take away
    assert {direction for *_, direction in found} == {"lost"}
    assert {after for *_, after, _ in found} == {"conditional"}


def test_an_elevation_gives_what_a_full_administrator_has() -> None:
    before = an_organization(ALICE, BOB)
    after = replace(before, grants={"inc-1": a_grant(name="inc-1", approved_at=NOW, expires_at=NOW + HOUR)})
    found = told(before, after)
    assert {person for person, *_ in found} == {after.grants["inc-1"].agent_email}
    assert any(row[1:4] == ("assign-roles", "none", "full") for row in found)


@pytest.mark.parametrize(("role", "noted"), [("help-desk-administrator-basic", True), ("device-administrator", False)])
def test_what_reaches_customers_is_noted(role: str, *, noted: bool) -> None:
    before = an_organization(ALICE, BOB, name="northwind", settings=settings(type=OrganizationType.PARTNER))
    after = with_people(before, ALICE, BOB, an_administrator("ines@northwind.example", role))
    changes = list(diff(before, after, NOW))
    assert [change.action for change in changes] == [Action.CREATE]
    found = [(finding.rule, finding.address) for finding in beyond(changes, CATALOG)]
    assert found == ([("customers-affected", "northwind/administrator/ines@northwind.example")] if noted else [])


def test_other_customers_for_a_partner_administrator_are_noted() -> None:
    def bound(*customers: str) -> Organization:
        lea = an_administrator("lea@northwind.example", "partner-administrator", customers=frozenset(customers))
        return an_organization(ALICE, lea, name="northwind", settings=settings(type=OrganizationType.PARTNER))

    assert [finding.rule for finding in beyond(diff(bound("acme"), bound("acme", "globex"), NOW), CATALOG)] == ["customers-affected"]
    assert list(beyond(diff(bound("acme"), bound("acme"), NOW), CATALOG)) == []
