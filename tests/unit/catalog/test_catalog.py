"""The data files say what they should, and a broken one is noticed."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import catalog
from reconciler.catalog import Evidence, Holder, Level, Permitted
from reconciler.catalog.catalog import _check_columns
from reconciler.catalog.matrix import Cell, Reader
from reconciler.catalog.reading import data
from reconciler.catalog.roles import Roles
from reconciler.catalog.settings import read_settings
from reconciler.model.changes import Risk
from reconciler.model.resources import OrganizationType

ROOT = Path(__file__).parents[3]
CATALOG = catalog.load()
MATRICES = CATALOG.matrices.by_id
CELLS = [
    (f"{matrix.id}/{row.id}/{column}", cell)
    for matrix in MATRICES.values()
    for row in matrix.rows.values()
    for column, cell in row.cells.items()
]


def schema() -> Any:
    return json.loads((ROOT / "schemas" / "organization.v1.schema.json").read_text(encoding="utf-8"))


def an_enum(node: Any, *path: str) -> list[str]:
    for key in path:
        node = node[key]
    enum: list[str] = node["enum"]
    return enum


def test_there_are_394_cells_of_known_evidence() -> None:
    assert len(CELLS) == 394
    assert Counter(cell.evidence.value for _, cell in CELLS) == {"article": 99, "reference": 205, "inferred": 81, "unknown": 9}


def test_inferred_cells_have_a_confidence_and_others_none() -> None:
    assert Counter(cell.confidence for _, cell in CELLS if cell.evidence is Evidence.INFERRED) == {"high": 39, "medium": 41, "low": 1}
    assert all(cell.confidence is None for _, cell in CELLS if cell.evidence is not Evidence.INFERRED)


@pytest.mark.parametrize(
    ("matrix", "counts"),
    [
        ("organization-roles", (17, 10, 35, 68, 6)),
        ("site-roles", (6, 8, 0, 13, 3)),
        ("external-roles", (12, 23, 13, 0, 0)),
        ("contact-center", (4, 11, 1, 0, 0)),
        ("partner-management", (14, 11, 87, 0, 0)),
        ("customer-management", (21, 36, 69, 0, 0)),
    ],
)
def test_every_matrix_has_its_rows_and_evidence(matrix: str, counts: tuple[int, ...]) -> None:
    found = Counter(cell.evidence for name, cell in CELLS if name.startswith(f"{matrix}/"))
    assert (len(MATRICES[matrix].rows), *(found[evidence] for evidence in Evidence)) == counts


def test_every_cell_has_a_source_unless_it_is_unknown() -> None:
    assert [name for name, cell in CELLS if bool(cell.sources) == (cell.evidence is Evidence.UNKNOWN)] == []
    assert [name for name, cell in CELLS if (cell.level is Level.UNKNOWN) != (cell.evidence is Evidence.UNKNOWN)] == []


def test_a_cell_of_an_article_names_an_article_and_a_cell_of_a_reference_a_reference() -> None:
    ranks = {name: {CATALOG.sources[source].rank for source in cell.sources} for name, cell in CELLS}
    assert [name for name, cell in CELLS if cell.evidence is Evidence.ARTICLE and "article" not in ranks[name]] == []
    assert [name for name, cell in CELLS if cell.evidence is Evidence.REFERENCE and "reference" not in ranks[name]] == []


def test_conditional_and_temporary_cells_say_under_which_condition() -> None:
    assert [name for name, cell in CELLS if cell.level in {Level.CONDITIONAL, Level.TEMPORARY} and not cell.note] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("organization-roles/users-and-licenses/user-and-device-administrator", "full inferred high fs78p5-copy 2y8qmt-en"),
        ("organization-roles/user-generated-content/full-administrator", "none inferred medium fs78p5-copy 2y8qmt-en"),
        ("organization-roles/view-support-cases/full-administrator", "full inferred low fs78p5"),
        ("organization-roles/view-support-cases/compliance-officer", "unknown unknown"),
        ("site-roles/assign-roles/site-user-administrator", "read inferred medium fs78p5"),
        ("site-roles/licenses/meeting-content-manager", "unknown unknown"),
        ("external-roles/troubleshooting/provisioning-administrator", "none article fs78p5"),
        ("external-roles/add-external-administrators/full-administrator", "none article nk1ktdo fs78p5"),
        ("contact-center/contact-center-service-administrator/partner-organization", "not-applicable article fs78p5"),
        ("contact-center/contact-center-service-administrator/customer-organization", "conditional reference ne93ji"),
        ("partner-management/admin-actions-audit-log/read-only-administrator", "read article 2y8qmt"),
        ("customer-management/users-and-licenses/partner-administrator", "none article 2y8qmt"),
        ("customer-management/organization-settings/help-desk-administrator-advanced", "temporary article 2y8qmt"),
        ("customer-management/user-generated-content/help-desk-administrator-basic", "full reference 2y8qmt-en"),
    ],
)
def test_a_cell_says(name: str, expected: str) -> None:
    cell = dict(CELLS)[name]
    words = [cell.level, cell.evidence, *([cell.confidence] if cell.confidence else []), *cell.sources]
    assert " ".join(words) == expected


def test_what_nobody_established_about_contact_center_is_kept_as_unknown() -> None:
    def cell(column: str) -> Cell:
        return MATRICES["contact-center"].rows["contact-center-service-administrator"].cells[column]

    assert cell("any-other-organization").abilities["users"] is Level.UNKNOWN
    assert cell("customer-organization").abilities["users"] is Level.NONE
    assert [variant.level for variant in cell("customer-organization").variants] == [Level.FULL]


def test_readings_that_are_not_followed_are_kept_as_variants() -> None:
    with_variants = {name for name, cell in CELLS if cell.variants}
    assert with_variants == {
        "external-roles/troubleshooting/provisioning-administrator",
        "external-roles/add-and-delete-sites/full-administrator",
        "contact-center/full-administrator/partner-organization",
        "contact-center/full-administrator/any-other-organization",
        "contact-center/contact-center-service-administrator/customer-organization",
        "contact-center/contact-center-service-administrator/any-other-organization",
    }


def test_the_schema_offers_the_roles_and_site_roles_that_can_be_declared() -> None:
    person = schema()["definitions"]["administrator"]["properties"]
    declared = [role for role in CATALOG.roles.values() if role.declared == "roles"]
    assert an_enum(person, "roles", "items") == [role.id for role in declared]
    assert person["roles"]["items"]["enumDescriptions"] == [role.label for role in declared]
    site_roles = [role.id for role in CATALOG.roles.values() if role.form == "site-role"]
    assert an_enum(person, "sites", "additionalProperties", "properties", "role") == site_roles


def test_the_schema_offers_the_restricted_settings_and_the_kinds_of_account() -> None:
    spec = schema()["properties"]["spec"]["properties"]
    items = spec["restrictedMode"]["properties"]["exempt"]["items"]
    assert items["enum"] == list(CATALOG.restricted_settings)
    assert items["enumDescriptions"] == [setting.label for setting in CATALOG.restricted_settings.values()]
    home = schema()["definitions"]["administrator"]["properties"]["home"]
    assert set(an_enum(home, "properties", "type")) == set(CATALOG.homes)


def test_there_are_22_roles_of_which_20_can_be_declared() -> None:
    assert len(CATALOG.roles) == 22
    assert [role.id for role in CATALOG.roles.values() if role.declared is None] == [
        "provisioning-administrator",
        "temporary-full-administrator",
    ]


def test_roles_and_matrices_agree_about_the_columns() -> None:
    for role in CATALOG.roles.values():
        in_columns = {matrix.id for matrix in MATRICES.values() if role.id in (matrix.rows if matrix.homes else matrix.columns)}
        assert set(role.matrices) == in_columns, role.id


def holders(of: Holder) -> list[str]:
    return [role.id for role in CATALOG.roles.values() if role.holders[of] is Permitted.ALLOWED and role.declared]


def test_people_of_the_managing_partner_hold_full_administrator_and_nothing_else() -> None:
    assert holders(Holder.MANAGING_PARTNER) == ["full-administrator"]


def test_people_of_other_organizations_hold_what_the_dialog_offers() -> None:
    expected = ["full-administrator", "read-only-administrator", "site-administrator", "site-user-administrator"]
    assert holders(Holder.OTHER_ORGANIZATION) == [*expected, "site-read-only-administrator", "contact-center-service-administrator"]
    assert CATALOG.roles["meeting-content-manager"].holders[Holder.OTHER_ORGANIZATION] is Permitted.UNKNOWN


def test_scopes_belong_to_one_role_each() -> None:
    takes = {role.id: dict(role.takes) for role in CATALOG.roles.values() if role.takes}
    assert takes == {"location-administrator": {"locations": True}, "partner-administrator": {"customers": False}}


def test_a_limit_is_about_a_scope_that_the_role_takes() -> None:
    limits = {(role.id, field): limit for role in CATALOG.roles.values() for field, limit in role.limits.items()}
    assert {place: (limit.most, limit.sources) for place, limit in limits.items()} == {
        ("location-administrator", "locations"): (5, ("760wbi",)),
    }


def test_what_only_a_reference_parts_is_parted_in_organizations_with_that_service() -> None:
    parted = {
        (role.id, exclusion.role): exclusion.service
        for role in CATALOG.roles.values()
        for exclusion in role.excludes
        if exclusion.evidence is Evidence.REFERENCE
    }
    one_of_three = ("full-administrator", "read-only-administrator", "contact-center-service-administrator")
    assert parted == {(one, other): "contact-center" for one in one_of_three for other in one_of_three if one != other}


def test_partner_roles_are_held_in_partner_organizations_alone() -> None:
    only_partner = {role.id for role in CATALOG.roles.values() if role.organizations == {OrganizationType.PARTNER}}
    assert only_partner == set(MATRICES["customer-management"].columns)


def test_a_role_that_is_not_known_has_the_highest_risk() -> None:
    assert CATALOG.risk_of("no-such-role") is CATALOG.risk_of("full-administrator") is Risk.HIGH
    assert CATALOG.risk_of("read-only-administrator") is Risk.LOW


def test_a_role_whose_columns_are_elsewhere_is_an_error() -> None:
    with pytest.raises(ValueError, match="role device-administrator: has columns in organization-roles, not in none"):
        _check_columns(replace(CATALOG.roles["device-administrator"], matrices=()), ("organization-roles",))


def test_exclusions_are_found_from_both_sides() -> None:
    for one, other in (("location-administrator", "device-administrator"), ("device-administrator", "location-administrator")):
        found = CATALOG.exclusion(one, other)
        assert found is not None
        assert found.evidence is Evidence.ARTICLE
    one_of_three = CATALOG.exclusion("read-only-administrator", "contact-center-service-administrator")
    assert one_of_three is not None
    assert one_of_three.evidence is Evidence.REFERENCE
    assert CATALOG.exclusion("support-administrator", "device-administrator") is None


def test_every_restricted_setting_leaves_what_its_effect_says() -> None:
    settings = CATALOG.restricted_settings
    assert Counter(setting.capped_access.value for setting in settings.values()) == {"none": 11, "read": 10}
    unmapped = [setting.id for setting in settings.values() if not any(cap.active for cap in setting.caps)]
    assert {settings[setting].view for setting in unmapped} == {"calling", "services"}
    assert len(unmapped) == 6
    inactive = {cap.matrix for setting in settings.values() for cap in setting.caps if not cap.active}
    assert inactive == {"external-roles"}


def test_sections_of_a_table_act_on_different_kinds_of_organization() -> None:
    table = MATRICES["customer-management"]
    hub, customers = table.rows_on(OrganizationType.PARTNER), table.rows_on(OrganizationType.CUSTOMER)
    assert (len(hub), len(customers)) == (5, 16)
    assert (*hub, *customers) == tuple(table.rows)
    assert MATRICES["contact-center"].rows_on(OrganizationType.CUSTOMER) == ("contact-center-administration",)


def test_twins_are_found_from_both_sides() -> None:
    assert CATALOG.matrices.twins("users-and-licenses") == ("user-management",)
    assert CATALOG.matrices.twins("site-configuration") == ("add-and-delete-sites", "webex-site-management")
    assert CATALOG.matrices.twins("legal-hold") == ()


def test_every_permission_has_a_label_and_a_matrix_or_a_role() -> None:
    labels = CATALOG.matrices.labels
    assert list(labels) == sorted(labels)
    assert [one for one in labels if not CATALOG.matrices.matrices_of(one)] == ["location-administration"]


def a_matrix(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "matrix": "m",
        "title": "M",
        "scope": "organization",
        "organizations": ["customer"],
        "holders": ["internal"],
        "columns": ["device-administrator"],
        "grounds": {"printed": {"evidence": "article", "sources": ["fs78p5"]}},
        "rows": {"p": {"label": "P", "cells": {"device-administrator": "full, printed"}}},
    }
    return facts | changes


def a_row(cells: dict[str, str], **fields: Any) -> dict[str, Any]:
    return {"p": {"label": "P", "cells": cells, **fields}}


def read(facts: dict[str, Any]) -> object:
    return Reader(CATALOG.roles, CATALOG.sources).read(facts)


def test_a_sound_matrix_is_read() -> None:
    assert read(a_matrix())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"columns": ["device-admin"]}, "matrix m: unknown 'device-admin'"),
        ({"holders": ["internals"]}, "matrix m: 'internals' is none of internal, managing-partner, other-organization"),
        ({"column": []}, "matrix m: unknown 'column'"),
        ({"rows": a_row({"device-administrator": "ful, printed"})}, "matrix m, row p: 'ful' is none of full, "),
        ({"rows": a_row({"device-administrator": "full"})}, "matrix m, row p: 'full' names no ground"),
        ({"rows": a_row({"device-administrator": "full, seen"})}, "matrix m, row p: 'full, seen' names no ground"),
        ({"rows": a_row({"device-administrator": "unknown, printed"})}, "unknown is both the access and the evidence, or neither"),
        ({"rows": a_row({})}, "matrix m, row p: the cells are not those of the columns device-administrator"),
        ({"rows": a_row({"device-administrator": "full, printed"}, sektion="x")}, "matrix m, row p: unknown 'sektion'"),
        ({"grounds": {"printed": {"evidence": "article"}}}, "matrix m, ground printed: a source is missing"),
        ({"grounds": {"printed": {"evidence": "article", "sources": ["fs78p6"]}}}, "matrix m, ground printed: unknown 'fs78p6'"),
        ({"grounds": {"printed": {"evidence": "inferred", "sources": ["fs78p5"]}}}, "a confidence goes with inferred cells"),
        ({"homes": {"internal": "here"}, "columns": ["there"]}, "matrix m: unknown 'there'"),
    ],
)
def test_a_broken_matrix_is_an_error_that_names_the_place(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        read(a_matrix(**changes))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"risk": "lowish"}, "role device-administrator: 'lowish' is none of low, medium, high"),
        ({"sources": []}, "role device-administrator: a source is missing"),
        ({"colour": "red"}, "role device-administrator: unknown 'colour'"),
        ({"excludes": [{"role": "x", "evidence": "article", "sources": ["fs78p5"]}]}, "role device-administrator: unknown 'x'"),
        ({"limits": {"locations": {"most": 5}}}, "role device-administrator: unknown 'locations'"),
        ({"no_rights_in": {"services": ["calling"], "evidence": "article"}}, "device-administrator, no_rights_in: a source is missing"),
    ],
)
def test_a_broken_role_is_an_error_that_names_it(changes: dict[str, Any], problem: str) -> None:
    facts = data("roles.yaml")
    facts["roles"]["device-administrator"] |= changes
    with pytest.raises(ValueError, match=re.escape(problem)):
        Roles(facts, CATALOG.sources).read()


def test_a_restricted_setting_whose_effect_and_cap_disagree_is_an_error() -> None:
    facts = data("restricted-settings.yaml")
    facts["settings"]["users-claim-users"]["capped_access"] = "read"
    with pytest.raises(ValueError, match="restricted setting users-claim-users: 'unavailable' does not leave 'read'"):
        read_settings(facts, CATALOG.sources)


def test_no_file_of_the_catalog_has_a_long_line() -> None:
    files = sorted((ROOT / "reconciler" / "catalog" / "data").rglob("*.yaml"))
    assert len(files) == 13
    assert [
        f"{path.name}:{n}" for path in files for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if len(line) > 140
    ] == []
