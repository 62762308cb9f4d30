"""Grants: what the examples cannot reach, because it stands in the state, at an instant, or in many spellings."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.model.findings import Finding, Severity
from reconciler.model.policy import Policy, Waiver
from reconciler.model.resources import EndReason, Grant, Home, Organization, OrganizationFacts, OrganizationType
from reconciler.rules import Context, OnRecord, Transition, check, check_transition
from reconciler.rules.people import taken_for_one
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_grant,
    a_request,
    an_administrator,
    an_organization,
    ended,
    grants_alone,
    people,
    settings,
)

CONTEXT = Context(now=NOW, catalog=CATALOG, known={}, declared=frozenset({"acme"}), site_owners={})
MANAGED = OrganizationFacts.of("acme", settings(managed_by="northwind"))
TOMAS = an_administrator("tomas@northwind.example", "help-desk-administrator-advanced")
NOC = an_administrator("noc@northwind.example", home=Home(organization="northwind"))


def found(rule: str, organization: Organization, context: Context = CONTEXT, policy: Policy | None = None) -> list[Finding]:
    return [finding for finding in check(organization, context, policy or Policy()) if finding.rule == rule]


def rules(organization: Organization, context: Context) -> set[str]:
    return {finding.rule for finding in check(organization, context, Policy()) if finding.rule.startswith("grant-")}


def at_night(*grants: Grant, **facts: Any) -> set[str]:
    """Return what is found in a run of grants alone, of an organization that is stored and managed by a partner that is stored."""
    known: dict[str, Any] = {
        "known": {"acme": MANAGED},
        "administrators_of": lambda name: people(TOMAS, NOC) if name == "northwind" else None,
        "people_of": lambda name: frozenset({TOMAS.key}) if name == "northwind" else None,
        "on_record": lambda _name, key, _at: OnRecord(person=people(ALICE, BOB, NOC).get(key)),
    }
    return rules(grants_alone(*grants), replace(CONTEXT, **(known | facts)))


OF_PARTNER: dict[str, Any] = {"agent_email": TOMAS.email, "agent_type": "managing-partner", "ticket": "SR-1"}


# Grants alone: what is stored stands in for the manifest


def test_grants_alone_are_judged_by_what_is_stored() -> None:
    assert at_night(a_grant(**OF_PARTNER)) == set()
    assert at_night(a_grant(**OF_PARTNER, approved_by="bob@acme.example")) == {"grant-approver"}
    assert at_night(a_grant(**OF_PARTNER | {"agent_email": NOC.email})) == {"grant-agent"}
    assert at_night(a_grant(**OF_PARTNER, approved_by=NOC.email)) == {"grant-approved-by-the-partner"}
    assert at_night(a_grant(**OF_PARTNER), known={"acme": OrganizationFacts.of("acme", settings())}) == {"grant-agent"}


NAMED_AS_CISCO: dict[str, Any] = OF_PARTNER | {"agent_type": "cisco-tac", "approved_by": NOC.email}


@pytest.mark.parametrize(
    "facts",
    [
        {"known": {"acme": OrganizationFacts.of("acme", settings())}, "recorded_partner_of": lambda _: "northwind"},
        {"known": {"acme": OrganizationFacts.of("acme", settings(managed_by="other"))}, "recorded_partner_of": lambda _: "northwind"},
        {"lists_of": lambda name: ({}, people(TOMAS)) if name == "northwind" else ()},
        {"lists_of": lambda name: (people(replace(TOMAS, expires_at=NOW - 9 * MINUTE)),) if name == "northwind" else ()},
    ],
    ids=["managedBy taken out", "managedBy changed", "agent taken off the list", "agent whose access has ended since"],
)
def test_no_edit_of_the_same_run_lets_the_partner_in(facts: dict[str, Any]) -> None:
    lists = {"lists_of": lambda name: (people(TOMAS, NOC),) if name == "northwind" else ()}
    assert "grant-approved-by-the-partner" in at_night(a_grant(**NAMED_AS_CISCO), **(lists | facts))


def test_an_agent_of_the_partner_is_recognized_behind_a_plus_sign() -> None:
    lists = {"lists_of": lambda name: (people(TOMAS),) if name == "northwind" else ()}
    behind = NAMED_AS_CISCO | {"agent_email": "tomas+1@northwind.example"}
    assert "grant-approved-by-the-partner" in at_night(a_grant(**behind), **lists)
    assert at_night(a_grant(**behind | {"approved_by": ALICE.email}), **lists) == set()


def test_whether_the_agent_belongs_to_a_partner_without_a_list_is_not_known() -> None:
    organization = an_organization(ALICE, NOC, grants=[a_grant(**NAMED_AS_CISCO)], settings=settings(managed_by="northwind"))
    (finding,) = found("grant-approved-by-the-partner", organization, replace(CONTEXT, known={"acme": MANAGED}))
    assert finding.severity is Severity.INFO
    assert finding.message.endswith("belongs there too is not known")


def test_an_organization_that_nobody_knows_is_told_once() -> None:
    unknown = rules(grants_alone(a_grant(ticket="SR-1"), a_grant("inc-2", **OF_PARTNER)), replace(CONTEXT, declared=frozenset()))
    assert unknown == set()
    assert "undeclared-organization" in {
        finding.rule for finding in check(grants_alone(a_grant()), replace(CONTEXT, declared=frozenset()), Policy())
    }


# The approver


def test_what_is_recorded_goes_before_what_is_declared() -> None:
    granted = an_organization(ALICE, an_administrator("carol@acme.example"), grants=[a_grant(approved_by="carol@acme.example")])
    assert found("grant-approver", granted) == []
    (finding,) = found("grant-approver", granted, replace(CONTEXT, on_record=lambda *_: OnRecord(person=None)))
    assert (finding.severity, finding.path) == (Severity.ERROR, ("spec", "approvedBy"))
    assert finding.detail.startswith("held then: no role; an elevation does not count; ")


def test_the_record_is_asked_about_the_instant_of_the_approval_and_only_where_it_matters() -> None:
    asked: list[object] = []

    def on_record(*question: object) -> OnRecord:
        asked.append(question)
        return OnRecord(person=ALICE)

    over = a_grant("inc-0", approved_at=NOW - HOUR, requested_at=NOW - HOUR, expires_at=NOW)
    denied = a_request("inc-2", denied_by=ALICE.email, denied_at=NOW)
    organization = an_organization(ALICE, grants=[over, a_grant(), denied, a_request("inc-3")])
    assert found("grant-approver", organization, replace(CONTEXT, on_record=on_record)) == []
    assert asked == [("acme", ALICE.key, NOW - 10 * MINUTE)]


def test_what_the_approver_held_is_told() -> None:
    (finding,) = found("grant-approver", an_organization(ALICE, BOB, grants=[a_grant(approved_by="bob@acme.example")]))
    assert finding.detail.startswith("held then: support-administrator;")


def test_an_approver_of_a_list_that_nobody_knows_is_unchecked_and_never_wrong() -> None:
    (finding,) = found("grant-approver", an_organization(administrators=None, grants=[a_grant()]))
    assert finding.severity is Severity.INFO
    assert finding.detail.startswith("not known: ")


# Self-approval

ONE_PERSON = [
    "alice@acme.example",
    "ALICE@Acme.Example",
    "alice+1@acme.example",
    "alice+a+b@acme.example",
    "\uff41lice@acme.example",  # full-width
    "\u0430lice@acme.example",  # Cyrillic
    "al\u0456ce+x@acme.example",  # Cyrillic, and a tag
    "ali\u03f2e@\u0430cme.ex\u0430mple",  # Greek, and Cyrillic in the domain
    "a1ice@acme.example",
]


@pytest.mark.parametrize("agent", ONE_PERSON)
def test_nobody_approves_their_own_access_in_whatever_spelling(agent: str) -> None:
    for one, other in ((agent, "alice@acme.example"), ("alice@acme.example", agent)):
        organization = an_organization(an_administrator(other), grants=[a_grant(agent_email=one, approved_by=other)])
        (finding,) = found("grant-self-approved", organization)
        assert (finding.severity, finding.path) == (Severity.ERROR, ("spec", "approvedBy"))


@pytest.mark.parametrize(
    "agent", ["alice@cisco.example", "alicia@acme.example", "+alice@acme.example", "+@acme.example", "\u00e4lice@acme.example"]
)
def test_other_people_are_other_people(agent: str) -> None:
    assert found("grant-self-approved", an_organization(grants=[a_grant(agent_email=agent)])) == []


def test_two_letters_that_look_like_one_are_folded_as_well() -> None:
    assert taken_for_one("marn@acme.example", "mam@acme.example")
    assert taken_for_one("b0b@acme.example", "bob@acme.example")
    assert not taken_for_one("+tag@acme.example", "+other@acme.example")


def test_self_approval_can_be_neither_lowered_nor_waived() -> None:
    organization = an_organization(grants=[a_grant(agent_email="alice+x@acme.example")])
    waiver = Waiver(rule="grant-self-approved", about="acme", reason="r", expires=NOW + DAY)
    (finding,) = found("grant-self-approved", organization, policy=Policy(waivers=(waiver,)))
    assert (finding.severity, finding.waived) == (Severity.ERROR, None)


# The agent


def test_partners_are_asked_until_one_answers() -> None:
    asked: list[str] = []

    def partners() -> Iterator[str]:
        for name in ("eastwind", "northwind", "southwind"):
            asked.append(name)
            yield name

    context = replace(CONTEXT, partners=partners, administrators_of=lambda name: people(TOMAS) if name == "northwind" else people(ALICE))
    support = a_grant(agent_email="Tomas@northwind.example", agent_type="partner-support")
    assert found("grant-agent", an_organization(grants=[support]), context) == []
    assert asked == ["eastwind", "northwind"]
    assert found("grant-agent", an_organization(grants=[a_grant()]), context) == []
    assert asked == ["eastwind", "northwind"]


def test_the_agent_is_told_with_what_they_hold_and_that_the_rule_is_inferred() -> None:
    basic = an_administrator(TOMAS.email, "help-desk-administrator-basic")
    organization = an_organization(settings=settings(managed_by="northwind"), grants=[a_grant(**OF_PARTNER)])
    (finding,) = found("grant-agent", organization, replace(CONTEXT, administrators_of=lambda _: people(basic)))
    assert finding.severity is Severity.ERROR
    assert finding.detail == (
        "held there: help-desk-administrator-basic; help-desk-administrator-advanced may ask; that no other role may is inferred"
    )


def test_a_partner_whose_people_nobody_knows_is_neither_right_nor_wrong() -> None:
    organization = an_organization(settings=settings(managed_by="northwind"), grants=[a_grant(**OF_PARTNER)])
    (finding,) = found("grant-agent", organization)
    assert (finding.severity, "is not known" in finding.message) == (Severity.INFO, True)


# Instants


@pytest.mark.parametrize(("ahead", "told"), [(2 * MINUTE, None), (2 * MINUTE + SECOND, "0:02:01"), (2 * MINUTE + SECOND / 2, "0:02:01")])
def test_clocks_may_differ_by_two_minutes(ahead: timedelta, told: str | None) -> None:
    instants: dict[str, dict[str, Any]] = {
        "requestedAt": {"requested_at": NOW + ahead},
        "approvedAt": {"approved_by": ALICE.email, "approved_at": NOW + ahead, "expires_at": NOW + HOUR},
        "deniedAt": {"denied_by": ALICE.email, "denied_at": NOW + ahead},
        "revokedAt": {"approved_by": ALICE.email, "approved_at": NOW, "expires_at": NOW + HOUR, "revoked_at": NOW + ahead},
    }
    for field, facts in instants.items():
        findings = found("grant-in-the-future", an_organization(grants=[a_request(**facts)]))
        expected = [] if told is None else [(f"{field} of grant inc-1 lies {told} in the future", ("spec", field))]
        assert [(finding.message, finding.path) for finding in findings] == expected


# Chains


def in_a_row(*spans: tuple[int, int], **fields: Any) -> list[Grant]:
    """Return grants that give access from and to these minutes, counted from `NOW`."""
    return [
        a_grant(
            f"inc-{place}", requested_at=NOW + start * MINUTE, approved_at=NOW + start * MINUTE, expires_at=NOW + end * MINUTE, **fields
        )
        for place, (start, end) in enumerate(spans, 1)
    ]


def chains(after: list[Grant], before: list[Grant] | None = None) -> list[tuple[str, str, str | None]]:
    stored = None if before is None else an_organization(grants=before)
    transition = Transition.between(stored, an_organization(grants=after), NOW, roles_once_held=lambda _: frozenset())
    verdict = check_transition(transition, None, CONTEXT, Policy())
    assert verdict.refusals == ()
    return [(finding.message, finding.detail, finding.address) for finding in verdict.findings if finding.rule == "grant-chain"]


def the_chain(hours: str, *names: str) -> tuple[str, str, str]:
    return (
        f"tac@cisco.example is full administrator of acme for {hours} hours without a break",
        f"by {len(names)} grants: {', '.join(names)}",
        f"acme/elevation-grant/{names[-1]}",
    )


def test_a_chain_is_told_once_with_its_length_and_its_names_over_the_stored_history() -> None:
    grants = in_a_row((-150, -90), (-90, -30), (-40, 10), (0, 60))
    assert chains(grants, grants[:3]) == [the_chain("3.5", "inc-1", "inc-2", "inc-3", "inc-4")]


def test_a_second_between_two_grants_is_a_break() -> None:
    one, two = in_a_row((-50, 0), (0, 60))
    assert chains([one, two], [one]) == [the_chain("1.8", "inc-1", "inc-2")]
    assert chains([one, replace(two, approved_at=NOW + SECOND)], [one]) == []


def test_an_earlier_chain_is_another_one() -> None:
    grants = in_a_row((-300, -240), (-250, -200), (-30, 30), (0, 60))
    assert chains(grants, grants[:3]) == [the_chain("1.5", "inc-3", "inc-4")]


def test_a_long_grant_holds_over_a_short_one_within_it() -> None:
    grants = in_a_row((-30, 30), (-20, -10), (0, 60))
    assert chains(grants) == [the_chain("1.5", "inc-1", "inc-2", "inc-3")]


def test_a_chain_to_which_nothing_is_added_is_not_told_again() -> None:
    grants = in_a_row((-30, 30), (0, 60))
    assert chains(grants, grants) == []
    assert chains([grants[0], ended(grants[1], EndReason.OMITTED, NOW)], grants) == []


def test_what_gives_nothing_makes_no_chain() -> None:
    one, two = in_a_row((-30, 30), (0, 60))
    early = replace(one, revoked_at=one.approved_at)
    denied = a_request(denied_by=ALICE.email, denied_at=NOW)
    assert chains([early, two]) == chains([denied, two]) == chains([a_request(), two]) == []
    assert chains([one, replace(two, agent_email="hal@cisco.example")]) == []
    assert len(chains([one, replace(two, agent_email="TAC@cisco.example")])) == 1


def test_what_is_known_of_a_partner_does_not_need_its_type() -> None:
    facts = OrganizationFacts.of("acme", settings(type=OrganizationType.PARTNER))
    assert at_night(a_grant(ticket="SR-1"), known={"acme": facts}) == set()
