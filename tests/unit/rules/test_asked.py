"""What the rules ask about other organizations is noted: while all of that stays as it is, so do the findings."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.findings import Finding
from reconciler.model.policy import Policy
from reconciler.model.resources import Organization, OrganizationFacts, OrganizationType
from reconciler.pipeline import Request
from reconciler.pipeline.checking import context_of, read_manifests, valid_names
from reconciler.pipeline.partners import Partners
from reconciler.rules import RULES, Asked, Context, check
from tests.fakes.builders import ALICE, CATALOG, NOW, an_administrator, an_organization, people, settings

EXAMPLES = Path(__file__).parents[3] / "reconciler" / "rules" / "examples"
CASES = sorted(path.relative_to(EXAMPLES).as_posix() for rule in RULES for path in (EXAMPLES / rule.id).glob("*/*.yaml"))
FACTS = {name: OrganizationFacts.of(name, settings()) for name in ("acme", "globex")}
CONTEXT = Context(now=NOW, catalog=CATALOG, known=FACTS, declared=frozenset({"acme", "initech"}), site_owners={})


# Everything that can be asked


def asked(*questions: Callable[[Context], object], context: Context = CONTEXT) -> Asked:
    """Return what is noted when the *questions* are asked for the organization acme; they are answered as without noting."""
    asked = Asked(context)
    asked.begin("acme")
    assert [question(asked.context) for question in questions] == [question(context) for question in questions]
    return asked


ABOUT_GLOBEX: dict[str, Callable[[Context], object]] = {
    "its facts": lambda context: context.known["globex"],
    "its facts, if any": lambda context: context.known.get("globex"),
    "whether it is known": lambda context: "globex" in context.known,
    "whether it is declared": lambda context: "globex" in context.declared,
    "its own people": lambda context: context.people_of("globex"),
    "its administrators": lambda context: context.administrators_of("globex"),
    "its lists": lambda context: list(context.lists_of("globex")),
    "its partner": lambda context: context.recorded_partner_of("globex"),
}
ABOUT_ALL: dict[str, Callable[[Context], object]] = {
    "who is known": lambda context: list(context.known),
    "how many are known": lambda context: len(context.known),
    "what is known of all": lambda context: dict(context.known.items()),
    "who is declared": lambda context: sorted(context.declared),
    "who else is declared": lambda context: context.declared - {"acme"},
    "how many are declared": lambda context: len(context.declared),
    "the partners": lambda context: list(context.partners()),
    "the record": lambda context: context.on_record("globex", ALICE.key, NOW),
}


@pytest.mark.parametrize("question", ABOUT_GLOBEX.values(), ids=ABOUT_GLOBEX)
def test_whoever_is_asked_about_is_noted(question: Callable[[Context], object]) -> None:
    noted = asked(question)
    assert (noted.names, noted.unpinned) == (frozenset({"globex"}), False)
    noted.begin("globex")
    question(noted.context)
    assert (noted.names, noted.unpinned) == (frozenset(), False)


@pytest.mark.parametrize("question", ABOUT_ALL.values(), ids=ABOUT_ALL)
def test_what_is_asked_about_all_is_pinned_to_no_name(question: Callable[[Context], object]) -> None:
    noted = asked(question)
    assert noted.unpinned
    noted.begin("acme")
    assert not noted.unpinned


def test_an_organization_that_nobody_knows_is_noted_too() -> None:
    noted = asked(lambda context: context.known.get("hooli"), lambda context: "umbrella" in context.declared)
    assert (noted.names, noted.unpinned) == (frozenset({"hooli", "umbrella"}), False)


# The examples of all rules


@contextmanager
def the_fleet(example: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Organization], Context]]:
    """Give the organizations of *example*, with what is known of each other."""
    monkeypatch.chdir(EXAMPLES)
    request = Request(catalog=CATALOG, paths=(example,))
    with read_manifests(request) as manifests:
        context = context_of(manifests, request, manifests.facts, NOW, Partners(NOW, manifests))
        yield [manifests.load(name) for name in valid_names(manifests)], context


def judged(organization: Organization, context: Context) -> list[Finding]:
    return list(check(organization, context, Policy()))


def gone(context: Context, name: str) -> Context:
    """Return *context* without the organization *name*."""
    return replace(
        context,
        known={known: facts for known, facts in context.known.items() if known != name},
        declared=context.declared - {name},
        people_of=lambda other: None if other == name else context.people_of(other),
        administrators_of=lambda other: None if other == name else context.administrators_of(other),
        lists_of=lambda other: () if other == name else context.lists_of(other),
    )


def unlike(context: Context, name: str, everybody: Organization) -> Context:
    """Return *context* with another organization of that *name*: another kind, all services, and everybody holds everything there."""
    was = context.known.get(name)
    kind = OrganizationType.PARTNER if was is not None and was.type is OrganizationType.CUSTOMER else OrganizationType.CUSTOMER
    facts = OrganizationFacts.of(name, settings(type=kind, managed_by="hooli", services=frozenset({"contact-center", "calling"})))
    there = {key: replace(one, home=None, expires_at=None, roles=frozenset(CATALOG.roles)) for key, one in _everybody(everybody).items()}
    return replace(
        context,
        known={**context.known, name: facts},
        declared=context.declared | {name},
        people_of=lambda other: frozenset(there) if other == name else context.people_of(other),
        administrators_of=lambda other: there if other == name else context.administrators_of(other),
        lists_of=lambda other: [there] if other == name else context.lists_of(other),
        recorded_partner_of=lambda other: "hooli" if other == name else context.recorded_partner_of(other),
    )


def _everybody(organization: Organization) -> dict[str, Any]:
    """Return everybody whom *organization* or one of its grants names."""
    named = {email for grant in organization.grants.values() for email in (grant.agent_email, grant.approved_by) if email}
    return {**people(*map(an_administrator, named)), **(organization.administrators or {})}


def changed(organization: Organization, context: Context, names: AbstractSet[str]) -> set[str]:
    """Return the rules that find something else when one of *names* changes."""
    before = judged(organization, context)
    return {
        finding.rule
        for name in names
        for other in (gone(context, name), unlike(context, name, organization))
        for finding in set(before).symmetric_difference(judged(organization, other))
    }


@pytest.mark.parametrize("example", CASES)
def test_what_was_not_asked_about_makes_no_difference(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with the_fleet(example, monkeypatch) as (organizations, context):
        fleet = {organization.name for organization in organizations} | {"somebody-else"}
        asked = Asked(context)
        for organization in organizations:
            asked.begin(organization.name)
            assert judged(organization, asked.context) == judged(organization, context)
            if not asked.unpinned:
                assert changed(organization, context, fleet - asked.names - {organization.name}) == set()


def test_what_was_asked_about_makes_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    differing = set[str]()
    for example in CASES:
        with the_fleet(example, monkeypatch) as (organizations, context):
            asked = Asked(context)
            for organization in organizations:
                asked.begin(organization.name)
                judged(organization, asked.context)
                differing |= changed(organization, context, asked.names)
    assert differing == {
        "contact-center-role-of-an-outsider",
        "customer-of-another-partner",
        "former-name",
        "grant-agent",
        "grant-approved-by-the-partner",
        "managing-partner-as-account",
        "managing-partner-type",
        "undeclared-organization",
    }


def test_most_organizations_ask_about_their_partner_and_the_homes_of_their_people_alone() -> None:
    asked = Asked(CONTEXT)
    asked.begin("acme")
    judged(an_organization(ALICE, settings=settings(managed_by="globex")), asked.context)
    assert (asked.names, asked.unpinned) == (frozenset({"globex"}), False)
