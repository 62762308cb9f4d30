"""Canonical documents: equal resources have equal bytes, and nothing is lost on the way there and back."""

import json
from dataclasses import replace

import pytest

from reconciler.model.documents import (
    UNREADABLE,
    administrator_document,
    compact,
    digest_of,
    grant_document,
    organization_document,
    read_administrator,
    read_grant,
    read_organization,
    read_settings,
    refuse_misshapen,
    settings_document,
)
from reconciler.model.resources import (
    Administrator,
    EndReason,
    Grant,
    Home,
    Organization,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)
from tests.fakes.builders import (
    ALICE,
    DAY,
    MINUTE,
    NOW,
    a_grant,
    a_request,
    an_administrator,
    an_organization,
    ended,
    grants_alone,
    settings,
)

EVERYTHING = Settings(
    type=OrganizationType.CUSTOMER,
    display_name="Acme Health",
    webex_id="6f5e",
    labels={"tier": "gold", "a": "b"},
    managed_by="northwind",
    restricted_mode=RestrictedMode(enabled=False, exempt=frozenset({"users-user-details", "users-claim-users"})),
    cisco_read_only_access=True,
    services=frozenset({"events", "calling"}),
    sites={"b.webex.com": "control-hub", "a.webex.com": "site-administration"},
    locations=frozenset({"Praha", "Berlin"}),
)
SOMEBODY = Administrator(
    email="carol@acme.example",
    name="Carol",
    roles=frozenset({"location-administrator", "partner-administrator"}),
    sites={"a.webex.com": SiteAssignment(role="site-administrator", meeting_content_manager=True), "b.webex.com": SiteAssignment()},
    locations=frozenset({"Berlin"}),
    customers=frozenset({"globex", "acme"}),
    home=Home(organization="northwind"),
    expires_at=NOW,
)
PEOPLE = [SOMEBODY, ALICE, replace(SOMEBODY, customers=frozenset(), home=Home(type="business"))]
GRANTS = [
    a_request(ticket="SR-1"),
    a_grant(),
    a_grant(revoked_at=NOW),
    a_request(denied_by="alice@acme.example", denied_at=NOW),
    ended(a_grant(), EndReason.EXPIRED, NOW, recorded_at=NOW + MINUTE),
]


@pytest.mark.parametrize("value", [settings(), EVERYTHING, settings(restricted_mode=RestrictedMode())])
def test_settings_come_back_as_they_went(value: Settings) -> None:
    assert read_settings(json.loads(compact(settings_document(value)))) == value


@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_comes_back_as_they_went(person: Administrator) -> None:
    assert read_administrator(json.loads(compact(administrator_document(person)))) == person


@pytest.mark.parametrize("grant", GRANTS)
def test_a_grant_comes_back_as_it_went(grant: Grant) -> None:
    assert read_grant(json.loads(compact(grant_document(grant)))) == grant


@pytest.mark.parametrize(
    "organization",
    [
        an_organization(*PEOPLE[:2], grants=[a_grant(), a_request("inc-2")], settings=EVERYTHING),
        an_organization(administrators=None),
        an_organization(administrators={}),
        grants_alone(a_grant()),
    ],
)
def test_an_organization_comes_back_as_it_went(organization: Organization) -> None:
    assert read_organization(json.loads(compact(organization_document(organization)))) == organization


def test_what_is_not_managed_and_what_is_empty_stay_apart() -> None:
    assert "customers" not in administrator_document(an_administrator(customers=None))
    assert administrator_document(an_administrator(customers=frozenset()))["customers"] == []
    assert organization_document(an_organization(administrators=None))["administrators"] is None
    assert organization_document(an_organization(administrators={}))["administrators"] == []


def test_the_order_of_what_has_no_order_does_not_reach_the_digest() -> None:
    bob = an_administrator("bob@acme.example")
    one = an_organization(ALICE, bob, grants=[a_grant("a"), a_grant("b")], settings=EVERYTHING)
    other = an_organization(
        bob, ALICE, grants=[a_grant("b"), a_grant("a")], settings=replace(EVERYTHING, labels={"a": "b", "tier": "gold"})
    )
    assert digest_of(organization_document(one)) == digest_of(organization_document(other))


def test_any_field_reaches_the_digest() -> None:
    one = an_organization(SOMEBODY)
    others = [
        replace(SOMEBODY, name="Karol"),
        replace(SOMEBODY, roles=frozenset({"location-administrator"})),
        replace(SOMEBODY, sites={}),
        replace(SOMEBODY, locations=frozenset()),
        replace(SOMEBODY, customers=None),
        replace(SOMEBODY, customers=frozenset()),
        replace(SOMEBODY, home=Home(type="business")),
        replace(SOMEBODY, home=None),
        replace(SOMEBODY, expires_at=NOW + DAY),
        replace(SOMEBODY, expires_at=None),
    ]
    digests = {digest_of(organization_document(an_organization(person))) for person in others}
    assert len(digests | {digest_of(organization_document(one))}) == len(others) + 1


def test_a_document_of_another_shape_is_refused() -> None:
    document = organization_document(an_organization(ALICE))
    for broken in ({**document, "settings": {}}, {**document, "administrators": [{}]}, {**document, "grants": [{"name": "x"}]}, {}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read_organization(broken)


def test_no_number_that_json_does_not_know_is_written() -> None:
    with pytest.raises(ValueError):
        compact(float("nan"))


@pytest.mark.parametrize(
    "forged",
    [
        {"sites": None},
        {"sites": ""},
        {"sites": 0},
        {"sites": []},
        {"sites": {"a.webex.com": {"role": None}}},
        {"locations": None},
        {"locations": ""},
        {"home": {"organization": None, "type": "business"}},
        {"expires_at": None},
        {"name": [[[None]]]},
    ],
    ids=str,
)
def test_what_stands_in_no_canonical_document_is_no_document_of_a_person(forged: dict[str, object]) -> None:
    person = {"email": "a@acme.example", "roles": ["full-administrator"]}
    refuse_misshapen("administrator", person)
    with pytest.raises(UNREADABLE):
        refuse_misshapen("administrator", person | forged)
