from datetime import UTC, datetime
from typing import Any

from reconciler.manifests.build import build_grant, build_organization
from reconciler.model.documents import organization_document, read_organization
from reconciler.model.resources import (
    Administrator,
    Grant,
    Home,
    Organization,
    OrganizationFacts,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)


def document(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "acme", "labels": {"tier": "gold"}}, "spec": {"type": "customer", **spec}}


def built(manifest: dict[str, Any]) -> Organization:
    """Return what *manifest* declares; its document is the one that the model has for it."""
    declared, facts = build_organization(manifest)
    organization = read_organization(declared)
    assert organization_document(organization) == declared
    assert organization.settings is not None
    assert OrganizationFacts.of(organization.name, organization.settings) == facts
    return organization


def test_what_is_absent_has_its_default() -> None:
    settings = Settings(type=OrganizationType.CUSTOMER, labels={"tier": "gold"})
    assert built(document()) == Organization(name="acme", settings=settings, administrators=None)


def test_restricted_mode_is_on_by_default_where_there_is_a_partner() -> None:
    for spec, mode in (
        ({"managedBy": "north"}, RestrictedMode()),
        (
            {"managedBy": "north", "restrictedMode": {"exempt": ["services-migrations"]}},
            RestrictedMode(exempt=frozenset({"services-migrations"})),
        ),
        ({"managedBy": "north", "restrictedMode": {"enabled": False}}, RestrictedMode(enabled=False)),
    ):
        settings = built(document(**spec)).settings
        assert settings is not None
        assert settings.restricted_mode == mode


def test_an_empty_list_of_people_is_not_an_absent_one() -> None:
    assert built(document(administrators=[])).administrators == {}


def test_a_person_is_built_with_every_field() -> None:
    person = {
        "email": "Bob@ACME.example",
        "name": "Bob",
        "roles": ["support-administrator"],
        "sites": {"acme.webex.com": {"role": "site-administrator"}, "b.webex.com": {"meetingContentManager": True}},
        "locations": ["Berlin"],
        "customers": [],
        "home": {"organization": "north"},
        "expiresAt": "2027-03-31T02:00:00+02:00",
    }
    assert built(document(administrators=[person])).administrators == {
        "bob@acme.example": Administrator(
            email="bob@acme.example",
            name="Bob",
            roles=frozenset({"support-administrator"}),
            sites={
                "acme.webex.com": SiteAssignment(role="site-administrator"),
                "b.webex.com": SiteAssignment(meeting_content_manager=True),
            },
            locations=frozenset({"Berlin"}),
            customers=frozenset(),
            home=Home(organization="north"),
            expires_at=datetime(2027, 3, 31, tzinfo=UTC),
        )
    }


def test_customers_that_are_absent_are_not_managed() -> None:
    people = built(document(administrators=[{"email": "a@b"}])).administrators
    assert people is not None
    assert people["a@b"].customers is None


def test_a_grant_is_built_with_lower_case_people_and_utc_instants() -> None:
    spec = {
        "organization": "acme",
        "agent": {"email": "TAC@cisco.example", "type": "cisco-tac"},
        "reason": "broken",
        "ticket": "SR-1",
        "requestedAt": "2026-11-20T10:00:00+01:00",
        "approvedBy": "Alice@acme.example",
        "approvedAt": "2026-11-20T09:10:00Z",
        "expiresAt": "2026-11-20T10:10:00Z",
    }
    assert build_grant({"metadata": {"name": "inc-1"}, "spec": spec}) == Grant(
        name="inc-1",
        organization="acme",
        agent_email="tac@cisco.example",
        agent_type="cisco-tac",
        reason="broken",
        ticket="SR-1",
        requested_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        approved_by="alice@acme.example",
        approved_at=datetime(2026, 11, 20, 9, 10, tzinfo=UTC),
        expires_at=datetime(2026, 11, 20, 10, 10, tzinfo=UTC),
    )


def test_facts_are_what_others_need_to_know() -> None:
    _, facts = build_organization(
        document(
            managedBy="north",
            sites={"b.webex.com": {"managedIn": "control-hub"}, "a.webex.com": {"managedIn": "control-hub"}},
            services=["events", "contact-center"],
        )
    )
    assert facts == OrganizationFacts(
        name="acme",
        type=OrganizationType.CUSTOMER,
        managed_by="north",
        labels={"tier": "gold"},
        sites=("a.webex.com", "b.webex.com"),
        services=("contact-center", "events"),
    )


def test_people_stand_in_the_order_of_their_keys_and_nothing_empty_is_written() -> None:
    people = [{"email": "ZOE@b", "roles": [], "locations": [], "sites": {}}, {"email": "Al@b", "roles": ["b", "a"]}]
    declared, _ = build_organization(document(administrators=people))
    assert declared["administrators"] == [{"email": "al@b", "roles": ["a", "b"]}, {"email": "zoe@b", "roles": []}]
