"""access, who-can: the use cases over a stored state."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.access import Search
from reconciler.model.documents import Document
from reconciler.model.errors import CorruptStateError, MissingStateError, UsageError
from reconciler.model.resources import Administrator, Home, Organization, OrganizationType, RestrictedMode
from reconciler.model.results import Accesses, PermissionHolders
from reconciler.pipeline import Request, access_everywhere, access_of_everybody, access_of_person, permission_holders
from reconciler.stores.empty import EmptyState
from tests.fakes.builders import (
    ALICE,
    CATALOG,
    HOUR,
    MINUTE,
    NOW,
    a_grant,
    a_store,
    an_administrator,
    an_organization,
    put,
    settings,
)
from tests.fakes.store import MemoryStore

EMPTY = EmptyState(location="sqlite:///x.db")
EVE = an_administrator("eve@contractor.example", "read-only-administrator", home=Home(type="business"), expires_at=NOW + HOUR)
TOM = an_administrator("tom@northwind.example", "help-desk-administrator-basic")
PIA = an_administrator("pia@northwind.example", "partner-administrator", customers=frozenset({"acme"}))
OTHER = an_administrator("other@northwind.example", "device-administrator")
OPEN = RestrictedMode(enabled=False)


def a_request(*organizations: str, **labels: str) -> Request:
    return Request(catalog=CATALOG, organizations=frozenset(organizations), labels=labels)


def a_customer(name: str, *administrators: Administrator, **fields: Any) -> Organization:
    labels = {"tier": "gold"} if name == "acme" else {}
    return an_organization(
        *administrators, name=name, settings=settings(managed_by="northwind", restricted_mode=OPEN, labels=labels), **fields
    )


def a_fleet() -> MemoryStore:
    """Return acme and globex, customers of northwind, and initech, which stands alone."""
    partner = an_organization(TOM, PIA, OTHER, name="northwind", settings=settings(type=OrganizationType.PARTNER))
    grant = a_grant(agent_email=TOM.email, agent_type="managing-partner")
    return a_store(
        a_customer("acme", ALICE, EVE, grants=[grant]),
        a_customer("globex", an_administrator("gina@globex.example")),
        an_organization(EVE, name="initech"),
        partner,
    )


def word(answer: Any, permission: str = "device-management") -> str:
    found: str = answer.access["permissions"][permission]["access"]
    return found


def listed(answer: Accesses) -> list[tuple[str, str]]:
    return [(access["organization"], access["person"]) for part in answer.found() for access in part.accesses]


def holders(answer: PermissionHolders) -> list[tuple[str, str, str]]:
    return [(one["organization"], one["person"], one["access"]) for part in answer.found() for one in part.holders]


def test_a_person_in_an_organization_has_what_roles_partner_and_grants_give() -> None:
    store = a_fleet()
    assert word(access_of_person("acme", "Alice@acme.example", store, a_request(), NOW)) == "full"
    elevated = access_of_person("acme", TOM.email, store, a_request(), NOW)
    assert word(elevated) == "full"
    assert [grant["name"] for grant in elevated.access["grants"]] == ["inc-1"]
    assert word(access_of_person("globex", TOM.email, store, a_request(), NOW)) == "read"


def test_somebody_without_access_has_none_of_everything() -> None:
    answer = access_of_person("acme", "nobody@acme.example", a_fleet(), a_request(), NOW)
    assert answer.access["roles"] == []
    assert {right["access"] for right in answer.access["permissions"].values()} == {"none"}


def test_an_instant_tells_apart_what_has_ended_and_what_has_not_begun() -> None:
    store = a_fleet()
    assert word(access_of_person("acme", TOM.email, store, a_request(), NOW + HOUR)) == "read"
    assert word(access_of_person("acme", TOM.email, store, a_request(), NOW - 11 * MINUTE)) == "read"
    assert listed(access_everywhere(EVE.email, store, a_request(), NOW + HOUR)) == []


def test_only_an_instant_before_the_last_record_gets_a_note() -> None:
    store = a_fleet()
    assert access_of_person("acme", ALICE.email, store, a_request(), NOW).findings == ()
    before = NOW - timedelta(seconds=1)
    (note,) = access_of_person("acme", ALICE.email, store, a_request(), before).findings
    assert (note.rule, note.severity, note.message) == ("facts-as-stored-now", "info", "facts as stored now")
    assert "acme was last changed" in note.detail
    assert "and 1 more" in note.detail  # its managing partner
    (note,) = permission_holders("device-management", store, a_request(), before).findings
    assert "and 3 more" in note.detail


def test_everybody_of_an_organization_includes_the_partners_people() -> None:
    assert listed(access_of_everybody("acme", a_fleet(), a_request(), NOW)) == [
        ("acme", "alice@acme.example"),
        ("acme", "eve@contractor.example"),
        ("acme", "pia@northwind.example"),
        ("acme", "tom@northwind.example"),
    ]


def test_a_person_everywhere_is_listed_where_they_have_anything() -> None:
    store = a_fleet()
    assert listed(access_everywhere("EVE@contractor.example", store, a_request(), NOW)) == [
        ("acme", "eve@contractor.example"),
        ("initech", "eve@contractor.example"),
    ]
    assert [name for name, _ in listed(access_everywhere(PIA.email, store, a_request(), NOW))] == ["acme", "northwind"]
    assert [name for name, _ in listed(access_everywhere(OTHER.email, store, a_request(), NOW))] == ["northwind"]
    assert listed(access_everywhere("nobody@x.example", store, a_request(), NOW)) == []


def test_who_can_goes_over_all_organizations_or_those_in_scope() -> None:
    store = a_fleet()
    everywhere = holders(permission_holders("device-management", store, a_request(), NOW))
    assert ("globex", "gina@globex.example", "full") in everywhere
    assert ("northwind", "other@northwind.example", "full") in everywhere
    named = [one for one in everywhere if one[0] == "globex"]
    assert holders(permission_holders("device-management", store, a_request("globex"), NOW)) == named
    gold = holders(permission_holders("device-management", store, a_request(tier="gold"), NOW))
    assert {organization for organization, _, _ in gold} == {"acme"}


def test_what_is_not_recorded_is_named_and_never_none() -> None:
    store = a_store(replace(an_organization(), administrators=None), a_customer("globex"))
    answer = access_of_person("acme", ALICE.email, store, a_request(), NOW)
    assert {right["access"] for right in answer.access["permissions"].values()} == {"unknown"}
    everywhere = access_everywhere(ALICE.email, store, a_request(), NOW)
    assert [part.unrecorded for part in everywhere.found()] == [("acme",), ("northwind",)]
    found = permission_holders("device-management", store, a_request(), NOW)
    assert [part.unrecorded for part in found.found()] == [("acme",), ("northwind",)]


def test_a_forgotten_organization_is_gone() -> None:
    store = a_fleet()
    put(store, None, name="initech")
    assert [name for name, _ in listed(access_everywhere(EVE.email, store, a_request(), NOW))] == ["acme"]
    with pytest.raises(MissingStateError, match="no organization initech is stored"):
        access_of_everybody("initech", store, a_request(), NOW)


def test_unknown_names_are_errors_with_what_may_be_meant() -> None:
    store = a_fleet()
    with pytest.raises(MissingStateError, match="no organization acmee is stored") as missing:
        access_of_person("acmee", ALICE.email, store, a_request(), NOW)
    assert missing.value.hint == "reconciler access acme"
    with pytest.raises(MissingStateError, match="no organization globx is stored"):
        access_everywhere(ALICE.email, store, a_request("globx"), NOW)
    with pytest.raises(UsageError, match="no permission device-managment; did you mean 'Device management'") as unknown:
        permission_holders("device-managment", store, a_request(), NOW)
    assert unknown.value.hint == "reconciler who-can device-management"
    with pytest.raises(UsageError) as labeled:
        permission_holders("Add or remove users and assign licences", store, a_request(), NOW)
    assert labeled.value.hint == "reconciler who-can users-and-licenses"
    with pytest.raises(UsageError) as strange:
        permission_holders("xyzzy", store, a_request(), NOW)
    assert strange.value.hint is None


def test_without_a_stored_state_the_answers_are_empty() -> None:
    assert access_of_person("acme", ALICE.email, EMPTY, a_request("acme"), NOW).access["roles"] == []
    assert listed(access_of_everybody("acme", EMPTY, a_request("acme"), NOW)) == []
    assert listed(access_everywhere(ALICE.email, EMPTY, a_request("acme"), NOW)) == []
    assert holders(permission_holders("device-management", EMPTY, a_request("acme"), NOW)) == []


def test_one_organization_is_read_at_a_time_and_a_partner_once() -> None:
    read: list[str] = []

    class Watched(MemoryStore):
        def document(self, name: str) -> Document | None:
            read.append(name)
            return super().document(name)

    store = a_fleet()
    store.__class__ = Watched
    found = permission_holders("device-management", store, a_request(), NOW).found()
    assert read == []
    assert next(found).organization == "acme"
    assert read == ["acme", "northwind"]
    assert [part.organization for part in found] == ["globex", "initech", "northwind"]
    assert read == ["acme", "northwind", "globex", "initech", "northwind"]


class Forged(MemoryStore):
    """Holds documents that no reconciler wrote, though their digests fit."""

    def document(self, name: str) -> Document | None:
        document = super().document(name)
        if document is not None and name in {"globex", "northwind"}:
            del document["administrators"][0]["email"]
        return document


def test_a_document_that_is_damaged_though_its_digest_fits_is_no_mistake_of_ours() -> None:
    store = a_fleet()
    store.__class__ = Forged
    damaged = pytest.raises(CorruptStateError, match=r"the stored state of (globex|northwind) is damaged")
    with damaged:
        access_of_person("globex", ALICE.email, store, a_request(), NOW)
    with damaged:
        access_of_person("acme", ALICE.email, store, a_request(), NOW)
    for several in (
        access_everywhere(ALICE.email, store, a_request("globex"), NOW),
        permission_holders("locations", store, a_request("globex"), NOW),
    ):
        with damaged:
            list(several.found())


def test_a_mistake_of_ours_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(Search, "in_document", wrong)
    with pytest.raises(KeyError, match="ours"):
        list(permission_holders("locations", a_fleet(), a_request(), NOW).found())


def test_people_in_the_same_circumstances_share_one_document() -> None:
    twins = [an_administrator(f"{name}@acme.example") for name in ("a", "b")]
    (part,) = permission_holders("device-management", a_store(an_organization(*twins)), a_request(), NOW).found()
    one, other = part.holders
    assert one["person"] != other["person"]
    assert one["because"] is other["because"]
