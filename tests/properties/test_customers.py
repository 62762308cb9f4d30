"""What a plan says of a partner's customers is what the access in each of them says, whichever customer is asked."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.access import EVERY_CUSTOMER, AccessChange, diff_access, diff_over_customers, effective_if_any
from reconciler.model.resources import Administrator, Organization, OrganizationType, RestrictedMode, Settings
from tests.fakes.builders import CATALOG, HOUR, NOW, people

EMAILS = ["a@x.example", "b@x.example"]
CUSTOMERS = ["acme", "globex"]
OVER = sorted(role.id for role in CATALOG.roles.values() if role.scope == "customer-management")
ROLES = [*OVER, "partner-administrator", "device-administrator", "no-such-role"]


@st.composite
def somebodies(draw: st.DrawFn) -> Administrator:
    roles = draw(st.frozensets(st.sampled_from(ROLES), max_size=2))
    listed = draw(st.none() | st.frozensets(st.sampled_from(CUSTOMERS))) if "partner-administrator" in roles else None
    return Administrator(
        email=draw(st.sampled_from(EMAILS)), roles=roles, customers=listed, expires_at=draw(st.sampled_from([None, None, NOW, NOW + HOUR]))
    )


staffs = st.lists(somebodies(), max_size=2).map(lambda several: people(*several))
partners = st.builds(
    Organization,
    name=st.just("northwind"),
    settings=st.just(Settings(type=OrganizationType.PARTNER)),
    administrators=staffs,
)


def really(customer: str, email: str, before: Organization, after: Organization) -> dict[str, tuple[str, str]]:
    """Return what changes for somebody in one customer that exists, by permission."""
    mode = RestrictedMode()
    facts = Settings(type=OrganizationType.CUSTOMER, managed_by="northwind", restricted_mode=mode, services=frozenset({"contact-center"}))
    organization = Organization(name=customer, settings=facts, administrators={})
    one, other = (effective_if_any(email, organization, partner=side, now=NOW, catalog=CATALOG) for side in (before, after))
    return {change.permission: words(change) for change in diff_access(one, other)}


def words(change: AccessChange) -> tuple[str, str]:
    return change.before.access.value, change.after.access.value


def listed(email: str, *sides: Organization) -> frozenset[str]:
    held: list[Mapping[str, Administrator]] = [side.administrators or {} for side in sides]
    return frozenset(name for crowd in held if email in crowd for name in crowd[email].customers or ())


@given(partners, partners)
def test_every_customer_finds_its_changes_under_its_name_or_under_all_others(before: Organization, after: Organization) -> None:
    found: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for change in diff_over_customers(before, after, now=NOW, catalog=CATALOG):
        assert change.organization == "northwind"
        assert change.scope is not None
        found.setdefault((change.person, change.scope), {})[change.permission] = words(change)
    for email in EMAILS:
        names = listed(email, before, after)
        for customer in (*CUSTOMERS, "initech"):
            place = customer if customer in names else EVERY_CUSTOMER
            assert found.get((email, f"customer/{place}"), {}) == really(customer, email, before, after)


@given(partners, st.integers(1, 50))
def test_a_role_for_every_customer_is_told_as_often_whatever_the_number_of_customers(before: Organization, number: int) -> None:
    bound = Administrator(email="z@x.example", roles=frozenset({"partner-administrator"}), customers=frozenset(map(str, range(number))))
    after = replace(before, administrators={"z@x.example": replace(bound, roles=frozenset({"partner-full-administrator"}), customers=None)})
    alone = [change for change in diff_over_customers(before, after, now=NOW, catalog=CATALOG) if change.person == bound.email]
    assert {change.scope for change in alone} == {"customer/*"}
    listed_ones = replace(before, administrators={**(before.administrators or {}), "z@x.example": bound})
    scopes = {change.scope for change in diff_over_customers(before, listed_ones, now=NOW, catalog=CATALOG)}
    assert scopes == {f"customer/{name}" for name in range(number)}
