"""All manifests of a run, read once: every file, every document, every finding."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter
from typing import Final, NamedTuple

from reconciler.manifests import build
from reconciler.manifests.checks import GrantDurations
from reconciler.manifests.claims import claims_of, mark
from reconciler.manifests.explain import FINDINGS_LIMIT
from reconciler.manifests.files import ReadFile, Survey
from reconciler.manifests.fleet import Contents, Entry, Kept, Manifests, Unread
from reconciler.manifests.judge import Judged, judge
from reconciler.manifests.locate import place
from reconciler.manifests.places import Places, Where
from reconciler.manifests.streams import Chunk, split
from reconciler.model.documents import compact, grant_document
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Path, Range, Severity, has_errors
from reconciler.model.identifiers import grant_address, organization_address
from reconciler.model.protocols import Watch, unwatched
from reconciler.model.resources import OrganizationFacts
from reconciler.workers import processes, spread

_NAME: Final[Path] = ("metadata", "name")
_ORGANIZATION: Final = "Organization"
_GRANT: Final = "ElevationGrant"
_READING: Final = "reading"


NOTHING_UNREAD: Final = Unread()
_PART: Final = 1 << 18
"""Bytes of manifests after which another process passes on what it has read."""


def read(
    survey: Survey, *, durations: GrantDurations | None = None, unread: Unread = NOTHING_UNREAD, watch: Watch = unwatched
) -> Manifests:
    """Read the manifests that were found.

    Whatever is wrong becomes a finding, so that one run reports everything; nothing is raised for any content.

    Args:
        survey: the files.
        durations: how long requests and elevations live, from the catalog.
        unread: what need not be read, in files that speak of nothing else.
        watch: sees the files go by.
    """
    contents = Contents(places=Places(survey.files))
    reader = _Reader(survey.files, contents, durations or GrantDurations())
    contents.read.update(range(len(survey.files)))
    contents.read.difference_update(*unread.files.values())
    try:
        with _collector_at_rest():
            reader.add_all(sorted(contents.read), watch)
    except BaseException:
        contents.spool.close()
        raise
    return Manifests(survey, unread, contents, reader.add)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Documents are trees: collecting garbage while they grow costs a fifth and finds nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Document(NamedTuple):
    """One document as it was read by itself, without regard to any other; a tuple, as a fleet has tens of thousands.

    Attributes:
        kind, organization, name: what it claims to be and to speak of; `name` is that of the grant, or of the organization.
        findings: what is wrong with it, with places.
        body: its canonical bytes; None when it is invalid.
        facts: of a valid Organization document.
        marks: of what that organization claims as its own.
    """

    start: int
    end: int
    line: int
    kind: str | None
    organization: str | None
    name: str | None
    findings: tuple[Finding, ...]
    body: bytes | None = None
    facts: OrganizationFacts | None = None
    marks: tuple[int, ...] = ()


def documents(data: bytes, filename: str, durations: GrantDurations) -> Iterator[Document | Finding]:
    """Yield the documents of one stream; a finding is the last that can be said of it.

    Nobody looks at more findings than the limit, so nothing is read after it.
    """
    found = 0
    for piece in split(data, filename):
        if isinstance(piece, Finding):
            yield piece
            return
        judged = judge(piece, durations)
        yield _read(piece, judged)
        found += len(judged.findings)
        if judged.stops_stream or found > FINDINGS_LIMIT:
            return


def _read(piece: Chunk, judged: Judged) -> Document:
    """Return one document with what it declares, if it is valid."""
    body: bytes | None = None
    facts: OrganizationFacts | None = None
    marks: tuple[int, ...] = ()
    if judged.value is not None and judged.name is not None and not has_errors(judged.findings):
        if judged.kind == _GRANT:
            body = compact(grant_document(build.build_grant(judged.value)))
        elif judged.kind == _ORGANIZATION:
            declared, facts = build.build_organization(judged.value)
            body, marks = compact(declared), tuple(map(mark, claims_of(declared)))
    return Document(
        start=piece.start,
        end=piece.start + len(piece.data),
        line=piece.line,
        kind=judged.kind,
        organization=judged.organization,
        name=judged.name,
        findings=judged.findings,
        body=body,
        facts=facts,
        marks=marks,
    )


class _Reader:
    """Adds file after file to what was read."""

    def __init__(self, files: Sequence[ReadFile], contents: Contents, durations: GrantDurations) -> None:
        self.files = files
        self.contents = contents
        self.durations = durations
        self.labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self.services: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add_all(self, positions: Sequence[int], watch: Watch) -> None:
        """Read these files, in their order."""
        count = processes(len(positions))
        if count == 1:
            for position in watch(_READING, positions, len(positions)):
                self.add(position)
            return
        with closing(spread(self.parts, positions, count)) as results:
            files = groupby(chain.from_iterable(results), key=itemgetter(0))
            for position, found in watch(_READING, files, len(positions)):
                self.merge(position, map(itemgetter(1), found))

    def parts(self, positions: Iterable[int]) -> Iterator[list[tuple[int, Document | Finding]]]:
        """Yield what files say, for another process to merge; in parts, as a file may be large."""
        part: list[tuple[int, Document | Finding]] = []
        size = 0
        for position in positions:
            for document in self.documents(position):
                part.append((position, document))
                size += 0 if isinstance(document, Finding) else document.end - document.start
                if size > _PART:
                    yield part
                    part, size = [], 0
        if part:
            yield part

    def add(self, position: int) -> None:
        """Read one file."""
        self.merge(position, self.documents(position))

    def documents(self, position: int) -> Iterator[Document | Finding]:
        """Yield what one file says."""
        file = self.files[position]
        try:
            data = file.source.read_again(file.sha256)
        except ManifestError as error:
            yield from error.findings
        else:
            yield from documents(data, file.name, self.durations)

    def merge(self, position: int, found: Iterator[Document | Finding]) -> None:
        """Keep the documents of one file, and its findings, cut at the limit."""
        findings: list[Finding] = []
        for document in found:
            if isinstance(document, Finding):
                findings.append(document)
                continue
            findings += document.findings
            findings += self.keep(document, Where(position, document.start, document.end, document.line))
            if len(findings) > FINDINGS_LIMIT:
                message = f"more than {FINDINGS_LIMIT:,} findings in this file"
                last = findings[FINDINGS_LIMIT - 1].range
                findings[FINDINGS_LIMIT:] = [_error("too-many-findings", message, detail="the rest of the file was not read", at=last)]
                break
        if findings:
            self.contents.findings[position] = findings

    def keep(self, document: Document, where: Where) -> list[Finding]:
        """Keep one document under the name it speaks of; return what is wrong with its name among all others."""
        is_grant = document.kind == _GRANT
        self.contents.organizations += document.kind == _ORGANIZATION
        self.contents.grants += is_grant
        if document.organization is None or document.kind not in {_ORGANIZATION, _GRANT}:
            return []
        entry = self.contents.entries.setdefault(document.organization, Entry())
        entry.broken = entry.broken or has_errors(document.findings)
        if document.name is None:
            return []
        first = entry.grants.get(document.name) if is_grant else entry.organization
        if first is not None:
            entry.broken = True
            return [self.duplicate(document, where, first.where, is_grant=is_grant)]
        kept = Kept(where) if document.body is None else Kept(where, *self.contents.spool.append(document.body))
        if is_grant:
            entry.grants[document.name] = kept
        else:
            entry.organization = kept
            self.index(document)
        return []

    def index(self, document: Document) -> None:
        """Take in what other organizations need to know of a valid one."""
        facts = document.facts
        if facts is None:
            return
        # A fleet has few sets of labels and of services: keep each once.
        labels = self.labels.setdefault(tuple(sorted(facts.labels.items())), facts.labels)
        self.contents.facts[facts.name] = OrganizationFacts(
            name=facts.name,
            type=facts.type,
            managed_by=facts.managed_by,
            labels=labels,
            sites=facts.sites,
            services=self.services.setdefault(facts.services, facts.services),
            former_name=facts.former_name,
        )
        self.contents.claims.add(facts.name, document.marks)

    def duplicate(self, document: Document, where: Where, first: Where, *, is_grant: bool) -> Finding:
        name, organization = document.name or "", document.organization or ""
        place_of_first = self.contents.places.explained(first).range(_NAME)
        at = f"{place_of_first.filename}:{place_of_first.start.line}:{place_of_first.start.column}"
        finding = _error(
            "duplicate-grant" if is_grant else "duplicate-organization",
            f"the grant {name} of {organization} is declared twice" if is_grant else f"the organization {name} is declared twice",
            detail=f"first at {at}",
            address=grant_address(organization, name) if is_grant else organization_address(name),
        )
        explained = self.contents.places.explained(where)
        return place(replace(finding, path=_NAME), explained.value, explained)


def _error(rule: str, message: str, *, detail: str, address: str | None = None, at: Range | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, detail=detail, address=address, range=at)
