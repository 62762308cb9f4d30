from datetime import timedelta
from typing import Any

import pytest

from reconciler.manifests.checks import GrantDurations, check_grant, check_organization
from reconciler.model.findings import Finding, Path, Severity


def organization(**spec: Any) -> list[Finding]:
    return check_organization({"spec": spec}, lambda path: "/".join(map(str, path)))


def people(*persons: Any) -> list[Finding]:
    return organization(administrators=list(persons))


def grant(*, durations: GrantDurations | None = None, **spec: Any) -> list[tuple[str, Path]]:
    return [(found.rule, found.path) for found in check_grant({"spec": spec}, durations or GrantDurations())]


HELD = {"roles": ["full-administrator"]}


@pytest.mark.parametrize(
    ("email", "named"),
    [
        ("a\u200b@x.example", "U+200B ZERO WIDTH SPACE"),
        ("a\u202e@x.example", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\u00ad@x.example", "U+00AD SOFT HYPHEN"),
        ("a\U000e0041@x.example", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("a b@x.example", "U+0020 SPACE"),
        ("a\u00a0@x.example", "U+00A0 NO-BREAK SPACE"),
        ("a\ud800@x.example", "U+D800"),
        ("a\u0378@x.example", "U+0378"),
        ("a@b＠x.example", "U+FF20 FULLWIDTH COMMERCIAL AT"),
        ("a@x.example\n", "U+000A"),
    ],
)
def test_an_e_mail_with_a_character_that_none_contains_is_refused_by_name(email: str, named: str) -> None:
    (finding,) = people({"email": email, **HELD})
    assert (finding.rule, finding.message) == ("email-characters", f"email contains {named}")


def test_letters_beyond_ascii_in_an_e_mail_are_left_to_the_rules() -> None:
    assert people({"email": "žofia@příklad.example", **HELD}) == []


@pytest.mark.parametrize("second", ["ALICE@acme.example", "ａlice@acme.example"])
def test_one_person_listed_twice_names_both_places(second: str) -> None:
    (finding,) = people({"email": "alice@acme.example", **HELD}, {"email": second, **HELD})
    assert (finding.rule, finding.path) == ("duplicate-administrator", ("spec", "administrators", 1, "email"))
    assert finding.detail.startswith("first at spec/administrators/0/email;")


def former(email: str, former_email: Any) -> dict[str, Any]:
    return {"email": email, "formerEmail": former_email, **HELD}


@pytest.mark.parametrize(
    ("persons", "place", "said"),
    [
        ([former("a@x.example", "A@x.example")], 0, "A@x.example is the e-mail itself"),
        ([former("b@x.example", "a@x.example"), {"email": "Ａ@x.example", **HELD}], 0, "a@x.example is listed itself"),
        ([former("b@x.example", "a@x.example"), former("c@x.example", "A@x.example")], 1, "A@x.example is claimed twice"),
        ([former("b@x.example", "a@x.example"), former("c@x.example", "b@x.example")], 1, "b@x.example is listed itself"),
    ],
)
def test_a_former_e_mail_is_that_of_one_person_who_is_not_listed_under_it(persons: list[Any], place: int, said: str) -> None:
    (finding,) = people(*persons)
    assert (finding.rule, finding.path, finding.message) == ("former-email", ("spec", "administrators", place, "formerEmail"), said)


def test_people_who_change_places_are_told_of_the_third_address() -> None:
    found = people(former("a@x.example", "b@x.example"), former("b@x.example", "a@x.example"))
    assert [finding.message for finding in found] == ["b@x.example is listed itself", "a@x.example is listed itself"]
    assert all("by way of a third address" in finding.detail for finding in found)


def test_a_former_e_mail_is_looked_at_like_any_other() -> None:
    assert people(former("a@x.example", "b@x.example")) == []
    assert [finding.rule for finding in people(former("a@x.example", "b\u200b@x.example"))] == ["email-characters"]
    assert people(former("a@x.example", 7)) == []


@pytest.mark.parametrize("held", [{}, {"roles": []}, {"sites": {"a": {"meetingContentManager": False}}}])
def test_a_person_without_any_role_is_an_error(held: dict[str, Any]) -> None:
    assert [finding.rule for finding in people({"email": "a@b", **held})] == ["administrator-without-role"]


@pytest.mark.parametrize(
    "held", [HELD, {"sites": {"a": {"role": "site-administrator"}}}, {"sites": {"a": {"meetingContentManager": True}}}]
)
def test_a_role_of_any_scope_is_enough(held: dict[str, Any]) -> None:
    assert people({"email": "a@b", **held}) == []


def test_invisible_characters_warn_in_free_text_and_fail_in_names_of_things() -> None:
    found = organization(displayName="A\u202ecme", webexId="1\u200b", locations=["Ber\u00adlin"])
    assert [(finding.path, finding.severity, finding.rule) for finding in found] == [
        (("spec", "displayName"), Severity.WARNING, "invisible-characters"),
        (("spec", "webexId"), Severity.ERROR, "invisible-characters"),
        (("spec", "locations", 0), Severity.ERROR, "invisible-characters"),
    ]


def test_labels_reasons_and_tickets_are_free_text() -> None:
    document = {"metadata": {"labels": {"tier": "a\u200b"}}, "spec": {"reason": "\x1b[2J", "ticket": "\u2066"}}
    found = check_grant(document, GrantDurations())
    assert [(finding.message, finding.severity) for finding in found] == [
        ("label tier contains U+200B ZERO WIDTH SPACE", Severity.WARNING),
        ("reason contains U+001B", Severity.WARNING),
        ("ticket contains U+2066 LEFT-TO-RIGHT ISOLATE", Severity.WARNING),
    ]


HOSTILE_INSTANTS = [
    "",
    "never",
    "tommorow",
    "in 1 hour",
    "1 hour",
    "90",
    "PT1H",
    "2026-11-20",
    "2026-11-20T10:10:00",
    "2026-11-20 10:10:00Z",
    "20261120T101000Z",
    "2026-W47-5T10:10:00Z",
    "02/03/2027",
    "2026-13-20T10:10:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T10:10:60Z",
    "2026-11-20T10:10:00+99:99",
    "2026-11-20T10:10:00Z\n",
    "２０２６-11-20T10:10:00Z",
    "9999-12-31T23:59:59-01:00",
]


@pytest.mark.parametrize("text", HOSTILE_INSTANTS)
def test_an_unreadable_time_is_an_error_and_never_no_end(text: str) -> None:
    assert [finding.rule for finding in people({"email": "a@b", "expiresAt": text, **HELD})] == ["unreadable-time"]
    assert grant(requestedAt="2026-11-20T09:00:00Z", expiresAt=text) == [("unreadable-time", ("spec", "expiresAt"))]


def at(minutes: int, seconds: int = 0) -> str:
    return f"2026-11-20T{9 + minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"


@pytest.mark.parametrize(
    ("approved", "expires", "rule"),
    [
        (at(0), at(60), None),
        (at(59, 59), at(119, 59), None),
        (at(10), at(11), None),
        ("2026-11-20T08:59:59Z", at(30), "grant-order"),
        (at(60), at(90), "grant-decision-window"),
        (at(10), at(10), "grant-order"),
        (at(10), at(9), "grant-order"),
        (at(10), at(70, 1), "grant-too-long"),
        ("2026-11-20T10:10:00+01:00", at(70), None),
    ],
)
def test_an_approval_lies_in_the_request_s_hour_and_lasts_an_hour_at_most(approved: str, expires: str, rule: str | None) -> None:
    found = grant(requestedAt=at(0), approvedBy="a@b", approvedAt=approved, expiresAt=expires)
    assert [name for name, _ in found] == ([] if rule is None else [rule])


@pytest.mark.parametrize(("denied", "rule"), [(at(0), None), (at(60), "grant-decision-window"), ("2026-11-20T08:00:00Z", "grant-order")])
def test_a_refusal_lies_in_the_request_s_hour(denied: str, rule: str | None) -> None:
    assert [name for name, _ in grant(requestedAt=at(0), deniedBy="a@b", deniedAt=denied)] == ([] if rule is None else [rule])


@pytest.mark.parametrize(("revoked", "rules"), [(at(10), []), (at(9, 59), ["grant-order"])])
def test_a_grant_is_revoked_after_its_approval(revoked: str, rules: list[str]) -> None:
    assert [name for name, _ in grant(requestedAt=at(0), approvedAt=at(10), expiresAt=at(20), revokedAt=revoked)] == rules


def test_the_last_instants_of_the_calendar_do_not_overflow() -> None:
    last = "9999-12-31T23:59:59Z"
    assert grant(requestedAt=last, approvedAt=last, expiresAt=last) == [("grant-order", ("spec", "expiresAt"))]


def test_the_durations_are_those_of_the_catalog() -> None:
    shorter = GrantDurations(request=timedelta(minutes=5), access=timedelta(minutes=10))
    found = grant(durations=shorter, requestedAt=at(0), approvedAt=at(5), expiresAt=at(16))
    assert [name for name, _ in found] == ["grant-decision-window", "grant-too-long"]


@pytest.mark.parametrize(
    "spec", [None, [], {"administrators": {}}, {"administrators": [1, {"email": 5, "roles": ["x"], "sites": [], "expiresAt": True}]}]
)
def test_what_has_the_wrong_type_is_left_to_the_schema(spec: Any) -> None:
    assert check_organization({"spec": spec, "metadata": 1}, str) == []
    assert check_grant({"spec": spec, "metadata": {"labels": []}}, GrantDurations()) == []
