"""One document, from its bytes to a value and all that is wrong with it: parse, schema, checks, places, addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler import catalog
from reconciler.manifests import schema
from reconciler.manifests.checks import At, GrantDurations, check_grant, check_organization
from reconciler.manifests.emit import grant_manifest, organization_manifest
from reconciler.manifests.explain import FINDINGS_LIMIT, Explained, explain
from reconciler.manifests.locate import place
from reconciler.manifests.parse import EMPTY, UncleanError, value_of
from reconciler.manifests.streams import Chunk
from reconciler.model.findings import Finding, Path
from reconciler.model.identifiers import administrator_address, grant_address, organization_address
from reconciler.model.resources import Organization
from reconciler.rules import MANIFEST_RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One document after all that can be said of it alone.

    Attributes:
        value: None when it could not be read, or is no mapping.
        findings: with places, pointers and, where they are known, addresses.
        stops_stream: whether the rest of the stream must not be read.
    """

    value: dict[str, Any] | None
    findings: tuple[Finding, ...] = ()
    stops_stream: bool = False

    @property
    def kind(self) -> str | None:
        """The kind it claims to be, or None."""
        return _text(self.value, "kind")

    @property
    def name(self) -> str | None:
        """Its `metadata.name`, or None; not necessarily a valid one."""
        return _text(_inner(self.value, "metadata"), "name")

    @property
    def organization(self) -> str | None:
        """The organization it speaks of, or None."""
        return _text(_inner(self.value, "spec"), "organization") if self.kind == "ElevationGrant" else self.name


class _Explanation:
    """The slow reading of a document, done at most once and only when it is needed."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.done: Explained | None = None

    def get(self) -> Explained:
        if self.done is None:
            self.done = explain(self.chunk)
        return self.done

    def at(self, path: Path) -> str:
        where = self.get().marks.range(path)
        return f"{where.filename}:{where.start.line}:{where.start.column}"


def judge(chunk: Chunk, durations: GrantDurations) -> Judged:
    """Return what one document says and what is wrong with it; never raises for any input."""
    explanation = _Explanation(chunk)
    try:
        value = value_of(chunk)
    except UncleanError:
        explained = explanation.get()
        if not explained.usable:
            return Judged(value=None, findings=explained.findings, stops_stream=explained.stops_stream)
        value = explained.value
    if value is EMPTY:
        return Judged(value=None)
    problems = _problems(value, durations, explanation.at)
    document = value if isinstance(value, dict) else None
    found: list[Finding] = []
    if problems or explanation.done is not None:
        explained = explanation.get()
        found += explained.findings
        found += (place(finding, value, explained.marks) for finding in _own(problems, explained)[: FINDINGS_LIMIT + 1])
    return Judged(value=document, findings=tuple(_addressed(finding, document) for finding in found))


def judge_values(organization: Organization, durations: GrantDurations) -> list[Finding]:
    """Return what would be wrong with the manifests that declare *organization*, for values that come from elsewhere.

    The findings have addresses and paths, and no places. Grants that have ended are history and not looked at.
    """
    documents = [grant_manifest(grant) for grant in organization.grants.values() if grant.ended is None]
    if organization.settings is not None:
        documents.append(organization_manifest(organization))
    return [_addressed(problem, document) for document in documents for problem in _problems(document, durations, _nowhere)]


def _nowhere(_path: Path) -> str:
    return "another entry"


def _problems(value: Any, durations: GrantDurations, at: At) -> list[Finding]:
    problems = schema.check(value)
    if isinstance(value, dict):
        if value.get("kind") == "Organization":
            problems = [_about_role(problem, value) for problem in problems] + check_organization(value, at)
        elif value.get("kind") == "ElevationGrant":
            problems += check_grant(value, durations)
    return problems


def _about_role(problem: Finding, document: Mapping[str, Any]) -> Finding:
    """Say of a role that exists why it is not declared; to the schema it is one value among others that are not allowed."""
    if problem.rule != "schema-enum" or problem.path[3:4] != ("roles",):
        return problem
    person = document["spec"]["administrators"][problem.path[2]]
    email = (_text(person, "email") or "this administrator").lower()
    for rule in MANIFEST_RULES:
        for said in rule.check(person["roles"][problem.path[4]], email, problem.path, catalog.load()):
            return replace(problem, rule=rule.id, severity=rule.severity, message=said.message, detail=said.detail, hint=said.hint)
    return problem


def _own(problems: Iterable[Finding], explained: Explained) -> list[Finding]:
    """Leave out what only follows from a node that was refused already."""

    def follows(finding: Finding) -> bool:
        return any(finding.path[:length] in explained.unreadable for length in range(len(finding.path) + 1))

    return [finding for finding in problems if finding.rule == "schema-unknown-field" or not follows(finding)]


def _addressed(finding: Finding, document: Mapping[str, Any] | None) -> Finding:
    if document is None:
        return finding
    return replace(finding, address=_address(document, finding.path))


def _address(document: Mapping[str, Any], path: Path) -> str | None:
    name = _text(_inner(document, "metadata"), "name")
    if name is None:
        return None
    if document.get("kind") == "ElevationGrant":
        organization = _text(_inner(document, "spec"), "organization")
        return None if organization is None else grant_address(organization, name)
    if document.get("kind") != "Organization":
        return None
    people = _inner(document, "spec")
    email = _email(people.get("administrators") if people else None, path)
    return organization_address(name) if email is None else administrator_address(name, email.lower())


def _email(people: Any, path: Path) -> str | None:
    if path[:2] != ("spec", "administrators") or len(path) < 3 or not isinstance(people, list):
        return None
    position = path[2]
    person = people[position] if isinstance(position, int) and position < len(people) else None
    return _text(person, "email")


def _inner(holder: Mapping[str, Any] | None, field: str) -> Mapping[str, Any] | None:
    value = holder.get(field) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else None


def _text(holder: Any, field: str) -> str | None:
    value = holder.get(field) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and value else None
