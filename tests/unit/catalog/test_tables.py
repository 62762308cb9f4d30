"""What articles say about roles in words, found again in the permission tables; each test names the statement it is about."""

import pytest

from reconciler.catalog import Level, load
from reconciler.catalog.matrix import Matrix

MATRICES = load().matrices.by_id


def levels(matrix: Matrix, role: str) -> dict[str, Level]:
    """Return what *role* gives, by permission."""
    return {row.id: row.cells[role].level for row in matrix.rows.values()}


def those_with(matrix: Matrix, permission: str) -> set[str]:
    """Return the roles that give anything of *permission*."""
    return {role for role, cell in matrix.rows[permission].cells.items() if cell.level is not Level.NONE}


def test_r021_an_external_full_administrator_lacks_two_things() -> None:
    external = levels(MATRICES["external-roles"], "full-administrator")
    assert {permission for permission, level in external.items() if level is not Level.FULL} == {"add-external-administrators"}
    contact_center = MATRICES["contact-center"].rows["full-administrator"].cells
    here, elsewhere = (dict(contact_center[column].abilities) for column in ("customer-organization", "any-other-organization"))
    assert {ability for ability, level in here.items() if elsewhere[ability] is not level} == {"externals"}


def test_r023_external_read_only_administrators_change_nothing() -> None:
    assert set(levels(MATRICES["external-roles"], "read-only-administrator").values()) == {Level.READ, Level.NONE}


def test_r063_running_meetings_open_with_advanced_troubleshooting_alone() -> None:
    for permission in ("live-meetings", "join-in-progress-meetings"):
        assert those_with(MATRICES["organization-roles"], permission) == {"advanced-troubleshooting-access"}


def test_r079_four_rows_of_the_site_table_hold_on_own_sites_only() -> None:
    own = {row.id for row in MATRICES["site-roles"].rows.values() if row.own_sites_only}
    assert own == {"licenses", "assign-roles", "site-configuration", "recordings-and-transcripts"}


def test_r136_no_table_speaks_of_trials() -> None:
    assert [permission for permission, label in load().matrices.labels.items() if "trial" in f"{permission} {label}".lower()] == []


def test_c03_content_is_the_compliance_officers_in_a_customer_organization() -> None:
    for permission in ("user-generated-content", "legal-hold"):
        assert those_with(MATRICES["organization-roles"], permission) == {"compliance-officer"}
        assert those_with(MATRICES["partner-management"], permission) == {"compliance-officer", "full-administrator"}


EVERYTHING = set(MATRICES["partner-management"].rows)


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        pytest.param("full-administrator", EVERYTHING, id="r104"),
        pytest.param("read-only-administrator", set(), id="r105"),
        pytest.param("support-administrator", {"analytics-and-reports", "troubleshooting"}, id="r106"),
        pytest.param("user-and-device-administrator", {"users-and-licenses", "device-management", "licenses-and-upgrades"}, id="r107"),
        pytest.param("device-administrator", {"device-management"}, id="r108"),
        pytest.param("compliance-officer", {"user-generated-content", "legal-hold"}, id="r109"),
        pytest.param("advanced-troubleshooting-access", {"join-in-progress-meetings"}, id="r110"),
    ],
)
def test_a_role_of_partner_management_gives_what_its_text_says(role: str, changes: set[str]) -> None:
    found = levels(MATRICES["partner-management"], role)
    assert {permission for permission, level in found.items() if level is Level.FULL} == changes
    reads = role == "read-only-administrator"
    assert {level for permission, level in found.items() if permission not in changes} <= {Level.NONE, *([Level.READ] if reads else [])}
