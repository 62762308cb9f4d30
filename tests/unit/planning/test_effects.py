"""Who gains or loses which permission by a plan."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.resources import Administrator, Organization, OrganizationType, RestrictedMode
from reconciler.planning.effects import access_changes
from tests.fakes.builders import ALICE, BOB, CATALOG, HOUR, NOW, a_grant, an_administrator, an_organization, settings


def no_partner(name: str) -> None:
    """Know nothing of any partner."""


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


def a_partner(*people: Administrator, name: str = "northwind", **fields: Any) -> Organization:
    return an_organization(ALICE, *people, name=name, settings=settings(type=OrganizationType.PARTNER), **fields)


def in_customers(before: Organization | None, after: Organization | None, **fields: Any) -> list[tuple[str, str, str, str, str]]:
    """Return who, where, permission, before and after of what changes in customers."""
    found = access_changes(before, after, partner_of=no_partner, now=NOW, catalog=CATALOG, **fields)
    rows = ((one["person"], one.get("scope", ""), one["permission"], one["before"], one["after"]) for one in found)
    return [row for row in rows if row[1].startswith("customer/")]


def lea(*customers: str) -> Administrator:
    return an_administrator("lea@northwind.example", "partner-administrator", customers=frozenset(customers))


INES = an_administrator("ines@northwind.example", "partner-full-administrator")


def test_a_role_that_reaches_every_customer_is_told_once_for_all_of_them() -> None:
    found = list(access_changes(a_partner(), a_partner(INES), partner_of=no_partner, now=NOW, catalog=CATALOG))
    everywhere = [one for one in found if one.get("scope") == "customer/*"]
    assert {one["organization"] for one in found} == {"northwind"}
    assert {one["person"] for one in everywhere} == {INES.email}
    (devices,) = [one for one in everywhere if one["permission"] == "device-management"]
    assert (devices["before"], devices["after"], devices["direction"]) == ("none", "full", "gained")
    (reason,) = devices["because"]
    assert (reason["kind"], reason["role"], reason["matrix"]) == ("cell", "partner-full-administrator", "customer-management")
    assert {one.get("scope") for one in found} == {None, "customer/*"}


def test_a_list_of_customers_is_told_customer_by_customer_that_comes_or_goes() -> None:
    found = in_customers(a_partner(lea("acme", "globex")), a_partner(lea("globex", "initech")))
    assert {(who, where) for who, where, *_ in found} == {(lea().email, "customer/acme"), (lea().email, "customer/initech")}
    assert ("lea@northwind.example", "customer/acme", "device-management", "full", "none") in found
    assert ("lea@northwind.example", "customer/initech", "customer-list", "none", "conditional") in found
    assert in_customers(a_partner(lea("acme")), a_partner(lea("acme"))) == []


def test_all_listed_customers_are_told_when_the_role_itself_comes_or_goes() -> None:
    gained, lost = in_customers(a_partner(), a_partner(lea("acme", "globex"))), in_customers(a_partner(lea("acme", "globex")), a_partner())
    assert {where for _, where, *_ in gained} == {where for _, where, *_ in lost} == {"customer/acme", "customer/globex"}
    assert [(*row[:3], row[4], row[3]) for row in lost] == gained


def test_customers_that_are_not_managed_are_unknown_and_neither_all_nor_none() -> None:
    unmanaged = replace(lea(), customers=None)
    gained = in_customers(a_partner(), a_partner(unmanaged))
    assert {(where, before, after) for _, where, _, before, after in gained} == {("customer/*", "none", "unknown")}
    known = in_customers(a_partner(unmanaged), a_partner(lea("acme")))
    assert ("lea@northwind.example", "customer/*", "device-management", "unknown", "none") in known
    assert ("lea@northwind.example", "customer/acme", "device-management", "unknown", "full") in known


def test_a_role_for_all_beside_a_list_leaves_what_the_list_gives() -> None:
    both = replace(lea("acme"), roles=frozenset({"partner-administrator", "partner-full-administrator"}))
    found = in_customers(a_partner(both), a_partner(lea("acme")))
    assert ("lea@northwind.example", "customer/*", "device-management", "full", "none") in found
    assert [row[2:] for row in found if row[1] == "customer/acme"] == [("users-and-licenses", "full", "none")]


def test_no_elevation_reaches_what_roles_give_in_customers() -> None:
    tom = an_administrator("tom@northwind.example", "help-desk-administrator-advanced")
    running = a_grant(agent_email=tom.email, agent_type="managing-partner", organization="northwind")
    plain, elevated = (in_customers(a_partner(), a_partner(tom, grants=grants)) for grants in ([], [running]))
    assert plain == elevated
    assert ("tom@northwind.example", "customer/*", "device-management", "none", "read") in plain


def test_what_has_ended_is_gone_on_both_sides() -> None:
    over = replace(INES, expires_at=NOW)
    assert in_customers(a_partner(over), a_partner()) == []
    assert in_customers(a_partner(replace(INES, expires_at=NOW + HOUR)), a_partner()) == in_customers(a_partner(INES), a_partner())


def test_only_a_partner_has_customers() -> None:
    customer = an_organization(ALICE, INES, name="northwind")
    assert in_customers(an_organization(ALICE, name="northwind"), customer) == []
    assert in_customers(customer, a_partner(INES)) == in_customers(a_partner(), a_partner(INES))


def test_people_and_places_come_in_order() -> None:
    after = a_partner(INES, lea("initech", "acme"), an_administrator("zoe@northwind.example", "device-administrator"))
    found = access_changes(a_partner(), after, partner_of=no_partner, now=NOW, catalog=CATALOG)
    places = [(one["person"], one.get("scope", ""), one["permission"]) for one in found]
    assert places == sorted(places)
    assert len(places) == len(set(places))


def test_an_organization_that_is_created_counts_where_it_is_asked_for() -> None:
    def created(before: Organization | None, after: Organization | None) -> list[Any]:
        return list(access_changes(before, after, partner_of=no_partner, now=NOW, catalog=CATALOG, created=True))

    customer = an_organization(ALICE, BOB, grants=[a_grant()])
    found = created(None, customer)
    assert {one["person"] for one in found} == {"alice@acme.example", "bob@acme.example", "tac@cisco.example"}
    assert {(one["before"], one["after"] == "none") for one in found} == {("none", False)}
    assert in_customers(None, a_partner(INES), created=True) == in_customers(a_partner(), a_partner(INES))
    grants_alone = replace(customer, settings=None, administrators={})
    assert {one["person"] for one in created(grants_alone, customer)} == {"alice@acme.example", "bob@acme.example"}
    assert created(customer, None) == created(customer, replace(customer, settings=None)) == []
