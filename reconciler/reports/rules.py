"""The answers of `rules` and `explain` as members of JSON documents."""

from reconciler.model.documents import Document
from reconciler.model.results import RuleOf, Rules, StatementOf
from reconciler.model.rulebook import Example, RuleFacts, Statement
from reconciler.model.sources import Source
from reconciler.model.writing import Members


def rules_members(result: Rules | RuleOf | StatementOf) -> tuple[str, Members]:
    """Return the kind of the document and its members."""
    match result:
        case Rules():
            return "rules", {"rules": map(_rule, result.rules)}
        case RuleOf():
            statements = map(_statement, result.rule.statements)
            return "rule", {
                "rule": _rule(result.rule),
                "statements": statements,
                "good": _example(result.good),
                "bad": _example(result.bad),
            }
        case StatementOf():
            decisions = map(_statement, result.decisions)
            return "statement", {"statement": _statement(result.statement), "rules": map(_rule, result.rules), "decisions": decisions}


def _rule(rule: RuleFacts) -> Document:
    return {
        "id": rule.id,
        "kind": rule.kind.value,
        "severity": "off" if rule.severity is None else rule.severity.value,
        "default_severity": rule.default.value,
        "fixed": rule.fixed,
        "summary": rule.summary,
        "why": rule.why,
        "said": rule.said,
        "origin": rule.origin,
        "source": list(map(_source, rule.sources)),
        "statements": [statement.id for statement in rule.statements],
    }


def _source(source: Source) -> Document:
    return {"id": source.id, "rank": source.rank, "title": source.title, "url": source.url}


def _statement(statement: Statement) -> Document:
    return {
        "id": statement.id,
        "text": statement.text,
        "standing": statement.standing.value,
        "inferred": statement.inferred,
        "decision": statement.decision,
        "about": list(statement.about),
        "level": None if statement.level is None else statement.level.value,
        "form": None if statement.form is None else statement.form.value,
        "source": list(map(_source, statement.sources)),
        "rules": list(statement.rules),
        "catalog": list(statement.catalog),
        "tests": list(statement.tests),
        "reason": statement.reason,
    }


def _example(example: Example | None) -> Document | None:
    if example is None:
        return None
    return {
        "name": example.name,
        "declared": example.declared,
        "stored": example.stored,
        "actor": example.actor,
        "expected": [{"text": one.text, "place": one.place} for one in example.expected],
    }
