"""The catalog is read once, every fact of it has a source, and code relies on few of them by name."""

from datetime import timedelta

import pytest

from reconciler.catalog import FULL_ADMINISTRATOR, RestrictedSetting, Role, load
from reconciler.model.changes import Risk
from reconciler.model.lifetimes import REQUEST_LIFETIME

CATALOG = load()


def test_it_is_read_once_a_process() -> None:
    assert load() is CATALOG


@pytest.mark.parametrize("fact", [*CATALOG.roles.values(), *CATALOG.restricted_settings.values()], ids=lambda fact: fact.id)
def test_every_fact_has_a_label_and_a_source(fact: Role | RestrictedSetting) -> None:
    assert fact.label
    assert fact.sources


def test_full_administrator_is_a_role_that_is_declared_and_weighs_most() -> None:
    role = CATALOG.roles[FULL_ADMINISTRATOR]
    assert (role.declared, role.scope, role.risk) == ("roles", "organization", Risk.HIGH)


def test_both_clocks_run_for_an_hour_and_the_model_agrees() -> None:
    assert CATALOG.request_lifetime == CATALOG.elevation_lifetime == timedelta(hours=1)
    assert CATALOG.request_lifetime == REQUEST_LIFETIME


def test_a_role_is_declared_under_roles_or_under_sites_or_never() -> None:
    assert {role.declared for role in CATALOG.roles.values()} == {"roles", "sites", None}
