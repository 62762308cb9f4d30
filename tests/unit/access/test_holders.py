"""Who can do something."""

import pytest

from reconciler import access
from reconciler.access import Right, WhoCan, holder_document
from reconciler.model.resources import Organization
from tests.unit.access.world import (
    ACME,
    CATALOG,
    ELEVATION,
    EVA,
    INES,
    NORTHWIND,
    SITE,
    a_customer,
    a_partner,
    at,
    on_site,
    somebody,
    unmanaged,
)


def who(permission: str, organization: Organization = ACME, *, partner: Organization | None = NORTHWIND, hour: int = 10) -> WhoCan:
    return access.who_can(permission, organization, partner=partner, now=at(hour, 30), catalog=CATALOG)


def named(holders: tuple[access.PermissionHolder, ...]) -> list[tuple[str, str | None, str]]:
    return [(one.person, one.scope, one.right.access.value) for one in holders]


def test_everybody_with_some_of_it_is_named_whatever_the_matrix() -> None:
    assert named(who("device-management").holders) == [
        ("eva@acme.example", None, "full"),
        ("ines@contoso.example", None, "full"),
        ("tom@northwind.example", None, "full"),
    ]
    assert named(who("device-management", hour=11).holders)[-1] == ("tom@northwind.example", None, "read")


def test_people_with_the_same_roles_have_the_same_reasons() -> None:
    one, other = who("legal-hold", a_customer(*(somebody(f"{name}@acme.example", "compliance-officer") for name in "ab"))).holders
    assert one.right == other.right


def test_people_without_it_are_left_out_and_unknown_ones_stand_apart() -> None:
    found = who("view-support-cases", a_customer(EVA, somebody("a@acme.example", "full-administrator"), INES))
    assert named(found.holders) == [("a@acme.example", None, "full")]
    assert named(found.unknown) == [("eva@acme.example", None, "unknown")]


def test_a_partner_administrator_of_unmanaged_scope_is_unknown() -> None:
    partner = a_partner(somebody("p@northwind.example", "partner-administrator"))
    assert named(who("organization-settings", a_customer(), partner=partner).unknown) == [("p@northwind.example", None, "unknown")]
    assert named(who("users-and-licenses", a_customer(), partner=partner).unknown) == []


def test_scoped_holders_say_where() -> None:
    local = somebody("l@acme.example", "location-administrator", locations=frozenset({"Berlin"}))
    center = somebody("c@acme.example", "contact-center-service-administrator")
    organization = a_customer(on_site("s@acme.example", "site-administrator"), INES, local, center)
    assert named(who("user-management", organization).holders) == [
        ("ines@contoso.example", None, "full"),
        ("s@acme.example", f"site/{SITE}", "conditional"),
    ]
    assert named(who("location-administration", organization).unknown) == [("l@acme.example", "location/Berlin", "unknown")]
    found = named(who("contact-center-administration", organization).holders)
    assert ("c@acme.example", "service/contact-center", "conditional") in found


def test_twins_in_other_matrices_are_pointed_to() -> None:
    assert who("users-and-licenses").see_also == ("user-management",)
    assert who("users-and-licenses").unrecorded == ()
    assert who("users-and-licenses", unmanaged(ACME), partner=None).unrecorded == ("acme", "northwind")


def test_an_unknown_permission_is_an_error() -> None:
    with pytest.raises(ValueError, match="'fly' is no permission"):
        who("fly")


def test_it_says_what_effective_says() -> None:
    organization = a_customer(EVA, INES, on_site("s@acme.example", "site-user-administrator", switch=True), grants=[ELEVATION])
    everybody = list(access.everybody(organization, partner=NORTHWIND, now=at(10, 30), catalog=CATALOG))
    for permission in CATALOG.matrices.labels:
        found = who(permission, organization)
        expected: list[tuple[str, str | None, Right]] = [
            (one.person, None, one.permissions[permission]) for one in everybody if permission in one.permissions
        ]
        expected += [(one.person, scope.scope, scope.right) for one in everybody for scope in one.scoped if scope.permission == permission]
        listed = [(one.person, one.scope, one.right) for one in (*found.holders, *found.unknown)]
        assert sorted(listed, key=str) == sorted((one for one in expected if one[2].access != "none"), key=str)


def test_the_document_names_the_scope_where_there_is_one() -> None:
    organization = a_customer(on_site("s@acme.example", "site-read-only-administrator"))
    document = holder_document(who("licenses", organization).holders[0])
    assert list(document) == ["organization", "person", "scope", "access", "because"]
    assert (document["scope"], document["access"]) == (f"site/{SITE}", "read")
