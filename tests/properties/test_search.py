"""Searching many documents finds what asking each organization finds: the shortcut is held to the slow, obvious calculation."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from reconciler.access import Search, staff_over_customers, who_can
from reconciler.model.documents import organization_document
from reconciler.model.resources import Administrator, Grant, Home, Organization, OrganizationType, RestrictedMode, Settings, SiteAssignment
from tests.fakes.builders import CATALOG, HOUR, MINUTE, NOW, a_grant, people

# One or two rows of every matrix, and the one that stands for a role which no matrix describes.
PERMISSIONS = [
    "device-management",
    "users-and-licenses",
    "add-external-administrators",
    "user-management",
    "licenses",
    "contact-center-administration",
    "location-administration",
    "user-generated-content",
]
CUSTOMERS = ["acme", "globex", "initech"]
PARTNERS = ["northwind", "contoso"]
EMAILS = ["a@x.example", "B@x.example", "ｃ@x.example", "straße@x.example"]
SITES = ["a.webex.com", "b.webex.com", "c.webex.com"]
SITE_ROLES = sorted(role.id for role in CATALOG.roles.values() if role.form == "site-role")
PARTNER_ROLES = sorted(role.id for role in CATALOG.roles.values() if role.scope == "customer-management")
COMMON = ["full-administrator", "device-administrator", "contact-center-service-administrator"]
ROLES = [
    *COMMON * 3,
    *sorted(role.id for role in CATALOG.roles.values() if role.declared == "roles"),
    "provisioning-administrator",
    "no-such-role",
]
HOMES = [None, None, *[Home(organization="northwind")] * 2, Home(organization="contoso"), Home(type="business")]
ENDS = [None, None, None, NOW, NOW + HOUR, NOW - HOUR]

assignments = st.builds(SiteAssignment, role=st.sampled_from([None, *SITE_ROLES]), meeting_content_manager=st.booleans())


def crowds(roles: list[str]) -> st.SearchStrategy[Mapping[str, Administrator] | None]:
    """Return a few people who hold some of *roles*, or nothing where the list is not known."""
    somebody = st.builds(
        Administrator,
        email=st.sampled_from(EMAILS),
        name=st.sampled_from([None, "Somebody"]),
        roles=st.frozensets(st.sampled_from(roles), min_size=1, max_size=2),
        sites=st.just({}) | st.dictionaries(st.sampled_from(SITES), assignments, max_size=3),
        locations=st.just(frozenset[str]()) | st.frozensets(st.sampled_from(["Berlin", "Praha"])),
        customers=st.none() | st.frozensets(st.sampled_from(CUSTOMERS)),
        home=st.sampled_from(HOMES),
        expires_at=st.sampled_from(ENDS),
    )
    several = st.lists(somebody, min_size=2, max_size=5).map(lambda chosen: people(*chosen))
    return st.sampled_from([False, True, True, True]).flatmap(lambda known: several if known else st.none())


exempt = st.frozensets(st.sampled_from(sorted(CATALOG.restricted_settings)), max_size=2)
grants = st.builds(
    lambda email, start, name: a_grant(name, agent_email=email, approved_at=NOW + start * MINUTE, expires_at=NOW + start * MINUTE + HOUR),
    st.sampled_from(EMAILS),
    st.integers(-90, 30),
    st.sampled_from(["g1", "g2"]),
)
histories = st.lists(grants, max_size=2).map(lambda several: {grant.name: grant for grant in several})
services = st.frozensets(st.sampled_from(["contact-center", "events"]))


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    managed_by = draw(st.sampled_from([None, "northwind", *PARTNERS]))
    return Settings(
        type=OrganizationType.CUSTOMER,
        managed_by=managed_by,
        restricted_mode=draw(st.builds(RestrictedMode, enabled=st.booleans(), exempt=exempt)) if managed_by else None,
        cisco_read_only_access=draw(st.booleans()),
        services=draw(services),
    )


@st.composite
def customers(draw: st.DrawFn, name: str, shared: Settings) -> Organization:
    """Return a customer whose settings are those of others, but for what is its own and of no effect."""
    own = replace(
        draw(st.just(shared) | settings()),
        display_name=draw(st.sampled_from([None, name])),
        sites=dict.fromkeys(draw(st.frozensets(st.sampled_from(SITES))), "control-hub"),
        locations=draw(st.frozensets(st.sampled_from(["Berlin", "Praha"]))),
    )
    known: dict[str, Grant] = draw(histories)
    settled = draw(st.sampled_from([own, own, own, None]))
    return Organization(name=name, settings=settled, administrators=draw(crowds(ROLES)), grants=known)


@st.composite
def fleets(draw: st.DrawFn) -> list[Organization]:
    """Return several organizations, to be asked one after the other: what is remembered of one must be right for the next."""
    kind, shared = Settings(type=OrganizationType.PARTNER), draw(settings())
    partners = [Organization(name=name, settings=kind, administrators=draw(crowds(PARTNER_ROLES))) for name in PARTNERS]
    return [*(draw(customers(name, shared)) for name in CUSTOMERS), *partners]


def partner_of(organization: Organization, fleet: dict[str, Organization]) -> Organization | None:
    managed_by = None if organization.settings is None else organization.settings.managed_by
    return None if managed_by is None or managed_by not in fleet else staff_over_customers(fleet[managed_by], CATALOG)


@given(fleets(), st.sampled_from([NOW, NOW - HOUR, NOW + 45 * MINUTE]), st.sampled_from([PARTNERS, PARTNERS, ["northwind"], []]))
def test_a_search_says_of_every_organization_what_asking_it_says(fleet: list[Organization], now: datetime, known: list[str]) -> None:
    stored = {organization.name: organization for organization in fleet if organization.name in known}
    for permission in PERMISSIONS:
        search = Search(permission, now=now, catalog=CATALOG)
        for organization in fleet:
            partner = partner_of(organization, stored)
            expected = who_can(permission, organization, partner=partner, now=now, catalog=CATALOG)
            assert search.in_document(organization_document(organization), partner) == expected


def test_every_matrix_is_searched() -> None:
    searched = {matrix for permission in PERMISSIONS for matrix in CATALOG.matrices.matrices_of(permission)}
    assert searched == set(CATALOG.matrices.by_id)


def test_what_is_remembered_of_a_partners_people_minds_their_customers_and_what_is_recorded() -> None:
    bound = Administrator(email="pia@x.example", roles=frozenset({"partner-administrator"}), customers=frozenset({"globex"}))
    partner = Organization(name="northwind", settings=Settings(type=OrganizationType.PARTNER), administrators=people(bound))
    facts = Settings(type=OrganizationType.CUSTOMER, managed_by="northwind")
    search = Search("device-management", now=NOW, catalog=CATALOG)
    for name, crowd in (("acme", {}), ("globex", {}), ("initech", None), ("acme", None)):
        organization = Organization(name=name, settings=facts, administrators=crowd)
        expected = who_can("device-management", organization, partner=partner, now=NOW, catalog=CATALOG)
        assert search.in_document(organization_document(organization), partner) == expected


def test_a_partner_that_changes_meanwhile_is_not_remembered() -> None:
    search = Search("device-management", now=NOW, catalog=CATALOG)
    document = organization_document(Organization(name="acme", settings=Settings(type=OrganizationType.CUSTOMER, managed_by="northwind")))
    for email in ("ann@x.example", "bob@x.example"):
        one = Administrator(email=email, roles=frozenset({"partner-full-administrator"}))
        partner = Organization(name="northwind", settings=Settings(type=OrganizationType.PARTNER), administrators=people(one))
        assert [holder.person for holder in search.in_document(document, partner).holders] == [email]


def test_what_is_remembered_is_bounded() -> None:
    search = Search("device-management", now=NOW, catalog=CATALOG)
    for number in range(5000):
        end = NOW + HOUR + number * MINUTE
        one = Administrator(email="a@x.example", roles=frozenset({"device-administrator"}), expires_at=end)
        document = organization_document(Organization(name="acme", administrators=people(one)))
        assert [holder.person for holder in search.in_document(document, None).holders] == ["a@x.example"]
    assert max(len(here._answers) for here in search._circumstances.values()) <= 4096


def test_people_in_the_same_circumstances_share_one_right() -> None:
    search = Search("device-management", now=NOW, catalog=CATALOG)
    ann, bob = (Administrator(email=f"{name}@x.example", roles=frozenset({"device-administrator"})) for name in ("ann", "bob"))
    first, other = (Organization(name=name, administrators=people(one)) for name, one in (("acme", ann), ("globex", bob)))
    (one,) = search.in_document(organization_document(first), None).holders
    (two,) = search.in_document(organization_document(other), None).holders
    assert (one.organization, two.organization) == ("acme", "globex")
    assert one.right is two.right
