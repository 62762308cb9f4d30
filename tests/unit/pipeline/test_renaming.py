"""Renames from files to the answer: what the rules see across a new name, and what the journal still tells."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.findings import Finding
from tests.unit.pipeline.manifests import grant, organization
from tests.unit.pipeline.test_changing import Place

EVA = "{{email: {}@else.example, roles: [{}], home: {{type: business}}{}}},"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def outsider(name: str, role: str, former: str | None = None) -> str:
    more = "" if former is None else f", formerEmail: {former}@else.example"
    return organization(people=EVA.format(name, f"{role}-administrator", more))


def renamed(text: str, name: str, former: str) -> str:
    return text.replace(f"{{name: {former}}}", f"{{name: {name}, formerName: {former}}}")


def test_what_somebody_once_held_is_known_under_another_address_and_another_name(place: Place) -> None:
    place.write(acme=outsider("eva", "read-only"))
    place.apply()
    place.write(acme=outsider("eva", "full"))
    place.apply()
    place.write(acme=outsider("eve", "full", "eva"))
    place.apply()
    place.write(omega=renamed(outsider("eve", "read-only"), "omega", "acme"))
    assert "demotion-to-a-new-role" not in rules(place.planned().findings)
    place.write(omega=renamed(outsider("new", "read-only", "eve"), "omega", "acme"))
    assert "demotion-to-a-new-role" not in rules(place.planned().findings)


def test_who_came_as_full_administrator_is_told_apart_across_a_new_address(place: Place) -> None:
    place.write(acme=outsider("eva", "full"))
    place.apply()
    place.write(acme=outsider("eve", "read-only", "eva"))
    assert "demotion-to-a-new-role" in rules(place.planned().findings)


def test_an_approver_is_on_record_under_the_name_of_that_time(place: Place) -> None:
    place.write(acme=organization())
    place.apply()
    place.write(omega=renamed(organization(), "omega", "acme"), grant=grant(organization="omega"))
    assert [it.changed for it in (place.planned(),)] == [("omega",)]
    place.apply()
    place.write(omega=organization("omega"), grant=grant(organization="omega"))
    assert place.planned().summary.changes == 0


def test_a_renamed_partner_is_no_new_partner(place: Place) -> None:
    northwind = organization("northwind").replace("type: customer", "type: partner")
    managed = organization(spec="  managedBy: northwind\n")
    place.write(acme=managed, northwind=northwind)
    place.apply()
    southwind = renamed(northwind, "southwind", "northwind")
    place.write(acme=managed.replace("northwind", "southwind"), southwind=southwind)
    made = place.planned()
    assert rules(made.findings).isdisjoint({"new-partner", "former-name-referred-to"})
    assert (made.former, made.serials) == ({"southwind": "northwind"}, {"acme": 1, "northwind": 1, "southwind": 0})
    assert place.apply_saved(place.saved()).counts.update == 2
    other = northwind.replace("northwind", "eastwind")
    place.write(acme=managed.replace("northwind", "eastwind"), southwind=southwind, eastwind=other)
    assert "new-partner" in rules(place.planned().findings)


def test_the_actor_is_known_by_the_name_under_which_the_state_knows_the_organization(place: Place) -> None:
    place.write(acme=organization())
    place.apply()
    place.request = replace(place.request, actor="alice@acme.example")
    place.write(omega=renamed(organization(people="{email: bo@acme.example, roles: [device-administrator]},"), "omega", "acme"))
    assert place.planned().refusals == ()
    place.request = replace(place.request, actor="bo@acme.example")
    assert [refusal.rule for refusal in place.planned().refusals] == ["actor-cannot-assign"]
