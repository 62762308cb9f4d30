"""What a plan says of access: changes, or everything that a new organization gives as well."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.results import FleetPlan
from reconciler.pipeline import Request, drift, load_plan, plan
from reconciler.planning.codec import write_plan
from tests.fakes.builders import CATALOG, NOW, a_store, an_administrator, an_organization
from tests.fakes.store import MemoryStore
from tests.unit.pipeline.manifests import organization, write

PARTNER = """apiVersion: reconciler/v1
kind: Organization
metadata: {name: northwind}
spec:
  type: partner
  administrators:
    - {email: pat@northwind.example, roles: [full-administrator]}
    - {email: ann@northwind.example, roles: [full-administrator]}
    - {email: ines@northwind.example, roles: [partner-full-administrator]}
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(tmp_path)
    managed = organization("globex", spec="  managedBy: northwind\n")
    return write(tmp_path / "orgs", acme=organization(), globex=managed, northwind=PARTNER)


def made(paths: tuple[str, ...], store: MemoryStore, *, full: bool) -> FleetPlan:
    return plan(Request(catalog=CATALOG, paths=paths, full_access=full), store, NOW)


def told(answer: FleetPlan) -> Iterator[tuple[str, str, str]]:
    for section in answer.plans():
        for change in section.access:
            yield change["organization"], change["person"], change.get("scope", "")


def test_new_organizations_count_only_where_they_are_asked_for(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator("alice@acme.example", "device-administrator"), an_administrator("zoe@acme.example")))
    short, full = (set(told(made(paths, store, full=wanted))) for wanted in (False, True))
    assert {name for name, _, _ in short} == {"acme"}
    assert {name for name, _, _ in full} == {"acme", "globex", "northwind"}
    assert {one for one in full if one[0] == "acme"} == short
    assert ("globex", "ines@northwind.example", "") in full  # the partner's people have rights in the new customer
    assert ("northwind", "ines@northwind.example", "customer/*") in full


def test_the_hash_and_all_else_are_those_of_the_plan_without(paths: tuple[str, ...]) -> None:
    short, full = (made(paths, MemoryStore(), full=wanted) for wanted in (False, True))
    assert short.plan_hash == full.plan_hash
    assert [replace(section, access=()) for section in full.plans()] == list(short.plans())
    assert (short.findings, short.summary, short.valid_until) == (full.findings, full.summary, full.valid_until)


def test_a_saved_plan_keeps_it(paths: tuple[str, ...]) -> None:
    full = made(paths, MemoryStore(), full=True)
    out = io.StringIO()
    write_plan(full, out, exit_code=None)
    loaded = load_plan(out.getvalue())
    kept: list[Any] = [section.access for section in loaded.plans()]
    assert kept == [section.access for section in full.plans()]
    assert all(kept)


def test_drift_says_nothing_of_access(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator("pat@northwind.example"), name="northwind"))
    answer = drift(Request(catalog=CATALOG, paths=paths), store, NOW)
    assert [finding.rule for finding in answer.findings if finding.severity == "info"] == []
