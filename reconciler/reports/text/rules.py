"""The answers of `rules` and `explain`: the list of what is checked, one rule with its reasons and examples, one statement."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from reconciler.model.results import RuleOf, Rules, StatementOf
from reconciler.model.rulebook import Example, RuleFacts, RuleKind, Standing, Statement
from reconciler.model.sources import Source
from reconciler.reports.text.page import Page, count, widest
from reconciler.reports.visible import pad, visible

KINDS: Final = {
    RuleKind.DECLARED: ("Declared", "what manifests say, whatever is stored"),
    RuleKind.CHANGE: ("Changes", "what a plan would change; an error refuses it"),
    RuleKind.ACTOR: ("Actor", "who answers for a change; an error refuses it, and without --actor none of these is asked"),
    RuleKind.BY_HAND: ("By hand", "what people do beside a change"),
    RuleKind.RAIL: ("Safety rails", "what keeps a plan from doing harm"),
    RuleKind.STRUCTURE: ("Structure", "whether a manifest can be read and means one thing"),
    RuleKind.NOTE: ("Notes", "what is said and stops nothing"),
    RuleKind.FAILURE: ("Failures", "what stops a command"),
}
"""What a kind is called, and what it is about."""

STANDINGS: Final = {
    Standing.STATED: "stated",
    Standing.PARTLY_INFERRED: "stated, partly inferred",
    Standing.REFERENCE: "another text",
    Standing.DECIDED: "decided",
}
_OFF: Final = "off"


def rules(page: Page, result: Rules | RuleOf | StatementOf) -> None:
    """Write the answer of `rules`, or of `explain` in either form."""
    match result:
        case Rules():
            _list(page, result)
        case RuleOf():
            _rule(page, result)
        case StatementOf():
            _statement_of(page, result)


def _list(page: Page, result: Rules) -> None:
    """Write a line for each rule, under its kind."""
    for kind, group in groupby(result.rules, key=lambda rule: rule.kind):
        listed = list(group)
        title, about = KINDS[kind]
        page.heading(title, f": {about}")
        ids, severities = widest([rule.id for rule in listed]), widest([_severity(rule) for rule in listed])
        for rule in listed:
            head = f"  {pad(visible(rule.id), ids)}  {pad(_severity(rule), severities)}  "
            note = ", ".join(source.id for source in rule.sources)
            page.hang(head, visible(rule.summary).split(), note=f"[{visible(note)}]" if note else "")
    changed = sum(rule.severity != rule.default for rule in result.rules)
    page.gap()
    page.line(f"{count(len(result.rules), 'rule')}; reconciler explain RULE says more about one.")
    if changed:
        page.line(f"{changed} with another severity by policy.severities in reconciler.yaml; the default stands in parentheses.")


def _word(rule: RuleFacts) -> str:
    return _OFF if rule.severity is None else rule.severity.value


def _severity(rule: RuleFacts) -> str:
    return _word(rule) if rule.severity is rule.default else f"{_word(rule)} ({rule.default.value})"


def _rule(page: Page, result: RuleOf) -> None:
    rule = result.rule
    _, about = KINDS[rule.kind]
    page.heading(visible(rule.id), f" ({_word(rule)})")
    page.paragraph(visible(rule.summary), 2)
    page.gap()
    labeled = [
        ("why", _words(rule.why)),
        ("about", _words(about)),
        ("severity", _words(_tuning(rule))),
        ("source", _words(rule.said)),
        ("origin", _words(rule.origin or "")),
    ]
    page.details([(label, words) for label, words in labeled if words], indent=2)
    _sources(page, rule.sources)
    _statements(page, "Statements behind it", rule.statements)
    _example(page, "Good example", result.good)
    _example(page, "Bad example", result.bad)


def _tuning(rule: RuleFacts) -> str:
    """Say what policy can do about the severity."""
    if rule.fixed:
        return f"{rule.default.value}, fixed: policy can neither change nor waive it"
    by = "" if rule.severity is rule.default else f", by default {rule.default.value}"
    if rule.kind is RuleKind.BY_HAND:
        return f"{_word(rule)}{by}; policy.severities.{rule.id}: off in reconciler.yaml leaves the step out"
    return f"{_word(rule)}{by}; policy.severities.{rule.id} in reconciler.yaml changes it, policy.waivers lifts it in one place for a time"


def _words(text: str) -> list[str]:
    return visible(text).split()


def _sources(page: Page, sources: Sequence[Source]) -> None:
    if not sources:
        return
    page.heading("Sources")
    width = widest([source.id for source in sources])
    for source in sources:
        page.hang(f"  {pad(visible(source.id), width)}  ", _words(source.title))
        if source.url:
            page.line(f"  {' ' * width}  {visible(source.url)}")


def _statements(page: Page, title: str, statements: Sequence[Statement]) -> None:
    if not statements:
        return
    page.heading(title)
    ids, standings = widest([one.id for one in statements]), widest([STANDINGS[one.standing] for one in statements])
    for one in statements:
        head = f"  {pad(visible(one.id), ids)}  {pad(STANDINGS[one.standing], standings)}  "
        page.hang(head, _words(_said(one)))


def _said(statement: Statement) -> str:
    if statement.decision is not None:
        return f"{statement.text} {statement.decision}"
    return f"{statement.text} Inferred: {statement.inferred}." if statement.inferred else statement.text


def _example(page: Page, title: str, example: Example | None) -> None:
    if example is None:
        return
    actor = f", --actor {visible(example.actor)}" if example.actor else ""
    page.heading(title, f": {visible(example.name)}{actor}")
    if example.stored is not None:
        _manifest(page, "stored:", example.stored)
        page.gap()
        _manifest(page, "declared:", example.declared)
    else:
        _manifest(page, "", example.declared)
    if example.expected:
        page.gap()
    for found in example.expected:
        page.hang(f"  {'said about' if '/' in found.place else 'found at'} {visible(found.place)}: ", _words(found.text))


def _manifest(page: Page, label: str, text: str) -> None:
    """Write a manifest as it is, to be copied."""
    if label:
        page.line(f"  {label}")
    for line in text.rstrip("\n").split("\n"):
        page.line(f"    {visible(line)}")


def _statement_of(page: Page, result: StatementOf) -> None:
    statement = result.statement
    level = f"; {statement.level.value}" if statement.level else ""
    page.heading(visible(statement.id), f" ({STANDINGS[statement.standing]}{level})")
    page.paragraph(visible(statement.text), 2)
    page.gap()
    labeled = [
        ("decision", _words(statement.decision or "")),
        ("inferred", _words(statement.inferred or "")),
        ("about", _listed(statement.about)),
        ("catalog", _listed(statement.catalog)),
        ("tests", _listed(statement.tests)),
        ("reason", _words(statement.reason or "")),
    ]
    page.details([(label, words) for label, words in labeled if words], indent=2)
    _rules(page, result.rules)
    _statements(page, "Decided about it", result.decisions)
    _sources(page, statement.sources)


def _rules(page: Page, found: Sequence[RuleFacts]) -> None:
    if not found:
        return
    page.heading("Rules that keep it")
    width = widest([rule.id for rule in found])
    for rule in found:
        page.hang(f"  {pad(visible(rule.id), width)}  ", _words(rule.summary))


def _listed(items: Sequence[str]) -> list[str]:
    return [f"{visible(item)}," for item in items[:-1]] + [visible(item) for item in items[-1:]]
