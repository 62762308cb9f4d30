"""Resources are frozen values, also where they are made in their own way."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from inspect import Parameter, signature
from typing import Any

import pytest

from reconciler.model.resources import Administrator, Home, SiteAssignment


def test_an_administrator_is_made_as_its_fields_say() -> None:
    values: dict[str, Any] = {
        "email": "a@b.example",
        "name": "A",
        "roles": frozenset({"r"}),
        "sites": {"s": SiteAssignment(role="r")},
        "locations": frozenset({"l"}),
        "customers": frozenset({"c"}),
        "home": Home(type="t"),
        "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
    }
    person, bare = Administrator(**values), Administrator(email="a@b.example")
    assert {field.name: getattr(person, field.name) for field in fields(Administrator)} == values
    assert [getattr(bare, field.name) for field in fields(Administrator)] == [
        "a@b.example",
        None,
        frozenset(),
        {},
        frozenset(),
        None,
        None,
        None,
    ]
    assert replace(bare, **values) == person != replace(person, name="B")
    assert repr(bare).startswith("Administrator(email='a@b.example', name=None, ")
    assert all(parameter.kind is Parameter.KEYWORD_ONLY for parameter in signature(Administrator).parameters.values())
    with pytest.raises(FrozenInstanceError):
        person.name = "B"  # type: ignore[misc]
