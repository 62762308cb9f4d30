"""Eva, Tom and Ines: one customer in restricted mode, seen row by row."""

import pytest

from reconciler.access import Kind, Reason
from reconciler.catalog import Confidence, Evidence, Level
from tests.unit.access.world import ACME, EVA, INES, NORTHWIND, TOM, at, of

TAKEN = {
    "users-manual-add-or-modify": "none",
    "users-claim-users": "none",
    "users-auto-assign-licenses": "none",
    "users-directory-synchronization": "read",
    "users-user-details": "read",
    "users-reset-package": "none",
    "users-edit-services": "none",
    "users-view-services-status": "none",
    "users-primary-work-number": "read",
    "users-manage-users-button": "none",
}


def cells(reasons: tuple[Reason, ...]) -> list[tuple[str | None, str, Evidence, Confidence | None]]:
    return [(one.role, one.access.value, one.cell.evidence, one.cell.confidence) for one in reasons if one.cell is not None]


def test_eva_has_users_and_licenses_except_what_restricted_mode_takes() -> None:
    right = of(EVA).permissions["users-and-licenses"]
    assert right.access is Level.CONDITIONAL
    assert right.at_most is None
    assert cells(right.because) == [
        ("support-administrator", "none", Evidence.INFERRED, Confidence.HIGH),
        ("user-and-device-administrator", "full", Evidence.INFERRED, Confidence.HIGH),
    ]
    assert {one.settings[0]: one.access.value for one in right.because if one.kind is Kind.RESTRICTION} == TAKEN


def test_nothing_of_the_list_touches_evas_devices() -> None:
    right = of(EVA).permissions["device-management"]
    assert right.access is Level.FULL
    assert cells(right.because)[1] == ("user-and-device-administrator", "full", Evidence.INFERRED, Confidence.HIGH)
    assert {one.kind for one in right.because} == {Kind.CELL}


def test_a_cap_changes_nothing_where_eva_has_nothing() -> None:
    right = of(EVA).permissions["organization-settings"]
    assert right.access is Level.NONE
    assert [evidence for _, _, evidence, _ in cells(right.because)] == [Evidence.REFERENCE, Evidence.REFERENCE]
    assert {one.kind for one in right.because} == {Kind.CELL}


def test_what_is_unknown_of_eva_stays_unknown() -> None:
    right = of(EVA).permissions["view-support-cases"]
    assert (right.access, right.at_least) == (Level.UNKNOWN, None)
    assert [access for _, access, _, _ in cells(right.because)] == ["unknown", "unknown"]


def test_eva_has_no_permission_of_webex_calling() -> None:
    assert not [permission for permission in of(EVA).permissions if "calling" in permission]


@pytest.mark.parametrize(("hour", "minute", "expected"), [(9, 50, "read"), (10, 0, "full"), (10, 30, "full"), (11, 0, "read")])
def test_tom_manages_devices_while_he_is_elevated(hour: int, minute: int, expected: str) -> None:
    assert of(TOM, ACME, partner=NORTHWIND, now=at(hour, minute)).permissions["device-management"].access.value == expected


def test_outside_the_elevation_the_temporary_cell_is_read_by_inference() -> None:
    (reason,) = of(TOM, ACME, partner=NORTHWIND, now=at(9, 50)).permissions["device-management"].because
    assert (reason.role, reason.held_in, reason.access) == ("help-desk-administrator-advanced", "northwind", Level.READ)
    assert reason.cell is not None
    assert (reason.cell.level, reason.cell.evidence) == (Level.TEMPORARY, Evidence.ARTICLE)
    assert reason.inferred


def test_inside_the_elevation_the_cap_is_flagged_and_the_grant_named() -> None:
    right = of(TOM, ACME, partner=NORTHWIND).permissions["device-management"]
    assert [(one.kind, one.role) for one in right.because] == [
        (Kind.CELL, "temporary-full-administrator"),
        (Kind.CAP_UNKNOWN, None),
        (Kind.CELL, "help-desk-administrator-advanced"),
    ]
    elevations = [one.elevation for one in right.because if one.elevation is not None]
    assert [(one.grant, one.until) for one in elevations] == [("inc-4711", at(11))] * 2


@pytest.mark.parametrize("hour", [9, 10, 11])
def test_toms_user_generated_content_is_full_and_flagged(hour: int) -> None:
    right = of(TOM, ACME, partner=NORTHWIND, now=at(hour)).permissions["user-generated-content"]
    assert right.access is Level.FULL
    cell = right.because[-1].cell
    assert cell is not None
    assert (cell.evidence, cell.note) == (Evidence.REFERENCE, "never the basis of a grant")


def test_ines_manages_users_and_the_cap_is_unknown() -> None:
    right = of(INES).permissions["user-management"]
    assert right.access is Level.FULL
    assert cells(right.because) == [("full-administrator", "full", Evidence.REFERENCE, None)]
    assert [one.kind for one in right.because] == [Kind.CELL, Kind.CAP_UNKNOWN]
    assert set(right.because[1].settings) == set(TAKEN) - {"users-view-services-status"}


def test_ines_adds_no_external_administrators() -> None:
    right = of(INES).permissions["add-external-administrators"]
    assert right.access is Level.NONE
    assert cells(right.because) == [("full-administrator", "none", Evidence.ARTICLE, None)]
