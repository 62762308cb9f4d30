"""Who answers for a change, as the stored state knows them."""

import pytest

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.catalog.words import Holder
from reconciler.model.resources import Administrator, Home, Organization, OrganizationType, RestrictedMode, SiteAssignment
from reconciler.rules import Actor, actor_in
from tests.fakes.builders import CATALOG, DAY, HOUR, NOW, a_grant, an_administrator, an_organization, grants_alone, settings

CUSTOMER = settings(managed_by="northwind", restricted_mode=RestrictedMode())


def partner(*administrators: Administrator) -> Organization:
    return an_organization(*administrators, name="northwind", settings=settings(type=OrganizationType.PARTNER))


def who(email: str, organization: Organization | None, over: Organization | None = None) -> Actor:
    actor = actor_in(email, organization, partner=over, now=NOW, catalog=CATALOG)
    assert actor is not None
    return actor


def test_nobody_can_be_asked_where_nobody_is_on_record() -> None:
    for unrecorded in (None, grants_alone(a_grant()), an_organization(administrators=None)):
        assert actor_in("alice@acme.example", unrecorded, partner=None, now=NOW, catalog=CATALOG) is None


def test_an_administrator_is_found_by_identity_and_not_by_spelling() -> None:
    actor = who("ALICE@Acme.Example", an_organization())
    assert (actor.key, actor.holder, set(actor.roles)) == ("alice@acme.example", Holder.INTERNAL, {FULL_ADMINISTRATOR})
    assert actor.internal


@pytest.mark.parametrize(
    ("home", "holder"),
    [(Home(organization="northwind"), Holder.MANAGING_PARTNER), (Home(type="business"), Holder.OTHER_ORGANIZATION)],
)
def test_somebody_from_outside_belongs_where_their_home_is(home: Home, holder: Holder) -> None:
    eve = an_administrator("eve@x.example", FULL_ADMINISTRATOR, home=home)
    actor = who("eve@x.example", an_organization(an_administrator(), eve, settings=CUSTOMER), partner())
    assert (actor.holder, actor.internal) == (holder, False)


def test_access_that_has_ended_gives_no_right_to_change_anything() -> None:
    gone = an_administrator("gone@acme.example", FULL_ADMINISTRATOR, expires_at=NOW)
    actor = who("gone@acme.example", an_organization(an_administrator(), gone))
    assert (actor.holder, actor.roles) == (None, frozenset())


def test_site_roles_count_on_their_sites() -> None:
    sid = an_administrator("sid@acme.example", "device-administrator", sites={"a.webex.com": SiteAssignment(role="site-administrator")})
    assert who("sid@acme.example", an_organization(an_administrator(), sid)).sites == {"a.webex.com": "site-administrator"}


def test_a_running_elevation_gives_its_agent_the_role_from_outside() -> None:
    actor = who("tac@cisco.example", an_organization(grants=[a_grant()]))
    assert (actor.holder, set(actor.roles)) == (Holder.OTHER_ORGANIZATION, {FULL_ADMINISTRATOR})
    over = a_grant(requested_at=NOW - 2 * HOUR, approved_at=NOW - 2 * HOUR, expires_at=NOW - HOUR)
    assert who("tac@cisco.example", an_organization(grants=[over])).roles == frozenset()


def test_partner_roles_reach_the_customers_of_the_partner() -> None:
    staff = partner(
        an_administrator("pat@northwind.example", "partner-full-administrator"),
        an_administrator("pia@northwind.example", "partner-administrator", customers=frozenset({"acme"})),
        an_administrator("pol@northwind.example", "partner-administrator", customers=frozenset({"globex"})),
        an_administrator("pim@northwind.example", "partner-administrator"),
        an_administrator("old@northwind.example", "partner-full-administrator", expires_at=NOW - DAY),
    )
    customer = an_organization(settings=CUSTOMER)
    reach = {email: who(f"{email}@northwind.example", customer, staff) for email in ("pat", "pia", "pol", "pim", "old")}
    assert {name: set(actor.partner_roles) for name, actor in reach.items()} == {
        "pat": {"partner-full-administrator"},
        "pia": {"partner-administrator"},
        "pol": set(),
        "pim": set(),
        "old": set(),
    }
    assert {name: set(actor.unsettled) for name, actor in reach.items() if actor.unsettled} == {"pim": {"partner-administrator"}}


@pytest.mark.parametrize("unknown", [None, Organization(name="northwind", settings=settings(type=OrganizationType.PARTNER))])
def test_where_the_partner_is_not_on_record_its_roles_are_unsettled_and_not_absent(unknown: Organization | None) -> None:
    actor = who("pat@northwind.example", an_organization(settings=CUSTOMER), unknown)
    assert (actor.holder, actor.partner_roles) == (None, frozenset())
    assert "partner-full-administrator" in actor.unsettled
