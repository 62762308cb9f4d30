import copy
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from reconciler import catalog
from reconciler.manifests import schema
from reconciler.manifests.schemas import SCHEMA_OF_KIND, schema_names, schema_text
from reconciler.model.findings import Finding, Path

MANIFEST_SCHEMAS = sorted(SCHEMA_OF_KIND.values())


def an_organization(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "reconciler/v1", "kind": "Organization", "metadata": {"name": "acme"}, "spec": {"type": "customer", **spec}}


def a_person(**fields: Any) -> dict[str, Any]:
    return an_organization(administrators=[{"email": "a@acme.example", "roles": ["full-administrator"], **fields}])


def a_grant(**spec: Any) -> dict[str, Any]:
    fields = {
        "organization": "acme",
        "agent": {"email": "t@cisco.example", "type": "cisco-tac"},
        "reason": "r",
        "requestedAt": "2026-11-20T09:00:00Z",
    }
    return {"apiVersion": "reconciler/v1", "kind": "ElevationGrant", "metadata": {"name": "inc-1"}, "spec": {**fields, **spec}}


def short(findings: list[Finding]) -> list[tuple[str, str | None, Path]]:
    return [(finding.rule, finding.hint, finding.path) for finding in findings]


PERSON: Path = ("spec", "administrators", 0)

BAD: dict[str, tuple[Any, list[tuple[str, str | None, Path]]]] = {
    "no mapping": ([], [("schema-type", None, ())]),
    "no kind": ({"apiVersion": "reconciler/v1"}, [("schema-required", None, ())]),
    "kind in lower case": ({"apiVersion": "reconciler/v1", "kind": "organization"}, [("unknown-kind", "Organization", ("kind",))]),
    "kind is a list": ({"apiVersion": "reconciler/v1", "kind": []}, [("schema-type", None, ("kind",))]),
    "older version": (an_organization() | {"apiVersion": "v1"}, [("unknown-api-version", "reconciler/v1", ("apiVersion",))]),
    "misspelled field": (an_organization(adminstrators=[]), [("schema-unknown-field", "administrators", ("spec", "adminstrators"))]),
    "misspelled role": (a_person(roles=["full-admin"]), [("schema-enum", "full-administrator", (*PERSON, "roles", 0))]),
    "site role under roles": (a_person(roles=["site-administrator"]), [("schema-enum", None, (*PERSON, "roles", 0))]),
    "role twice": (a_person(roles=["compliance-officer"] * 2), [("schema-unique", None, (*PERSON, "roles", 1))]),
    "number for a text": (a_person(name=5), [("schema-type", '"5"', (*PERSON, "name"))]),
    "text for a switch": (
        an_organization(support={"ciscoReadOnlyAccess": "no"}),
        [("schema-type", "false", ("spec", "support", "ciscoReadOnlyAccess"))],
    ),
    "e-mail without at": (a_person(email="alice"), [("schema-pattern", None, (*PERSON, "email"))]),
    "empty e-mail": (a_person(email=""), [("schema-length", None, (*PERSON, "email"))]),
    "two homes": (a_person(home={"organization": "north", "type": "business"}), [("schema-length", None, (*PERSON, "home"))]),
    "no home": (a_person(home={}), [("schema-length", None, (*PERSON, "home"))]),
    "capital site": (
        an_organization(sites={"ACME.webex.com": {"managedIn": "control-hub"}}),
        [("schema-pattern", "acme.webex.com", ("spec", "sites", "ACME.webex.com"))],
    ),
    "site without managedIn": (an_organization(sites={"a.webex.com": {}}), [("schema-required", None, ("spec", "sites", "a.webex.com"))]),
    "list field with one text": (a_person(roles="full-administrator"), [("schema-type", "[full-administrator]", (*PERSON, "roles"))]),
    "number for a time": (a_person(expiresAt=1795169674), [("schema-type", None, (*PERSON, "expiresAt"))]),
    "restricted mode of a person": (
        a_person(restrictedMode={"enabled": True}),
        [("schema-unknown-field", "restrictedMode stands under spec, for the whole organization", (*PERSON, "restrictedMode"))],
    ),
    "two site roles on one site": (
        a_person(sites={"a.webex.com": {"role": ["site-administrator", "site-user-administrator"]}}),
        [("schema-type", None, (*PERSON, "sites", "a.webex.com", "role"))],
    ),
    "labels under spec": (
        an_organization(labels={"a": "b"}),
        [("schema-unknown-field", "labels stand under metadata", ("spec", "labels"))],
    ),
    "label number": (
        an_organization() | {"metadata": {"name": "acme", "labels": {"tier": 1}}},
        [("schema-type", '"1"', ("metadata", "labels", "tier"))],
    ),
    "capital name": (an_organization() | {"metadata": {"name": "Acme"}}, [("schema-pattern", "acme", ("metadata", "name"))]),
    "name with a final newline": (an_organization() | {"metadata": {"name": "acme\n"}}, [("schema-pattern", None, ("metadata", "name"))]),
    "protect": (a_person(protect="yes"), [("schema-type", "true", (*PERSON, "protect"))]),
    "former name": (
        an_organization() | {"metadata": {"name": "acme", "formerName": "Old"}},
        [("schema-pattern", "old", ("metadata", "formerName"))],
    ),
    "restricted mode without partner": (
        an_organization(restrictedMode={"enabled": True}),
        [("schema-conflict", None, ("spec", "restrictedMode"))],
    ),
    "partner with a partner": (an_organization(type="partner", managedBy="north"), [("schema-conflict", None, ("spec", "managedBy"))]),
    "customers in a customer": (a_person(customers=["other"]), [("schema-conflict", None, (*PERSON, "customers"))]),
    "approval without end": (a_grant(approvedBy="a@b", approvedAt="t"), [("schema-required", None, ("spec",))]),
    "an end alone": (a_grant(expiresAt="t"), [("schema-required", None, ("spec",))] * 2),
    "denied without instant": (a_grant(deniedBy="a@b"), [("schema-required", None, ("spec",))]),
    "revoked without approval": (a_grant(revokedAt="t"), [("schema-required", None, ("spec",))]),
    "a role that begins like one": (
        a_person(roles=["user-administrator"]),
        [("schema-enum", "user-and-device-administrator", (*PERSON, "roles", 0))],
    ),
    "unknown agent": (a_grant(agent={"email": "a@b.example", "type": "cisco"}), [("schema-enum", "cisco-tac", ("spec", "agent", "type"))]),
    "no reason": (a_grant(reason=""), [("schema-length", None, ("spec", "reason"))]),
    "denied and revoked": (a_grant(deniedBy="a@b", deniedAt="t", revokedAt="t"), [("schema-required", None, ("spec",))]),
    "approved and denied": (
        a_grant(approvedBy="a@b", approvedAt="t", expiresAt="t", deniedBy="a@b", deniedAt="t"),
        [("schema-conflict", None, ("spec", "deniedBy"))],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_gives_its_own_findings(case: str) -> None:
    document, expected = BAD[case]
    assert short(schema.check(document)) == expected


@pytest.mark.parametrize(
    "document", [an_organization(), a_person(), a_grant(), a_person(roles=[], sites={"a.webex.com": {"role": "site-administrator"}})]
)
def test_valid_documents_have_no_findings(document: Any) -> None:
    assert schema.check(document) == []


APPROVAL = {"approvedBy": "a@b", "approvedAt": "t", "expiresAt": "t"}


@pytest.mark.parametrize("given", [given for count in range(4) for given in itertools.combinations(APPROVAL, count)], ids=" and ".join)
def test_the_fields_of_an_approval_stand_together_or_not_at_all(given: tuple[str, ...]) -> None:
    found = {finding.rule for finding in schema.check(a_grant(**{field: APPROVAL[field] for field in given}))}
    assert found == (set() if len(given) in {0, 3} else {"schema-required"})


@pytest.mark.parametrize("field", ["deniedBy", "deniedAt"])
def test_a_denial_has_both_of_its_fields(field: str) -> None:
    denial = {"deniedBy": "a@b", "deniedAt": "t"}
    assert schema.check(a_grant(**denial)) == []
    assert {finding.rule for finding in schema.check(a_grant(**{field: denial[field]}))} == {"schema-required"}


def test_the_kinds_of_agent_are_those_of_the_catalog() -> None:
    content = json.loads(schema_text(SCHEMA_OF_KIND["ElevationGrant"]))
    assert set(content["properties"]["spec"]["properties"]["agent"]["properties"]["type"]["enum"]) == catalog.load().agents.keys()


def test_a_role_that_stands_elsewhere_is_told_where() -> None:
    (finding,) = schema.check(a_person(roles=["meeting-content-manager"]))
    assert (finding.message, "meetingContentManager: true" in finding.detail) == (
        "meeting-content-manager does not stand under roles",
        True,
    )


@pytest.mark.parametrize("kind", ["customer", "partner"])
def test_restricted_mode_without_a_partner_is_told_why(kind: str) -> None:
    (finding,) = schema.check(an_organization(type=kind, restrictedMode={}))
    assert (finding.message, finding.detail) == (
        "restrictedMode is given without managedBy",
        "restricted administrator mode exists only for a customer organization that a partner manages",
    )


def test_allowed_values_stand_in_the_detail() -> None:
    (finding,) = schema.check(an_organization(services=["mail"]))
    assert (finding.message, finding.detail) == ("unknown service mail", "one of: calling, contact-center, events")


def test_repeated_items_of_mixed_types_are_found_in_linear_time() -> None:
    assert [finding.rule for finding in schema.check(an_organization(locations=["x", 1, "x", 1]))] == ["schema-type"] * 2 + [
        "schema-unique"
    ] * 2


def test_a_value_that_may_be_of_two_types_is_told_both() -> None:
    (finding,) = schema.check_as("configuration.v1", {"state": 5})
    assert finding.message == "state is an integer 5, not text or a mapping"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


@pytest.mark.parametrize("name", MANIFEST_SCHEMAS)
def test_a_schema_is_valid_and_its_examples_pass(name: str) -> None:
    content = json.loads(schema_text(name))
    jsonschema.Draft7Validator.check_schema(content)
    for node in nodes(content):
        for example in node.get("examples", ()) if "type" in node and "not" not in node else ():
            inner = copy.deepcopy(node) | {"definitions": content.get("definitions", {})}
            assert list(jsonschema.Draft7Validator(inner).iter_errors(example)) == [], (node["title"], example)


@pytest.mark.parametrize("name", MANIFEST_SCHEMAS)
def test_every_property_is_described(name: str) -> None:
    for node in nodes(json.loads(schema_text(name))):
        if node.get("type") == "object":
            assert "additionalProperties" in node
            for field, inner in node.get("properties", {}).items():
                assert "$ref" in inner or {"title", "description", "examples"} <= inner.keys(), field


ANYTHING = "[\\s\\S]"  # means the same in every engine; alone, the two halves do not
END = f"(?!{ANYTHING})"


@pytest.mark.parametrize("name", [*MANIFEST_SCHEMAS, "configuration.v1"])
def test_patterns_are_portable_and_match_no_trailing_newline(name: str) -> None:
    patterns = [node for node in nodes(json.loads(schema_text(name))) if isinstance(node.get("pattern"), str)]
    assert patterns
    for node in patterns:
        pattern = node["pattern"]
        assert pattern.startswith("^")
        assert re.search(r"\\[dDwWsSbBpPAZz]|[$]|\(\?<|[*+]\)[*+]", pattern.replace(ANYTHING, "")) is None
        for example in node["examples"]:
            assert re.search(pattern, example)
            assert not pattern.endswith(END) or "@" in example or not re.search(pattern, example + "\n")
        assert pattern.endswith(END) or node["title"] == "Reason"  # any text that is not blank: it has no end to hold on to


@pytest.mark.parametrize("keyword", ["format", "multipleOf", "patternProperties", "contentEncoding"])
@pytest.mark.parametrize("name", [*MANIFEST_SCHEMAS, "configuration.v1"])
def test_nothing_rests_on_a_keyword_in_which_engines_differ(name: str, keyword: str) -> None:
    assert [node for node in nodes(json.loads(schema_text(name))) if keyword in node and "type" in node] == []


def test_schemas_are_listed_and_unknown_names_are_refused() -> None:
    assert set(MANIFEST_SCHEMAS) <= set(schema_names())
    with pytest.raises(KeyError):
        schema_text("../organization.v1")
