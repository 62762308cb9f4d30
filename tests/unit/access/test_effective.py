"""What the worked example and the numbered invariants leave open."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import access
from reconciler.access import Access, Kind, Reach, access_document, sentence
from reconciler.access.combine import widest
from reconciler.access.values import NOTHING, Right
from reconciler.catalog import Level
from reconciler.model.resources import Home, Organization, RestrictedMode
from tests.fakes.builders import a_request
from tests.golden.golden import assert_golden
from tests.unit.access.world import (
    ACME,
    CATALOG,
    ELEVATION,
    EVA,
    INES,
    NORTHWIND,
    OPEN,
    RESTRICTED,
    SITE,
    TOM,
    a_customer,
    a_partner,
    alone,
    at,
    of,
    on_site,
    over_customer,
    right_in,
    scoped,
    somebody,
    unmanaged,
    words,
)

READER = somebody("ro@acme.example", "read-only-administrator")
PARTNER_ADMINISTRATOR = somebody("p@northwind.example", "partner-administrator")


def test_spelling_of_an_address_does_not_matter() -> None:
    assert of("EVA@Acme.Example") == of(EVA)
    assert of("NOBODY@acme.example").person == "nobody@acme.example"


def test_part_of_reading_is_conditional_and_at_most_read() -> None:
    right = alone(READER, mode=RESTRICTED).permissions["users-and-licenses"]
    assert (right.access, right.at_most) == (Level.CONDITIONAL, Level.READ)
    assert {CATALOG.restricted_settings[setting].capped_access for setting in right.lowered} == {Level.NONE}


def test_settings_left_open_are_not_taken_and_say_so() -> None:
    mode = RestrictedMode(exempt=frozenset({"users-claim-users", "organization-settings-domain"}))
    found = alone(somebody("a@acme.example", "full-administrator"), mode=mode)
    right = found.permissions["users-and-licenses"]
    assert right.access is Level.CONDITIONAL
    assert "users-claim-users" not in right.lowered
    assert [one.settings for one in right.because if one.kind is Kind.LEFT_OPEN] == [("users-claim-users",)]
    lines = {line.setting: (line.reach, line.access) for line in found.restricted}
    assert lines["users-claim-users"] == (Reach.LEFT_OPEN, Level.FULL)
    assert lines["users-edit-services"] == (Reach.CAPPED, Level.NONE)


def test_with_everything_left_open_the_access_is_what_the_roles_give() -> None:
    mode = RestrictedMode(exempt=frozenset(CATALOG.restricted_settings))
    for person in (EVA, READER, INES):
        assert words(alone(person, mode=mode)) == words(alone(person))


def test_on_a_site_one_unknown_makes_the_whole_unknown_and_keeps_what_is_known() -> None:
    found = alone(on_site("s@acme.example", "site-user-administrator", switch=True))
    assert scoped(found, f"site/{SITE}") == {
        "user-management": "conditional",
        "analytics-and-reports": "read",
        "licenses": "full",
        "assign-roles": "unknown",
        "site-configuration": "unknown",
        "recordings-and-transcripts": "full",
    }
    assert right_in(found, f"site/{SITE}", "assign-roles").at_least is Level.READ


def test_restricted_mode_takes_user_details_from_site_administrators_of_the_customer() -> None:
    right = right_in(alone(on_site("s@acme.example", "site-administrator"), mode=RESTRICTED), f"site/{SITE}", "user-management")
    assert right.lowered == {"users-user-details"}
    outsider = on_site("s@contoso.example", "site-administrator", home=Home(organization="contoso"))
    right = right_in(alone(outsider, mode=RESTRICTED), f"site/{SITE}", "user-management")
    assert (right.lowered, right.because[-1].kind) == (frozenset(), Kind.CAP_UNKNOWN)


def test_of_location_administrators_the_articles_say_nothing_but_where() -> None:
    found = alone(somebody("l@acme.example", "location-administrator", locations=frozenset({"Praha", "Berlin"})))
    assert set(words(found).values()) == {"none"}
    assert [(one.scope, one.permission, one.right.access.value) for one in found.scoped] == [
        ("location/Berlin", "location-administration", "unknown"),
        ("location/Praha", "location-administration", "unknown"),
    ]
    assert [(one.role, one.scope) for one in found.held] == [
        ("location-administrator", "location/Berlin"),
        ("location-administrator", "location/Praha"),
    ]
    assert found.undescribed == ("location-administrator",)


@pytest.mark.parametrize("role", ["calling-detailed-call-history-api-access", "events-administrator", "retired-role"])
def test_roles_without_a_column_are_named_and_give_no_cell(role: str) -> None:
    found = alone(somebody("a@acme.example", role))
    assert (found.roles, found.undescribed) == ((role,), (role,))
    assert set(words(found).values()) == {"none"}


def test_a_role_that_outsiders_cannot_hold_says_nothing_of_an_outsider() -> None:
    found = alone(somebody("x@contoso.example", "full-administrator", "support-administrator", home=Home(type="business")))
    assert found.undescribed == ("support-administrator",)
    assert words(found) == words(alone(INES))


def test_contact_center_goes_by_the_home_of_the_holder() -> None:
    services = frozenset({"contact-center"})
    full = [(None, "full"), (Home(organization="northwind"), "conditional"), (Home(organization="contoso"), "conditional")]
    for home, expected in full:
        found = alone(somebody("a@x.example", "full-administrator", home=home), services=services)
        assert scoped(found, "service/contact-center") == {"contact-center-administration": expected}
    assert alone(somebody("a@acme.example", "full-administrator")).scoped == ()
    assert alone(EVA, services=services).scoped == ()


def test_what_an_elevation_gives_in_contact_center_is_not_known() -> None:
    found = of(TOM, a_customer(grants=[ELEVATION], services=frozenset({"contact-center"})))
    right = right_in(found, "service/contact-center", "contact-center-administration")
    assert (right.access, right.because[0].kind, right.because[0].role) == (Level.UNKNOWN, Kind.UNDESCRIBED, "temporary-full-administrator")


def test_in_a_partner_organization_roles_are_about_its_own_settings() -> None:
    admin = somebody("a@northwind.example", "full-administrator")
    found = words(of(admin, a_partner(admin)))
    assert list(found) == list(CATALOG.matrices.by_id["partner-management"].rows)
    assert (found["legal-hold"], found["user-generated-content"], found["join-in-progress-meetings"]) == ("full", "full", "full")
    customer = words(alone(somebody("a@acme.example", "full-administrator")))
    assert (customer["legal-hold"], customer["user-generated-content"], customer["join-in-progress-meetings"]) == ("none", "none", "none")


def test_an_outsider_in_a_partner_organization_is_an_external_administrator() -> None:
    found = of(INES, a_partner(INES))
    assert list(found.permissions) == list(CATALOG.matrices.by_id["external-roles"].rows)


def test_roles_of_both_tables_give_one_entry_in_a_partner_organization() -> None:
    both = somebody("a@northwind.example", "support-administrator", "partner-full-administrator")
    right = of(both, a_partner(both)).permissions["assign-roles"]
    assert right.access is Level.FULL
    assert [(one.matrix, one.access.value) for one in right.because] == [("partner-management", "none"), ("customer-management", "full")]


def test_a_permission_of_several_matrices_has_the_greatest_access_and_the_reasons_of_all() -> None:
    person = somebody("noc@northwind.example", "read-only-administrator", home=Home(organization="northwind"))
    partner = somebody("noc@northwind.example", "partner-administrator", customers=frozenset({"acme"}))
    found = of(person, a_customer(person, mode=OPEN), partner=a_partner(partner))
    right = found.permissions["device-management"]
    assert right.access is Level.FULL
    assert [(one.matrix, one.held_in, one.access.value) for one in right.because] == [
        ("external-roles", None, "read"),
        ("customer-management", "northwind", "full"),
    ]
    assert found.permissions["users-and-licenses"].access is Level.NONE
    assert found.permissions["user-management"].access is Level.READ


@pytest.mark.parametrize("order", [("full", "conditional"), ("conditional", "read"), ("read", "unknown"), ("unknown", "none")])
def test_of_several_answers_the_greatest_is_taken(order: tuple[str, str]) -> None:
    rights = [Right(access=Level(word)) for word in order]
    assert widest(rights).access == widest(rights[::-1]).access == order[0]


def test_the_wider_of_two_conditional_answers_is_not_limited_to_reading() -> None:
    limited, free = Right(access=Level.CONDITIONAL, at_most=Level.READ), Right(access=Level.CONDITIONAL)
    assert widest([limited, free]).at_most is widest([free, limited]).at_most is None
    assert widest([Right(access=Level.UNKNOWN), Right(access=Level.UNKNOWN, at_least=Level.READ)]).at_least is Level.READ
    assert widest([NOTHING]) is NOTHING


def test_an_elevation_of_an_administrator_of_the_customer_adds_to_what_restricted_mode_left() -> None:
    organization = a_customer(EVA, grants=[replace(ELEVATION, agent_email=EVA.email)])
    right = of(EVA, organization).permissions["users-and-licenses"]
    assert right.access is Level.FULL
    assert [one.kind for one in right.because if one.kind is not Kind.RESTRICTION] == [Kind.CELL, Kind.CELL, Kind.CELL, Kind.CAP_UNKNOWN]
    assert {line.reach for line in of(EVA, organization).restricted} == {Reach.UNKNOWN}
    assert of(EVA, organization, now=at(11)) == of(EVA, a_customer(EVA), now=at(11))


def test_overlapping_grants_end_without_taking_more_than_their_own() -> None:
    later = replace(ELEVATION, name="inc-2", approved_at=at(10, 20), expires_at=at(11, 20))
    organization = a_customer(grants=[ELEVATION, later], mode=OPEN)
    assert [grant.name for grant in of(TOM, organization).grants] == ["inc-2", "inc-4711"]
    assert words(of(TOM, organization, partner=NORTHWIND, now=at(11)))["device-management"] == "full"
    assert [grant.name for grant in of(TOM, organization, now=at(11)).grants] == ["inc-2"]
    right = of(TOM, organization, partner=NORTHWIND).permissions["device-management"]
    assert [one.elevation.grant for one in right.because if one.elevation is not None] == ["inc-2", "inc-4711", "inc-2"]


def test_access_that_has_ended_gives_nothing() -> None:
    ending = replace(EVA, expires_at=at(10, 30))
    assert of(ending, a_customer(ending)) == of(EVA.email, a_customer())
    before = of(ending, a_customer(ending), now=at(10, 30) - timedelta(seconds=1))
    assert {one.until for one in before.held} == {at(10, 30)}
    gone = replace(TOM, expires_at=at(10, 30))
    assert over_customer(gone) == of(TOM, a_customer(mode=OPEN), partner=a_partner())


def test_a_pending_request_gives_nothing() -> None:
    asked = a_request(agent_email=TOM.email, requested_at=at(10, 20))
    assert of(TOM, a_customer(grants=[asked])) == of(TOM, a_customer())


def test_where_administrators_are_not_recorded_nothing_is_known_and_it_says_so() -> None:
    found = of(EVA, unmanaged(ACME), partner=NORTHWIND)
    assert set(words(found).values()) == {"unknown"}
    assert {one.kind for right in found.permissions.values() for one in right.because} == {Kind.UNRECORDED}
    assert (found.unrecorded, found.restricted) == (("acme",), ())
    elevated = of(TOM, unmanaged(ACME))
    assert (words(elevated)["device-management"], words(elevated)["legal-hold"]) == ("full", "unknown")
    assert elevated.unrecorded == ("acme", "northwind")


def test_a_managing_partner_without_a_record_is_named() -> None:
    assert of(EVA, a_customer(EVA)).unrecorded == ("northwind",)
    assert of(EVA, a_customer(EVA), partner=unmanaged(NORTHWIND)).unrecorded == ("northwind",)
    assert of(EVA, a_customer(EVA), partner=NORTHWIND).unrecorded == ()


def test_grants_alone_are_judged_as_those_of_a_customer() -> None:
    organization = Organization(name="acme", grants={ELEVATION.name: ELEVATION})
    assert words(of(TOM, organization))["device-management"] == "full"


def test_another_organization_is_no_managing_partner() -> None:
    with pytest.raises(ValueError, match="northwind is not the managing partner of acme"):
        of(EVA, Organization(name="acme", settings=None), partner=NORTHWIND)


def test_everybody_who_may_have_access_is_named_once_and_in_order() -> None:
    out = replace(PARTNER_ADMINISTRATOR, email="out@northwind.example", customers=frozenset({"other"}))
    old = somebody("old@acme.example", "full-administrator", expires_at=at(9))
    staff = somebody("staff@northwind.example", "full-administrator")
    agent = replace(ELEVATION, name="inc-2", agent_email="TAC@cisco.example")
    organization = a_customer(INES, EVA, TOM, old, grants=[ELEVATION, agent])
    partner = a_partner(TOM, PARTNER_ADMINISTRATOR, out, staff)
    expected = ("eva@acme.example", "ines@contoso.example", "p@northwind.example", "TAC@cisco.example", "tom@northwind.example")
    found = access.people_with_access(organization, partner=partner, now=at(10, 30), catalog=CATALOG)
    assert found == expected
    accesses = tuple(access.everybody(organization, partner=partner, now=at(10, 30), catalog=CATALOG))
    assert accesses == tuple(of(person, organization, partner=partner) for person in expected)


def situations() -> list[tuple[str, list[tuple[str, Access]]]]:
    """Every role where it can be held, alone, by the table that speaks of it."""
    matrices = CATALOG.matrices.by_id
    organization, outside = matrices["organization-roles"], matrices["external-roles"]
    site, partner, customers = matrices["site-roles"], matrices["partner-management"], matrices["customer-management"]
    center = frozenset({"contact-center"})
    homes = {"internal": None, "managing partner": Home(organization="northwind"), "other organization": Home(type="business")}
    people = {role: somebody("a@x.example", role) for role in CATALOG.roles}
    scope = frozenset({"acme"})
    held = {
        role: replace(people[role], customers=scope if "customers" in CATALOG.roles[role].takes else None) for role in customers.columns
    }
    grants = [replace(ELEVATION, agent_email="a@x.example")]
    found = [(f"customer, {mode}", [(role, alone(people[role], mode=how)) for role in organization.columns]) for mode, how in MODES.items()]
    found += [
        (f"external, home {name}", [(role, alone(replace(people[role], home=home), mode=RESTRICTED)) for role in outside.columns])
        for name, home in homes.items()
        if home is not None
    ]
    found += [
        (f"site, {mode}", [(role, alone(on_site("a@x.example", role), mode=how)) for role in site.columns]) for mode, how in MODES.items()
    ]
    found += [
        (
            f"contact center, {name}",
            [(role, alone(replace(people[role], home=home), services=center)) for role in matrices["contact-center"].rows],
        )
        for name, home in homes.items()
    ]
    found += [
        ("partner organization", [(role, of(people[role], a_partner(people[role]))) for role in (*partner.columns, *customers.columns)])
    ]
    found += [("over a customer", [(role, over_customer(one)) for role, one in held.items()])]
    found += [("over a customer, scope not managed", [("partner-administrator", over_customer(people["partner-administrator"]))])]
    found += [("over a customer, elevated", [(role, over_customer(one, grants=grants)) for role, one in held.items()])]
    rest = [role for role in CATALOG.roles if not CATALOG.roles[role].matrices]
    found += [("without a table", [(role, alone(replace(people[role], locations=frozenset({"Berlin"})))) for role in rest])]
    return found


MODES = {"restricted mode off": OPEN, "restricted mode on": RESTRICTED}


def the_table(cases: list[tuple[str, Access]]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for number, (_, found) in enumerate(cases):
        everything = [(permission, right) for permission, right in found.permissions.items()]
        everything += [(f"{one.scope} {one.permission}", one.right) for one in found.scoped]
        for permission, right in everything:
            rows.setdefault(permission, ["-"] * len(cases))[number] = in_short(right)
    lines = [f"  {permission}: {' '.join(cells)}" for permission, cells in rows.items() if set(cells) != {"none"}]
    silent = [permission for permission, cells in rows.items() if set(cells) == {"none"}]
    return [f"  [{' '.join(role for role, _ in cases)}]", *lines, *([f"  all none: {' '.join(silent)}"] if silent else [])]


def in_short(right: Right) -> str:
    limits = [f">={right.at_least}"] if right.at_least else [f"<={right.at_most}"] if right.at_most else []
    flags = ["?"] if any(one.kind is Kind.CAP_UNKNOWN for one in right.because) else []
    return "".join([right.access.value, *limits, *([f"-{len(right.lowered)}"] if right.lowered else []), *flags])


def test_every_role_gives_what_its_row_says() -> None:
    """`-N`: N settings taken by restricted mode; `?`: whether the mode reaches the holder is unknown; `>=`, `<=`: limits."""
    lines = [line for title, cases in situations() for line in (title, *the_table(cases), "")]
    # RECONCILER_REWRITE_GOLDEN=1 pytest tests/unit/access writes it anew.
    assert_golden("../unit/access/every-role.txt", "\n".join(lines))


def test_the_document_has_the_shape_of_the_contract() -> None:
    document = access_document(of(EVA, a_customer(EVA, grants=[ELEVATION])), CATALOG)
    assert list(document)[:4] == ["organization", "person", "at", "roles"]
    assert (document["at"], document["roles"]) == ("2026-11-20T10:30:00Z", ["support-administrator", "user-and-device-administrator"])
    assert document["permissions"]["troubleshooting"] == {
        "access": "full",
        "because": [
            {
                "kind": "cell",
                "access": "full",
                "role": "support-administrator",
                "matrix": "organization-roles",
                "evidence": "inferred",
                "confidence": "high",
                "sources": ["fs78p5-copy", "2y8qmt-en"],
                "basis": "the number of marks fits; partner-management marks this role in this row",
            },
            {
                "kind": "cell",
                "access": "none",
                "role": "user-and-device-administrator",
                "matrix": "organization-roles",
                "evidence": "inferred",
                "confidence": "high",
                "sources": ["fs78p5-copy", "2y8qmt-en"],
                "basis": "other columns use up the row's marks; partner-management leaves this cell blank",
            },
        ],
    }
    assert document["restricted"][0] == {
        "setting": "users-manual-add-or-modify",
        "label": "Manually add or modify users",
        "view": "users",
        "effect": "unavailable",
        "reach": "capped",
        "access": "none",
        "permissions": ["users-and-licenses"],
    }


def test_the_document_of_an_elevated_person_names_the_grant_and_its_end() -> None:
    document = access_document(of(TOM, ACME, partner=NORTHWIND), CATALOG)
    assert document["grants"] == [
        {
            "name": "inc-4711",
            "agent_type": "managing-partner",
            "reason": "sign-in broken",
            "approved_by": "alice@acme.example",
            "approved_at": "2026-11-20T10:00:00Z",
            "until": "2026-11-20T11:00:00Z",
        }
    ]
    assert document["held"] == [
        {"role": "help-desk-administrator-advanced", "held_in": "northwind"},
        {"role": "temporary-full-administrator", "grant": "inc-4711", "until": "2026-11-20T11:00:00Z"},
    ]
    last = document["permissions"]["device-management"]["because"][-1]
    assert (last["cell"], last["access"], last["grant"]) == ("temporary", "full", "inc-4711")


def test_documents_are_json() -> None:
    for found in access.everybody(ACME, partner=NORTHWIND, now=at(10, 30), catalog=CATALOG):
        document = access_document(found, CATALOG)
        assert json.loads(json.dumps(document)) == document


def test_every_kind_of_reason_has_a_sentence() -> None:
    mode = RestrictedMode(exempt=frozenset({"users-claim-users"}))
    center = frozenset({"contact-center"})
    out = replace(PARTNER_ADMINISTRATOR, customers=frozenset({"other"}))
    local = somebody("l@acme.example", "location-administrator", locations=frozenset({"Berlin"}))
    found = [
        alone(EVA, mode=mode),
        alone(INES, mode=RESTRICTED),
        alone(local),
        over_customer(PARTNER_ADMINISTRATOR),
        over_customer(out),
        of(TOM, a_customer(grants=[ELEVATION], services=center), partner=NORTHWIND),
        of(TOM, a_customer(), partner=NORTHWIND),
        of(EVA, unmanaged(ACME)),
    ]
    rights = [right for one in found for right in (*one.permissions.values(), *(scope.right for scope in one.scoped))]
    reasons = [reason for right in rights for reason in right.because]
    assert {reason.kind for reason in reasons} == set(Kind)
    sentences = sorted({sentence(reason, CATALOG) for reason in reasons})
    assert all(text == text.strip() and "  " not in text and "None" not in text for text in sentences)
    assert_golden("../unit/access/sentences.txt", "\n".join([*sentences, ""]))
