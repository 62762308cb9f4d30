"""What the examples cannot reach: somebody in very many organizations, and partners whose people are known from elsewhere."""

from dataclasses import replace

from reconciler.model.findings import Finding
from reconciler.model.policy import Policy
from reconciler.model.resources import Home
from reconciler.rules import Context, check
from tests.fakes.builders import ALICE, BOB, CATALOG, NOW, an_administrator, an_organization, settings

CONTEXT = Context(now=NOW, catalog=CATALOG, known={}, declared=frozenset({"acme", "northwind"}), site_owners={})
NOC = an_administrator("noc@northwind.example", home=Home(type="business"))
MANAGED = an_organization(ALICE, NOC, settings=settings(managed_by="northwind"))


def found(rule: str, context: Context) -> list[Finding]:
    return [finding for finding in check(MANAGED, context, Policy()) if finding.rule == rule]


def test_somebody_who_is_everywhere_is_told_with_a_few_names_and_a_count() -> None:
    names = [f"org-{number:05d}" for number in range(10_000)]
    everywhere = sorted(["acme", *names])
    (finding,) = found("internal-to-two-organizations", replace(CONTEXT, internal_to={ALICE.key: everywhere}))
    assert finding.message == "alice@acme.example is internal to acme and to org-00000, org-00001 and 9998 more"
    assert finding.detail.endswith(f"{', '.join(names[:12])} and 9988 more")
    assert finding.hint == "add home: {organization: X} in all of them but one, X"


def test_the_last_of_many_names_is_told_as_the_first() -> None:
    everywhere = ["aa", "ab", "acme"]
    (finding,) = found("internal-to-two-organizations", replace(CONTEXT, internal_to={ALICE.key: everywhere}))
    assert finding.message == "alice@acme.example is internal to acme and to aa, ab"
    assert finding.detail.endswith("without home also in: aa, ab")


def test_somebody_of_the_managing_partner_is_offered_that_home() -> None:
    (finding,) = found("internal-to-two-organizations", replace(CONTEXT, internal_to={ALICE.key: ["acme", "northwind"]}))
    assert finding.hint == "add home: {organization: northwind}"


def test_a_partner_is_asked_for_its_people_only_where_somebody_has_an_account() -> None:
    asked: list[str] = []

    def people_of(name: str) -> frozenset[str] | None:
        asked.append(name)
        return frozenset({NOC.key})

    context = replace(CONTEXT, people_of=people_of)
    (finding,) = found("managing-partner-as-account", context)
    assert (asked, finding.hint) == (["northwind"], "home: {organization: northwind}")
    list(check(replace(MANAGED, administrators={person.key: person for person in (ALICE, BOB)}), context, Policy()))
    assert asked == ["northwind"]


def test_a_partner_of_which_nobody_knows_the_people_stops_nothing() -> None:
    assert found("managing-partner-as-account", CONTEXT) == []
