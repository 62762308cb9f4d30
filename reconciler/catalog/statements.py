"""The statements of the articles and how each is kept, and the checks that are no rules. For people only, so it is read when one asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from reconciler.catalog.catalog import load
from reconciler.catalog.reading import Facts, data, known, only, sources_of, word
from reconciler.model.findings import Severity
from reconciler.model.rulebook import Form, RuleKind, Statement
from reconciler.model.sources import Source

_KEPT = ("rules", "catalog", "tests", "reason")
_STATEMENT = ("text", "level", "form", "sources", "inferred", *_KEPT)
_DECISION = ("text", "decision", "about", "sources", *_KEPT)
_OWN_KINDS = (RuleKind.RAIL, RuleKind.STRUCTURE, RuleKind.NOTE, RuleKind.FAILURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check that is no function in `reconciler.rules`."""

    id: str
    kind: RuleKind
    severity: Severity
    summary: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rulebook:
    """What stands behind the rules.

    Attributes:
        statements: of the articles, of other texts, and our decisions where these leave a question open; by id.
        contract: rules that no statement asks for, with where they come from.
        checks: by id, in the order in which they are listed.
    """

    statements: Mapping[str, Statement]
    contract: Mapping[str, str]
    checks: Mapping[str, Check]

    def behind(self, rule: str) -> tuple[Statement, ...]:
        """Return the statements and decisions that *rule* keeps."""
        return tuple(statement for statement in self.statements.values() if rule in statement.rules)

    def decided(self, statement: str) -> tuple[Statement, ...]:
        """Return the decisions about *statement*."""
        return tuple(one for one in self.statements.values() if statement in one.about)


@cache
def rulebook() -> Rulebook:
    """Return the rulebook, read once a process."""
    facts = data("statements.yaml")
    statements = read_statements(facts, load().sources)
    return Rulebook(statements=statements, contract=facts["contract"], checks=read_checks(data("checks.yaml")))


def read_statements(facts: Facts, sources: Mapping[str, Source]) -> dict[str, Statement]:
    """Return statements and decisions, by id, in the order of the file."""
    only(facts, ("statements", "decisions", "contract"), "statements")
    found = {name: _statement(name, one, sources) for name, one in facts["statements"].items()}
    return found | {name: _decision(name, one, sources, found) for name, one in facts["decisions"].items()}


def _statement(name: str, facts: Facts, sources: Mapping[str, Source]) -> Statement:
    place = f"statement {name}"
    only(facts, _STATEMENT, place)
    return Statement(
        id=name,
        text=facts["text"],
        level=word(Severity, facts["level"], place),
        form=word(Form, facts["form"], place),
        sources=tuple(sources[source] for source in sources_of(facts, sources, place)),
        inferred=facts.get("inferred"),
        **_kept(facts, place),
    )


def _decision(name: str, facts: Facts, sources: Mapping[str, Source], statements: Iterable[str]) -> Statement:
    place = f"decision {name}"
    only(facts, _DECISION, place)
    return Statement(
        id=name,
        text=facts["text"],
        decision=facts["decision"],
        about=known(facts["about"], statements, place),
        sources=tuple(sources[source] for source in known(facts.get("sources", ()), sources, place)),
        **_kept(facts, place),
    )


def _kept(facts: Facts, place: str) -> dict[str, Any]:
    if not any(facts.get(way) for way in _KEPT):
        raise ValueError(f"{place}: nothing says how it is kept")
    return {"reason": facts.get("reason"), **{way: tuple(facts.get(way, ())) for way in _KEPT[:-1]}}


def read_checks(facts: Facts) -> dict[str, Check]:
    """Return the checks, by id, in the order of the file."""
    only(facts, _OWN_KINDS, "checks")
    return {name: _check(name, kind, one) for kind in _OWN_KINDS for name, one in facts[kind].items()}


def _check(name: str, kind: RuleKind, facts: Facts) -> Check:
    place = f"check {name}"
    only(facts, ("severity", "summary", "origin"), place)
    severity = word(Severity, facts.get("severity", Severity.ERROR), place)
    return Check(id=name, kind=kind, severity=severity, summary=facts["summary"], origin=facts["origin"])
