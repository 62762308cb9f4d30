"""Rules that are properties of the calculation, each by its number in the coverage table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import access
from reconciler.access import Kind, Reach
from reconciler.catalog import Level
from reconciler.model.resources import EndReason, Grant, Home, RestrictedMode
from tests.fakes.builders import ended
from tests.unit.access.world import (
    ACME,
    CATALOG,
    ELEVATION,
    EVA,
    INES,
    NOC,
    NORTHWIND,
    RESTRICTED,
    SITE,
    TOM,
    a_customer,
    a_partner,
    alone,
    at,
    of,
    on_site,
    over_customer,
    right_in,
    scoped,
    somebody,
    words,
)

MATRICES = CATALOG.matrices.by_id
OVER_CUSTOMERS = MATRICES["customer-management"]
FULL = somebody("alice@acme.example", "full-administrator")
EXTERNAL = Home(type="business")


def test_r011_a_running_elevation_gives_the_rights_of_a_full_administrator() -> None:
    agent = "tac@cisco.example"
    elevated = of(agent, a_customer(grants=[replace(ELEVATION, agent_email=agent)], mode=None))
    assert words(elevated) == words(alone(FULL))
    assert elevated.roles == ("temporary-full-administrator",)
    assert [(grant.name, grant.until) for grant in elevated.grants] == [("inc-4711", at(11))]


@pytest.mark.parametrize(
    "grant",
    [
        ELEVATION,
        replace(ELEVATION, revoked_at=at(10, 30)),
        ended(ELEVATION, EndReason.EXPIRED, at(11)),
        ended(ELEVATION, EndReason.OMITTED, at(10, 15)),
        replace(ELEVATION, approved_by=None, approved_at=None, expires_at=None),
        replace(ELEVATION, approved_by=None, approved_at=None, expires_at=None, denied_by="alice@acme.example", denied_at=at(9, 30)),
    ],
)
def test_r013_a_grant_that_is_over_gives_nothing(grant: Grant) -> None:
    after = of(TOM, a_customer(EVA, grants=[grant]), partner=NORTHWIND, now=at(11))
    assert after == of(TOM, a_customer(EVA), partner=NORTHWIND, now=at(11))


def test_r013_an_elevation_ends_at_its_end_and_not_after_it() -> None:
    instant = timedelta(microseconds=1)
    assert of(TOM, now=at(11) - instant).grants
    assert not of(TOM, now=at(11)).grants
    assert of(TOM, now=at(10)).grants
    assert not of(TOM, now=at(10) - instant).grants


def test_r016_support_access_of_cisco_and_elevations_do_not_depend_on_each_other() -> None:
    on = a_customer(EVA, grants=[ELEVATION], cisco_read_only_access=True)
    assert of(TOM, on, partner=NORTHWIND) == of(TOM, a_customer(EVA, grants=[ELEVATION]), partner=NORTHWIND)


@pytest.mark.parametrize("role", ["full-administrator", "read-only-administrator"])
def test_r028_no_external_role_adds_external_administrators(role: str) -> None:
    assert words(alone(somebody("x@contoso.example", role, home=EXTERNAL)))["add-external-administrators"] == "none"


def test_r030_people_of_free_self_sign_up_organizations_have_what_other_externals_have() -> None:
    free = alone(somebody("eve@free.example", "full-administrator", home=Home(type="free-self-signup")))
    business = alone(somebody("eve@free.example", "full-administrator", home=EXTERNAL))
    assert free == business
    assert "full" in words(free).values()


def test_r060_somebody_without_a_role_has_nothing() -> None:
    for person in ("new@acme.example", somebody("new@acme.example")):
        found = of(person, ACME if isinstance(person, str) else a_customer(person), partner=NORTHWIND)
        assert (found.roles, set(words(found).values()), found.scoped) == ((), {"none"}, ())
        assert list(words(found)) == list(MATRICES["organization-roles"].rows)


@pytest.mark.parametrize("role", ["site-administrator", "site-user-administrator", "site-read-only-administrator"])
@pytest.mark.parametrize("switch", [True, False])
def test_r067_site_roles_reach_their_sites_alone(role: str, *, switch: bool) -> None:
    found = alone(on_site("s@acme.example", role, switch=switch), sites={SITE: "control-hub", "other.webex.com": "control-hub"})
    assert set(words(found).values()) == {"none"}
    assert {one.scope for one in found.scoped} == {f"site/{SITE}"}


@pytest.mark.parametrize("role", ["site-administrator", "site-user-administrator", "site-read-only-administrator"])
def test_r078_managing_the_users_of_a_site_adds_and_removes_nobody(role: str) -> None:
    found = alone(on_site("s@acme.example", role, switch=True))
    assert words(found)["users-and-licenses"] == "none"
    right = right_in(found, f"site/{SITE}", "user-management")
    assert right.access is Level.CONDITIONAL
    assert "cannot add users to the organization or remove them" in str(right.because[-1].cell and right.because[-1].cell.note)


@pytest.mark.parametrize("home", [None, EXTERNAL, Home(organization="contoso")])
def test_r081_insiders_and_outsiders_may_administer_contact_center(home: Home | None) -> None:
    person = somebody("cc@acme.example", "contact-center-service-administrator", home=home)
    found = alone(person, services=frozenset({"contact-center"}))
    assert scoped(found, "service/contact-center") == {"contact-center-administration": "conditional"}


def test_r084_contact_center_is_not_defined_for_people_of_the_managing_partner() -> None:
    found = alone(replace(NOC, roles=frozenset({"contact-center-service-administrator"})))
    right = right_in(found, "service/contact-center", "contact-center-administration")
    assert (right.access, right.because[0].access) == (Level.NONE, Level.NOT_APPLICABLE)


@pytest.mark.parametrize(("home", "expected"), [("northwind", "conditional"), ("contoso", "none")])
def test_r085_provisioning_in_contact_center_is_the_partners_and_without_users(home: str, expected: str) -> None:
    person = somebody("p@x.example", "provisioning-administrator", home=Home(organization=home))
    right = right_in(alone(person, services=frozenset({"contact-center"})), "service/contact-center", "contact-center-administration")
    assert right.access.value == expected
    cell = right.because[0].cell
    assert cell is not None
    assert dict(cell.abilities) == (
        {"features": Level.FULL, "users": Level.NONE, "licenses": Level.NONE, "externals": Level.READ} if expected == "conditional" else {}
    )


def test_r096_provisioning_covers_the_services_that_the_partner_sold() -> None:
    found = alone(replace(NOC, roles=frozenset({"provisioning-administrator"})))
    limited = {permission for permission, word in words(found).items() if word == "conditional"}
    assert limited == {"licenses-and-upgrades", "provision-orders", "add-and-delete-sites"}
    for permission in limited:
        cell = found.permissions[permission].because[0].cell
        assert cell is not None
        assert cell.note == "for the services the partner sold"


NINE = {
    "users-and-licenses",
    "device-management",
    "company-policy-and-templates",
    "analytics-and-reports",
    "licenses-and-upgrades",
    "organization-settings",
    "app-integrations",
    "webex-site-management",
    "admin-actions-audit-log",
}


def test_r118_help_desk_advanced_is_full_on_nine_rows_inside_an_elevation_only() -> None:
    outside = words(over_customer(TOM, grants=[ELEVATION], now=at(9, 59)))
    inside = words(over_customer(TOM, grants=[ELEVATION], now=at(10)))
    changed = {permission for permission in outside if inside[permission] != outside[permission]}
    assert changed == NINE
    assert {outside[permission] for permission in NINE} == {"read"}
    assert {inside[permission] for permission in NINE} == {"full"}
    basic = words(over_customer(replace(TOM, roles=frozenset({"help-desk-administrator-basic"}))))
    assert {basic[permission] for permission in NINE} == {"read"}


def test_r118_an_elevation_elsewhere_or_of_another_agent_changes_nothing() -> None:
    other = replace(ELEVATION, agent_email="tac@cisco.example")
    assert words(over_customer(TOM, grants=[other])) == words(over_customer(TOM))


@pytest.mark.parametrize("role", MATRICES["organization-roles"].columns)
def test_r129_access_is_what_the_roles_give_less_the_restrictions(role: str) -> None:
    person = somebody("a@acme.example", role)
    free, capped = alone(person), alone(person, mode=RESTRICTED)
    for permission, right in free.permissions.items():
        caps = {
            setting.id
            for setting in CATALOG.restricted_settings.values()
            for cap in setting.caps
            if cap.matrix == "organization-roles" and cap.permission == permission
            if right.access is Level.FULL or (right.access is Level.READ and setting.capped_access is Level.NONE)
        }
        after = capped.permissions[permission]
        assert after.lowered == caps
        assert after.access is (Level.CONDITIONAL if caps else right.access)
        assert after.at_most is (Level.READ if caps and right.access is Level.READ else None)
        assert after.because[: len(right.because)] == right.because


def test_r130_restricted_mode_takes_the_fixed_list_of_21_settings() -> None:
    lines = alone(FULL, mode=RESTRICTED).restricted
    assert [line.setting for line in lines] == list(CATALOG.restricted_settings)
    assert len(lines) == 21
    assert {line.reach for line in lines} == {Reach.CAPPED}
    without_a_row = {line.setting: line.access.value for line in lines if not line.permissions}
    assert without_a_row == {
        "calling-app-options-call-priority": "unknown",
        "calling-calling-behavior": "unknown",
        "calling-location-pstn-local-gateway": "none",
        "calling-location-pstn-cisco-pstn": "none",
        "services-migrations": "none",
        "services-connected-uc": "none",
    }
    assert all(line.access is CATALOG.restricted_settings[line.setting].capped_access for line in lines if line.permissions)


def test_r130_the_mode_reaches_people_of_the_customer_and_of_others_it_is_not_known() -> None:
    assert {line.reach for line in alone(EVA, mode=RESTRICTED).restricted} == {Reach.CAPPED}
    for person in (INES, NOC):
        found = alone(person, mode=RESTRICTED)
        assert {line.reach for line in found.restricted} == {Reach.UNKNOWN}
        assert words(found) == words(alone(person))
        kinds = {one.kind for right in found.permissions.values() for one in right.because}
        assert kinds == {Kind.CELL, Kind.CAP_UNKNOWN}
    partner = somebody("p@northwind.example", "partner-full-administrator")
    assert over_customer(partner, mode=RESTRICTED) == over_customer(partner)
    assert alone(EVA, mode=RestrictedMode(enabled=False)).restricted == ()


@pytest.mark.parametrize("customers", [None, frozenset(), frozenset({"acme"})])
def test_r137_a_partner_administrator_has_no_users_and_licenses(customers: frozenset[str] | None) -> None:
    found = over_customer(somebody("p@northwind.example", "partner-administrator", customers=customers))
    assert words(found)["users-and-licenses"] == "none"


def test_r114_the_list_of_customers_bounds_a_partner_administrator() -> None:
    def found(customers: frozenset[str] | None) -> access.Access:
        return over_customer(somebody("p@northwind.example", "partner-administrator", customers=customers))

    inside, outside, open_end = found(frozenset({"acme"})), found(frozenset({"other"})), found(None)
    assert words(inside)["organization-settings"] == "full"
    assert set(words(outside).values()) == {"none"}
    assert outside.roles == ()
    assert {one.kind for right in outside.permissions.values() for one in right.because} == {Kind.OUT_OF_SCOPE}
    assert words(open_end) == {permission: "none" if word == "none" else "unknown" for permission, word in words(inside).items()}
    assert list(words(inside)) == list(OVER_CUSTOMERS.rows)[5:]


def test_r111_partner_roles_count_where_they_are_held() -> None:
    # Listed in the customer, where they cannot be held, they say nothing.
    found = alone(TOM)
    assert set(words(found).values()) == {"none"}
    assert found.undescribed == ("help-desk-administrator-advanced",)
    hub = of(
        somebody("p@northwind.example", "partner-full-administrator"),
        a_partner(somebody("p@northwind.example", "partner-full-administrator")),
    )
    assert [permission for permission, word in words(hub).items() if word == "full"] == [
        "assign-roles",
        "partner-analytics-and-reporting",
        "branding",
        "partner-company-policy-and-templates",
        "create-customers",
    ]
