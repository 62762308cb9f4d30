"""People are told apart by a key that forgives spelling; findings and changes by addresses."""

import pytest

from reconciler.model.findings import Finding, Position, Range, Severity, in_file_order
from reconciler.model.identifiers import administrator_address, grant_address, identity, organization_address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice@Acme.Example", "alice@acme.example"),
        ("andre\u0301@acme.example", "andr\u00e9@acme.example"),
        ("stra\u00dfe@acme.example", "STRASSE@acme.example"),
        ("\uff41lice\uff20acme.example", "alice@acme.example"),
        ("\u212aate@acme.example", "kate@acme.example"),
    ],
)
def test_two_spellings_of_one_person_have_one_key(one: str, other: str) -> None:
    assert identity(one) == identity(other)


@pytest.mark.parametrize("other", ["\u0430lice@acme.example", "alice+tag@acme.example", "alice@acme.example.", "alice@acne.example"])
def test_two_people_have_two_keys(other: str) -> None:
    assert identity("alice@acme.example") != identity(other)


def test_a_key_is_its_own_key() -> None:
    for email in ("Alice@Acme.Example", "stra\u00dfe@acme.example", "\u0130@acme.example"):
        assert identity(identity(email)) == identity(email)


def test_addresses_name_organization_type_and_name() -> None:
    assert organization_address("acme") == "acme/organization"
    assert administrator_address("acme", "a@b.example") == "acme/administrator/a@b.example"
    assert grant_address("acme", "inc-1") == "acme/elevation-grant/inc-1"


def test_findings_come_by_place_then_weight_and_each_once() -> None:
    def finding(rule: str, severity: Severity, line: int | None, filename: str = "b.yaml") -> Finding:
        place = None if line is None else Range(filename=filename, start=Position(line=line, column=1), end=Position(line=line, column=2))
        return Finding(rule=rule, severity=severity, message=rule, range=place)

    nowhere = finding("nowhere", Severity.ERROR, None)
    warning, error = finding("a", Severity.WARNING, 2), finding("z", Severity.ERROR, 2)
    first, other = finding("first", Severity.INFO, 1), finding("other", Severity.INFO, 9, "a.yaml")
    assert in_file_order([nowhere, warning, error, first, other, warning]) == [other, first, error, warning, nowhere]
