"""Roles that exist and are never declared are told apart from those that do not exist, and from those that stand elsewhere."""

from dataclasses import replace

import pytest

from reconciler import catalog
from reconciler.manifests.checks import GrantDurations
from reconciler.manifests.judge import judge, judge_values
from reconciler.manifests.streams import Chunk
from reconciler.model.findings import Finding, Severity
from tests.fakes.builders import ALICE, an_organization

ROLES = catalog.load().roles
NEVER = [role.id for role in ROLES.values() if role.declared is None]
HEAD = "apiVersion: reconciler/v1\nkind: Organization\nmetadata: {name: acme}\nspec:\n  type: customer\n  administrators:\n"
POINTER = "/spec/administrators/0/roles/0"


def judged(person: str) -> tuple[Finding, ...]:
    data = f"{HEAD}    - {person}\n".encode()
    return judge(Chunk(filename="a.yaml", data=data, start=0, line=1), GrantDurations()).findings


def rules(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(finding.rule, finding.address, finding.pointer) for finding in findings]


@pytest.mark.parametrize("role", NEVER)
def test_a_role_that_is_never_declared_has_a_finding_of_its_own(role: str) -> None:
    found = judged(f"{{email: Eve@acme.example, roles: [{role}]}}")
    assert rules(found) == [("derived-role", "acme/administrator/eve@acme.example", POINTER)]
    assert (found[0].severity, found[0].message) == (Severity.ERROR, f"eve@acme.example is given {role}, which is never declared")


def test_an_elevation_is_granted_and_a_derived_role_is_left_alone() -> None:
    hints = {role: judged(f"{{email: eve@acme.example, roles: [{role}]}}")[0].hint for role in NEVER}
    assert {ROLES[role].form: hint for role, hint in hints.items()} == {
        "elevation": "remove it, and write an ElevationGrant for eve@acme.example",
        "derived": "remove it, and the whole entry where no other role is left",
    }


@pytest.mark.parametrize("role", ["devices-administrator", "site-administrator", "Provisioning-administrator"])
def test_other_words_are_unknown_to_the_schema(role: str) -> None:
    found = judged(f"{{email: eve@acme.example, roles: [{role}]}}")
    assert rules(found) == [("schema-enum", "acme/administrator/eve@acme.example", POINTER)]


def test_everything_else_is_said_beside_it() -> None:
    found = judged("{emial: eve@acme.example, roles: [provisioning-administrator, 7, helpdesk]}")
    assert sorted(finding.rule for finding in found) == [
        "derived-role",
        "schema-enum",
        "schema-required",
        "schema-type",
        "schema-unknown-field",
    ]
    assert "this administrator is given provisioning-administrator, which is never declared" in {finding.message for finding in found}


@pytest.mark.parametrize("role", NEVER)
def test_what_a_saved_plan_would_make_is_held_to_it_as_well(role: str) -> None:
    forged = an_organization(replace(ALICE, roles=frozenset({role})))
    assert [finding.rule for finding in judge_values(forged, GrantDurations())] == ["derived-role"]
