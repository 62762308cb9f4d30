"""All manifests of a run, read once: every file, every document, every finding."""

import gc
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from reconciler.manifests import build
from reconciler.manifests.checks import GrantDurations
from reconciler.manifests.explain import FINDINGS_LIMIT
from reconciler.manifests.files import Content, Source, discover
from reconciler.manifests.fleet import Entry, Kept, Manifests, Spool
from reconciler.manifests.insiders import Insiders
from reconciler.manifests.judge import Judged, judge
from reconciler.manifests.locate import place
from reconciler.manifests.places import Places, ReadFile, Where
from reconciler.manifests.streams import split
from reconciler.model.documents import grant_document, organization_document
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Path, Range, Severity, has_errors, in_file_order
from reconciler.model.identifiers import grant_address, organization_address
from reconciler.model.resources import OrganizationFacts

_NAME: Final[Path] = ("metadata", "name")


def read(
    paths: Sequence[str],
    *,
    cwd: str | None = None,
    config_names: Sequence[str] = ("reconciler.yaml",),
    durations: GrantDurations | None = None,
    missing_ok: bool = False,
) -> Manifests:
    """Read the manifests under *paths*: files, directories, or `-` for standard input.

    Whatever is wrong becomes a finding, so that one run reports everything; nothing is raised for any content.

    Args:
        paths: as the user gave them; their order does not matter.
        cwd: what file names are shown relative to; by default the working directory.
        config_names: files that a walk passes over.
        durations: how long requests and elevations live, from the catalog.
        missing_ok: a path that does not exist is an empty one.
    """
    discovery = discover(paths, cwd=cwd, config_names=config_names, missing_ok=missing_ok)
    reader = _Reader(durations or GrantDurations())
    reader.findings += discovery.findings
    collecting = gc.isenabled()
    gc.disable()  # documents are trees: collecting while they grow costs a fifth and finds nothing
    try:
        for source in discovery.sources:
            reader.add(source)
    except BaseException:
        reader.spool.close()
        raise
    finally:
        if collecting:
            gc.enable()
    return reader.result(discovery.empty_paths)


class _Reader:
    def __init__(self, durations: GrantDurations) -> None:
        self.durations = durations
        self.findings: list[Finding] = []
        self.facts: dict[str, OrganizationFacts] = {}
        self.entries: dict[str, Entry] = {}
        self.organizations = 0
        self.grants = 0
        self.spool = Spool()
        self.places = Places()
        self.insiders = Insiders()
        self.seen: set[tuple[int, int]] = set()
        self.labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self.services: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, source: Source) -> None:
        try:
            content = source.read()
        except ManifestError as error:
            self.findings += error.findings
            return
        if content.file is not None:
            if content.file in self.seen:
                return
            self.seen.add(content.file)
        self.places.files.append(ReadFile(source=source, sha256=content.sha256))
        self.findings += self.stream(content, source.name)

    def stream(self, content: Content, filename: str) -> list[Finding]:
        """Read one stream; return its findings, cut at the limit."""
        findings: list[Finding] = []
        for piece in split(content.data, filename):
            if isinstance(piece, Finding):
                findings.append(piece)
                break
            judged = judge(piece, self.durations)
            findings += judged.findings
            findings += self.keep(judged, Where(len(self.places.files) - 1, piece.start, piece.start + len(piece.data), piece.line))
            if len(findings) > FINDINGS_LIMIT:
                message = f"more than {FINDINGS_LIMIT:,} findings in this file"
                last = findings[FINDINGS_LIMIT - 1].range
                findings[FINDINGS_LIMIT:] = [_error("too-many-findings", message, detail="the rest of the file was not read", at=last)]
                break
            if judged.stops_stream:
                break
        return findings

    def keep(self, judged: Judged, where: Where) -> list[Finding]:
        """Keep one document under the name it speaks of; return what is wrong with its name among all others."""
        name, organization = judged.name, judged.organization
        self.organizations += judged.kind == "Organization"
        self.grants += judged.kind == "ElevationGrant"
        if judged.value is None or organization is None or judged.kind not in {"Organization", "ElevationGrant"}:
            return []
        entry = self.entries.setdefault(organization, Entry())
        valid = not has_errors(judged.findings)
        entry.broken = entry.broken or not valid
        if name is None:
            return []
        is_grant = judged.kind == "ElevationGrant"
        first = entry.grants.get(name) if is_grant else entry.organization
        if first is not None:
            entry.broken = True
            return [self.duplicate(judged, where, first.where, is_grant=is_grant)]
        if is_grant:
            entry.grants[name] = self.kept_grant(judged, where) if valid else Kept(where)
        else:
            entry.organization = self.kept_organization(judged, where) if valid else Kept(where)
        return []

    def kept_organization(self, judged: Judged, where: Where) -> Kept:
        organization = build.build_organization(judged.value or {})
        facts = build.facts_of(organization)
        if facts is not None:
            labels = self.labels.setdefault(tuple(sorted(facts.labels.items())), dict(facts.labels))
            services = self.services.setdefault(facts.services, facts.services)
            # A fleet has few sets of labels and of services: keep each once.
            self.facts[organization.name] = replace(facts, labels=labels, services=services)
        people = organization.administrators or {}
        self.insiders.add(organization.name, [key for key, person in people.items() if person.home is None])
        return Kept(where, *self.spool.append(organization_document(organization)))

    def kept_grant(self, judged: Judged, where: Where) -> Kept:
        return Kept(where, *self.spool.append(grant_document(build.build_grant(judged.value or {}))))

    def duplicate(self, judged: Judged, where: Where, first: Where, *, is_grant: bool) -> Finding:
        name, organization = judged.name or "", judged.organization or ""
        place_of_first = self.places.explained(first).marks.range(_NAME)
        at = f"{place_of_first.filename}:{place_of_first.start.line}:{place_of_first.start.column}"
        finding = _error(
            "duplicate-grant" if is_grant else "duplicate-organization",
            f"the grant {name} of {organization} is declared twice" if is_grant else f"the organization {name} is declared twice",
            detail=f"first at {at}",
            address=grant_address(organization, name) if is_grant else organization_address(name),
        )
        explained = self.places.explained(where)
        return place(replace(finding, path=_NAME), explained.value, explained.marks)

    def result(self, empty_paths: tuple[str, ...]) -> Manifests:
        return Manifests(
            findings=tuple(in_file_order(self.findings)),
            facts=self.facts,
            names=tuple(sorted(self.entries)),
            broken=frozenset(name for name, entry in self.entries.items() if entry.broken),
            files=tuple(self.places.files),
            organizations=self.organizations,
            grants=self.grants,
            empty_paths=empty_paths,
            insiders=self.insiders,
            _entries=self.entries,
            _spool=self.spool,
            _places=self.places,
        )


def _error(rule: str, message: str, *, detail: str, address: str | None = None, at: Range | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, detail=detail, address=address, range=at)
