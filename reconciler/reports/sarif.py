"""Findings as SARIF 2.1.0, for code scanning: one run, the rules behind its results, and nothing of what is waived."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO
from urllib.parse import quote

from reconciler import __version__
from reconciler.model.documents import Document
from reconciler.model.findings import Range, Severity
from reconciler.model.results import Failure, FleetPlan, Result, Validation
from reconciler.model.rulebook import RuleFacts
from reconciler.model.writing import write_document
from reconciler.reports.located import CRITICAL, Located, first_sentence, located
from reconciler.reports.style import Style
from reconciler.reports.visible import visible

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST: Final = 5000
"""So many results are stored by code scanning; of more, the most severe are written, and a note says how many are not."""

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SEVERITIES: Final = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.INFO: "2.0"}
_CRITICAL: Final = "9.5"


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write the findings of *result*; none is an empty list of results, which closes the alerts there were.

    Raises:
        TypeError: it has no findings of manifests.
    """
    if not isinstance(result, Validation | FleetPlan | Failure):
        raise TypeError(f"{type(result).__name__} has no form as SARIF")
    found = located(result)
    shown = found[:MOST]
    command = "plan" if isinstance(result, FleetPlan) else style.command or "validate"
    rules = _rules(shown, style.rules())
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "reconciler", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"reconciler/{command}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result, exit_code, len(found) - len(shown))],
        "results": [_result(one, places) for one in shown],
    }
    write_document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, out)


def _rules(found: Iterable[Located], known: Iterable[RuleFacts]) -> list[Document]:
    facts = {rule.id: rule for rule in known}
    defaults: dict[str, Severity] = {}
    for one in found:
        defaults.setdefault(one.finding.rule, one.finding.severity)
    return [_rule(name, defaults[name], facts.get(name)) for name in sorted(defaults)]


def _rule(name: str, severity: Severity, facts: RuleFacts | None) -> Document:
    severity = facts.severity or facts.default if facts else severity
    shown = visible(name)
    rule: Document = {
        "id": shown,
        "name": "".join(word.capitalize() for word in shown.split("-")),
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["access", "security"],
            "precision": "very-high",
            "problem.severity": "recommendation" if severity is Severity.INFO else severity.value,
            "security-severity": _CRITICAL if name in CRITICAL else _SEVERITIES[severity],
        },
    }
    if facts is None:
        return rule
    urls = [source.url for source in facts.sources if source.url and source.url.startswith("https://")]
    said = [facts.summary, f"Why: {facts.why}" if facts.why else "", f"Source: {facts.said}" if facts.said else ""]
    parts = [_plain(part) for part in said if part]
    return {
        **rule,
        "shortDescription": {"text": _plain(first_sentence(facts.summary))},
        "fullDescription": {"text": _plain(facts.summary)},
        "help": {
            "text": "\n\n".join([*parts, f"More: reconciler explain {shown}"]),
            "markdown": "\n\n".join([*parts, f"More: `reconciler explain {shown}`"]),  # our own words; nothing foreign is in a rule
        },
        **({"helpUri": urls[0]} if urls else {}),
    }


def _result(one: Located, places: Mapping[str, int]) -> Document:
    finding = one.finding
    rule = visible(finding.rule)
    hint = f"hint: {finding.hint}" if finding.hint else ""
    return {
        "ruleId": rule,
        "ruleIndex": places[rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(_plain(part) for part in (finding.message, finding.detail, hint) if part)},
        **({"locations": [{"physicalLocation": _location(one.place)}]} if one.place else {}),
        "partialFingerprints": {"primaryLocationLineHash": f"{one.fingerprint[:16]}:1", "reconcilerFinding/v1": one.fingerprint},
    }


def _location(place: Range) -> Document:
    region = {"startLine": place.start.line, "startColumn": place.start.column, "endLine": place.end.line, "endColumn": place.end.column}
    return {"artifactLocation": _artifact(place.filename), "region": region}


def _artifact(filename: str) -> Document:
    # `surrogatepass`: a name that is no UTF-8 still becomes a URI.
    uri = quote(filename.encode("utf-8", "surrogatepass"))
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _invocation(result: Result, exit_code: int, left_out: int) -> Document:
    text = f"{left_out} more findings are left out here; the text report of the same command has all of them."
    notes = [{"level": "note", "message": {"text": text}}] if left_out else []
    return {"executionSuccessful": not isinstance(result, Failure), "exitCode": exit_code, "toolExecutionNotifications": notes}


def _plain(text: str) -> str:
    """Return visible text without the links that a message may contain: `[text](target)`."""
    return visible(text).replace("](", "]\\u{28}")
