"""What roles in the managing partner's organization give over its customers; each test names the statement it is about."""

import pytest

from reconciler.access import Kind
from tests.unit.access.world import CATALOG, over_customer, somebody, words

EVERYWHERE = [role for role in CATALOG.matrices.by_id["customer-management"].columns if role != "partner-administrator"]


@pytest.mark.parametrize("role", EVERYWHERE)
def test_r112_all_partner_roles_but_one_reach_every_customer(role: str) -> None:
    found = over_customer(somebody("p@northwind.example", role))
    assert found.roles == (role,)
    assert words(found)["customer-list"] == "read"
    assert {one.kind for right in found.permissions.values() for one in right.because} == {Kind.CELL}


def test_r115_partner_read_only_administrators_change_nothing() -> None:
    found = over_customer(somebody("p@northwind.example", "partner-read-only-administrator"))
    assert set(words(found).values()) == {"read", "none"}
