"""Access for arbitrary people: what must hold whatever they hold."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler import access, catalog
from reconciler.access import Access, Right, access_document, diff_access
from reconciler.access.values import STRENGTH
from reconciler.catalog import Level
from reconciler.model.resources import Administrator, EndReason, Grant, Home, Organization, OrganizationType, RestrictedMode, SiteAssignment
from tests.fakes.builders import HOUR, MINUTE, NOW, a_grant, ended, people, settings

CATALOG = catalog.load()
EMAIL = "a@x.example"
DECLARED = sorted(role.id for role in CATALOG.roles.values() if role.declared == "roles")
SITE_ROLES = sorted(role.id for role in CATALOG.roles.values() if role.form == "site-role")

roles = st.frozensets(st.sampled_from([*DECLARED, "provisioning-administrator", "no-such-role"]), max_size=4)
homes = st.sampled_from([None, Home(organization="northwind"), Home(organization="contoso"), Home(type="business"), Home(type="consumer")])
assignments = st.builds(SiteAssignment, role=st.one_of(st.none(), st.sampled_from(SITE_ROLES)), meeting_content_manager=st.booleans())
administrators = st.builds(
    Administrator,
    email=st.just(EMAIL),
    roles=roles,
    sites=st.dictionaries(st.sampled_from(["a.webex.com", "b.webex.com"]), assignments),
    locations=st.frozensets(st.sampled_from(["Berlin", "Praha"])),
    home=homes,
)
partners = st.builds(
    Administrator, email=st.just(EMAIL), roles=roles, customers=st.one_of(st.none(), st.frozensets(st.sampled_from(["acme", "other"])))
)
exempt = st.frozensets(st.sampled_from(sorted(CATALOG.restricted_settings)))
modes = st.one_of(st.none(), st.builds(RestrictedMode, enabled=st.booleans(), exempt=exempt))
minutes = st.integers(min_value=-90, max_value=90).map(lambda count: count * MINUTE)
grants = st.builds(
    lambda start, length, mine: a_grant(
        agent_email=EMAIL if mine else "b@x.example", approved_at=NOW + start, expires_at=NOW + start + length
    ),
    minutes,
    st.integers(min_value=1, max_value=60).map(lambda count: count * MINUTE),
    st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Organization, Organization]:
    """A customer and its managing partner, in which one person may hold anything."""
    member, partner = draw(st.one_of(st.none(), administrators)), draw(st.one_of(st.none(), partners))
    listed = {grant.name: grant for grant in (replace(one, name=f"g{n}") for n, one in enumerate(draw(st.lists(grants, max_size=2))))}
    services = frozenset({"contact-center"}) if draw(st.booleans()) else frozenset[str]()
    facts = settings(managed_by="northwind", restricted_mode=draw(modes), services=services)
    customer = Organization(name="acme", settings=facts, administrators=people(*([member] if member else [])), grants=listed)
    kind = settings(type=OrganizationType.PARTNER)
    return customer, Organization(name="northwind", settings=kind, administrators=people(*([partner] if partner else [])))


World = tuple[Organization, Organization]


def of(world: World, now: datetime = NOW) -> Access:
    return access.effective(EMAIL, world[0], partner=world[1], now=now, catalog=CATALOG)


def with_mode(world: World, mode: RestrictedMode | None) -> World:
    customer, partner = world
    assert customer.settings is not None
    return replace(customer, settings=replace(customer.settings, restricted_mode=mode)), partner


def with_roles(world: World, more: frozenset[str]) -> World:
    customer, partner = world
    member = (customer.administrators or {}).get(EMAIL, Administrator(email=EMAIL))
    return replace(customer, administrators=people(replace(member, roles=member.roles | more))), partner


def rights(of: Access) -> dict[tuple[str | None, str], Right]:
    return {(None, one): right for one, right in of.permissions.items()} | {(one.scope, one.permission): one.right for one in of.scoped}


def floor(right: Right) -> int:
    """The least that is known to be there."""
    if right.access is Level.UNKNOWN:
        return STRENGTH[right.at_least or Level.NONE]
    return STRENGTH[right.at_most or right.access]


def ceiling(right: Right) -> int:
    """The most that may be there."""
    return STRENGTH[Level.FULL] if right.access is Level.UNKNOWN else floor(right)


@given(worlds(), roles)
def test_more_roles_never_give_less_access(world: World, more: frozenset[str]) -> None:
    before, after = rights(of(world)), rights(of(with_roles(world, more)))
    for key, right in before.items():
        # A row that nobody's role speaks of any more was none.
        assert floor(after[key]) >= floor(right) if key in after else right.access is Level.NONE


@given(worlds())
def test_restricted_mode_never_raises_and_never_hides_a_row(world: World) -> None:
    off, on = rights(of(with_mode(world, None))), rights(of(with_mode(world, RestrictedMode())))
    assert off.keys() == on.keys()
    for key, right in off.items():
        assert ceiling(on[key]) <= ceiling(right)
        assert (on[key].access is Level.NONE) == (right.access is Level.NONE)
        assert (on[key].access is Level.UNKNOWN) == (right.access is Level.UNKNOWN)


@given(worlds(), exempt)
def test_the_more_is_left_open_the_less_is_taken(world: World, left_open: frozenset[str]) -> None:
    all_taken, some = rights(of(with_mode(world, RestrictedMode()))), rights(of(with_mode(world, RestrictedMode(exempt=left_open))))
    for key, right in all_taken.items():
        assert some[key].lowered == right.lowered - left_open
        assert ceiling(some[key]) >= ceiling(right)


def over(grant: Grant, now: datetime) -> bool:
    return grant.approved_at is None or grant.expires_at is None or not grant.approved_at <= now < grant.expires_at


@given(worlds(), minutes)
def test_grants_that_are_over_or_have_not_begun_change_nothing(world: World, later: timedelta) -> None:
    customer, partner = world
    now = NOW + later
    running = {name: grant for name, grant in customer.grants.items() if not over(grant, now)}
    assert of(world, now) == of((replace(customer, grants=running), partner), now)
    closed = {name: ended(grant, EndReason.OMITTED, now) for name, grant in customer.grants.items()}
    assert of((replace(customer, grants=closed), partner), now) == of((replace(customer, grants={}), partner), now)


@given(worlds())
def test_an_elevation_never_takes_anything(world: World) -> None:
    customer, partner = world
    elevated = replace(customer, grants={"mine": a_grant("mine", agent_email=EMAIL)})
    before, after = rights(of((replace(customer, grants={}), partner))), rights(of((elevated, partner)))
    assert all(floor(after[key]) >= floor(right) for key, right in before.items() if key in after)
    assert all(right.access is Level.NONE for key, right in before.items() if key not in after)


@given(worlds())
def test_the_order_of_anything_is_irrelevant(world: World) -> None:
    customer, partner = world
    member = (customer.administrators or {}).get(EMAIL)
    shuffled = replace(customer, grants=dict(reversed(list(customer.grants.items()))))
    if member is not None:
        turned = replace(member, roles=frozenset(sorted(member.roles, reverse=True)), sites=dict(reversed(list(member.sites.items()))))
        shuffled = replace(shuffled, administrators=people(turned))
    found = of((shuffled, partner))
    assert found == of(world)
    assert access_document(found, CATALOG) == access_document(of(world), CATALOG)


@given(worlds(), worlds())
def test_a_difference_names_what_differs_and_nothing_else(left: World, right: World) -> None:
    before, after = of(left), of(right)
    assert diff_access(before, before) == diff_access(before, of(left)) == ()
    there = {(one.scope, one.permission): (one.before, one.after, one.direction) for one in diff_access(before, after)}
    back = {(one.scope, one.permission): (one.after, one.before) for one in diff_access(after, before)}
    assert {key: sides[:2] for key, sides in there.items()} == back
    words = {key: (rights(before).get(key), rights(after).get(key)) for key in rights(before).keys() | rights(after).keys()}
    differing = {key for key, (one, other) in words.items() if (one.access if one else "none") != (other.access if other else "none")}
    assert differing <= there.keys()


@given(worlds(), minutes)
def test_whoever_has_any_access_is_named(world: World, later: timedelta) -> None:
    now = NOW + later + HOUR
    found = of(world, now)
    named = access.people_with_access(world[0], partner=world[1], now=now, catalog=CATALOG)
    if any(right.access is not Level.NONE for right in rights(found).values()):
        assert EMAIL in named
    assert (EMAIL in named) == bool(found.held) or (world[0].administrators or {}).get(EMAIL) is not None


@given(worlds())
def test_every_reason_is_about_the_access_it_stands_beside(world: World) -> None:
    for right in rights(of(world)).values():
        given_levels = {one.access for one in right.because}
        if right.access in {Level.FULL, Level.READ}:
            assert right.access in given_levels
        assert right.access not in {Level.TEMPORARY, Level.NOT_APPLICABLE}
