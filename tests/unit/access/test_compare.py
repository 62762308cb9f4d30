"""Who gains or loses what."""

from dataclasses import replace

import pytest

from reconciler.access import Access, AccessChange, Direction, Kind, change_document, diff_access
from reconciler.catalog import Level
from reconciler.model.resources import Administrator, RestrictedMode
from tests.unit.access.world import (
    ACME,
    ELEVATION,
    EVA,
    INES,
    NORTHWIND,
    OPEN,
    RESTRICTED,
    SITE,
    TOM,
    a_customer,
    alone,
    at,
    of,
    on_site,
    somebody,
    unmanaged,
)

FULL = somebody("a@acme.example", "full-administrator")
DEVICES = somebody("a@acme.example", "device-administrator")
NOBODY = somebody("a@acme.example")


def told(changes: tuple[AccessChange, ...]) -> dict[str, tuple[str, str, str]]:
    return {one.permission: (one.before.access.value, one.after.access.value, one.direction.value) for one in changes}


def between(before: Administrator, after: Administrator, *, mode: RestrictedMode = OPEN) -> tuple[AccessChange, ...]:
    return diff_access(alone(before, mode=mode), alone(after, mode=mode))


@pytest.mark.parametrize("person", [EVA, INES, FULL, on_site("s@acme.example", "site-administrator", switch=True)])
def test_equal_access_shows_nothing(person: Administrator) -> None:
    assert between(person, replace(person, name="Another Name")) == ()
    assert diff_access(None, None) == ()


def test_a_new_role_shows_what_it_gives() -> None:
    assert told(between(NOBODY, DEVICES)) == {
        "device-management": ("none", "full", "gained"),
        "view-support-cases": ("none", "unknown", "became-unknown"),
    }


def test_no_access_before_and_none_after_are_the_same_as_not_being_there() -> None:
    assert told(diff_access(None, alone(DEVICES))) == told(between(NOBODY, DEVICES))
    assert told(diff_access(alone(DEVICES), None)) == told(between(DEVICES, NOBODY))
    assert diff_access(None, alone(NOBODY)) == ()


def test_a_lost_role_names_the_reason_that_is_gone() -> None:
    change = next(one for one in between(FULL, DEVICES) if one.permission == "assign-roles")
    assert (change.before.access, change.after.access, change.direction) == (Level.FULL, Level.NONE, Direction.LOST)
    assert [one.role for one in change.no_longer] == ["full-administrator"]
    assert [one.role for one in change.because] == ["device-administrator"]


def test_an_added_role_is_the_only_reason_given() -> None:
    both = replace(DEVICES, roles=DEVICES.roles | {"support-administrator"})
    change = next(one for one in between(DEVICES, both) if one.permission == "troubleshooting")
    assert [one.role for one in change.because] == ["support-administrator"]
    assert change.no_longer == ()


def test_unknown_to_unknown_is_no_change() -> None:
    assert "view-support-cases" not in told(between(DEVICES, somebody("a@acme.example", "compliance-officer")))
    site, switch = on_site("a@acme.example", None, switch=True), on_site("a@acme.example", "site-user-administrator", switch=True)
    assert "assign-roles" not in told(between(site, switch))


def test_what_becomes_known_is_neither_gained_nor_lost() -> None:
    before = of(FULL, unmanaged(a_customer(mode=OPEN)))
    changes = told(diff_access(before, alone(FULL)))
    assert set(changes.values()) == {("unknown", "full", "became-known"), ("unknown", "none", "became-known")}
    assert told(between(DEVICES, FULL))["view-support-cases"] == ("unknown", "full", "became-known")


def test_switching_restricted_mode_on_takes_from_readers_as_well() -> None:
    for role in ("full-administrator", "read-only-administrator", "user-and-device-administrator"):
        person = somebody("a@acme.example", role)
        changes = diff_access(alone(person), alone(person, mode=RESTRICTED))
        assert changes
        assert {one.direction for one in changes} == {Direction.LOST}
        assert {one.kind for change in changes for one in change.because} == {Kind.RESTRICTION}
        assert {one.direction for one in diff_access(alone(person, mode=RESTRICTED), alone(person))} == {Direction.GAINED}
    assert diff_access(alone(INES), alone(INES, mode=RESTRICTED)) == ()


def test_one_setting_more_or_less_is_a_change_under_the_same_word() -> None:
    exempt = RestrictedMode(exempt=frozenset({"users-claim-users"}))
    other = RestrictedMode(exempt=frozenset({"users-edit-services"}))
    assert told(diff_access(alone(FULL, mode=RESTRICTED), alone(FULL, mode=exempt))) == {
        "users-and-licenses": ("conditional", "conditional", "gained")
    }
    assert told(diff_access(alone(FULL, mode=exempt), alone(FULL, mode=RESTRICTED)))["users-and-licenses"][2] == "lost"
    assert told(diff_access(alone(FULL, mode=exempt), alone(FULL, mode=other)))["users-and-licenses"][2] == "changed"


def test_part_of_reading_is_less_than_part_of_changing() -> None:
    reader = somebody("a@acme.example", "read-only-administrator")
    changes = told(between(FULL, reader, mode=RESTRICTED))
    assert changes["users-and-licenses"] == ("conditional", "conditional", "lost")


def test_a_grant_shows_with_its_end() -> None:
    before, after = of(TOM, a_customer(), partner=NORTHWIND), of(TOM, ACME, partner=NORTHWIND)
    change = next(one for one in diff_access(before, after) if one.permission == "device-management")
    assert (change.before.access, change.after.access) == (Level.READ, Level.FULL)
    assert {one.elevation.until for one in change.because if one.elevation is not None} == {at(11)}
    assert diff_access(of(TOM, a_customer(), partner=NORTHWIND, now=at(12)), of(TOM, ACME, partner=NORTHWIND, now=at(12))) == ()


def test_scoped_access_changes_within_its_scope() -> None:
    changes = between(on_site("a@acme.example", "site-read-only-administrator"), on_site("a@acme.example", "site-administrator"))
    assert {one.scope for one in changes} == {f"site/{SITE}"}
    moved = diff_access(
        alone(on_site("a@acme.example", "site-administrator")), alone(on_site("a@acme.example", "site-administrator", site="b.webex.com"))
    )
    assert {(one.scope, one.direction) for one in moved} == {(f"site/{SITE}", Direction.LOST), ("site/b.webex.com", Direction.GAINED)}


def test_changes_come_organization_wide_first_and_by_name() -> None:
    changes = diff_access(None, alone(replace(on_site("a@acme.example", "site-administrator"), roles=frozenset({"full-administrator"}))))
    keys = [(one.scope or "", one.permission) for one in changes]
    assert keys == sorted(keys)


def test_different_people_have_no_difference() -> None:
    with pytest.raises(ValueError, match="accesses of different people"):
        diff_access(alone(EVA), alone(INES))


def test_the_document_has_words_limits_and_reasons() -> None:
    reader: Access = alone(somebody("a@acme.example", "read-only-administrator"))
    capped = alone(somebody("a@acme.example", "read-only-administrator"), mode=RESTRICTED)
    document = change_document(diff_access(reader, capped)[0])
    because = document.pop("because")
    assert document == {
        "organization": "acme",
        "person": "a@acme.example",
        "permission": "users-and-licenses",
        "before": "read",
        "after": "conditional",
        "after_at_most": "read",
        "direction": "lost",
        "no_longer": [],
    }
    assert because[0] == {"kind": "restriction", "access": "none", "settings": ["users-manual-add-or-modify"]}
    scoped = change_document(diff_access(None, alone(on_site("a@acme.example", "site-user-administrator", switch=True)))[1])
    assert (scoped["scope"], scoped["after"], scoped["after_at_least"]) == (f"site/{SITE}", "unknown", "read")
    assert ELEVATION.name not in str(document)
