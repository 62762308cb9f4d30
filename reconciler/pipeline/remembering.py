"""What earlier runs found out, as far as it still holds: an organization with a verdict that holds is neither read nor judged again.

A verdict depends on the bytes of the manifests that speak of the organization, on the tool and the policy, on what was asked about others,
on who else claims its people and sites, on the stored organization, and on the time. Where any of that cannot be shown to be as it was, it
is found anew: a warm plan equals a cold one, byte for byte.
"""

import json
import logging
import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

from reconciler.manifests import Manifests, Survey, Unread, read
from reconciler.model.documents import digest_of, organization_document, sha256_hex
from reconciler.model.errors import CorruptStateError
from reconciler.model.findings import Finding
from reconciler.model.lifetimes import grant_end, moments
from reconciler.model.protocols import StateReader, Store, StoredHead
from reconciler.model.resources import Organization, OrganizationFacts, OrganizationType
from reconciler.model.spool import Spool
from reconciler.model.verdicts import Basis, Verdict, packed, ticks, unpacked
from reconciler.model.writing import finding_document
from reconciler.pipeline.checking import durations_of
from reconciler.pipeline.judgements import Judgement
from reconciler.pipeline.request import Request
from reconciler.pipeline.tool import fingerprint
from reconciler.planning.codec import read_finding
from reconciler.planning.plan import live_people
from reconciler.rules import Context

_log = logging.getLogger("reconciler")

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, RecursionError, struct.error)
"""What reading a damaged memory may raise; nothing of it counts then."""
NOT_STORED: Final = "-"
_IN_FILE_ORDER: Final = frozenset({"duplicate-organization", "duplicate-grant"})
"""Which of two is the second one, only reading in the order of the files tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The verdicts that hold.

    Attributes:
        view: where verdicts of these paths, this tool and this policy are kept; None where none are.
        token: of what is kept there, None when nothing is.
        names: every organization that is remembered, whether or not its verdict holds.
        verdicts: those that hold, by organization; `files` the positions of the files that speak of them, `found` what was found
            about those where that is anything.
    """

    view: str | None
    token: str | None
    names: frozenset[str] = frozenset()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    files: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    found: Mapping[str, Sequence[Finding]] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Yield what was found about organizations whose verdicts hold."""
        for name, findings in self.found.items():
            if name in self.verdicts:
                yield from findings


def read_what_changed(
    request: Request, survey: Survey, reader: StateReader, heads: Mapping[str, StoredHead], now: datetime
) -> tuple[Manifests, Held]:
    """Return the manifests, of which only those were read that no verdict speaks for, and the verdicts that hold at *now*."""
    held = _standing(request, survey, reader, heads, now)
    if held.view is None or not held.verdicts:
        return read(survey, durations=durations_of(request), watch=request.watch), held
    try:
        manifests, held = _beside(request, survey, reader, held.view, held)
    except UNREADABLE:
        return read(survey, durations=durations_of(request), watch=request.watch), replace(held, verdicts={})
    _log.info("%d organizations are as an apply found them, %d are read", len(held.verdicts), len(manifests.names) - len(held.verdicts))
    return manifests, held


def view_of(request: Request) -> str | None:
    """Return where verdicts for *request* are kept; None when nothing is.

    That is so for single files, which are read as fast as remembered, and when the tool cannot tell its own version.
    """
    tool = fingerprint() if any(map(os.path.isdir, request.paths)) else None
    if tool is None:
        return None
    policy = request.policy
    severities = sorted((rule, severity and severity.value) for rule, severity in policy.severities.items())
    paths = sorted(str(Path(path)) for path in request.paths)
    return sha256_hex(repr((tool, paths, severities, [*policy.waivers])).encode())


def _standing(request: Request, survey: Survey, reader: StateReader, heads: Mapping[str, StoredHead], now: datetime) -> Held:
    """Return the verdicts whose own sources, stored organization and time are right; what they asked of others is not looked at yet."""
    view = view_of(request)
    token = None if view is None else reader.token(view)
    if view is None or token is None:
        return Held(view=view, token=None)
    positions = {f"{file.sha256} {file.name}": position for position, file in enumerate(survey.files)}
    at = ticks(now)
    names: set[str] = set()
    verdicts: dict[str, Verdict] = {}
    files: dict[str, tuple[int, ...]] = {}
    found: dict[str, list[Finding]] = {}
    left: list[Verdict] = []
    try:
        for verdict in reader.verdicts(view):
            name = verdict.organization
            names.add(name)
            head = heads.get(name)
            if (
                not request.recheck
                and (where := _positions(verdict.sources, positions))
                and verdict.since <= at
                and (verdict.until is None or at < verdict.until)
                and head is not None
                and head.digest == verdict.settled
                and (not verdict.outside or _is_as_it_was(verdict.outside, heads))
            ):
                verdicts[name], files[name] = verdict, where
                if verdict.findings:
                    found[name] = [*map(read_finding, json.loads(verdict.findings))]
            else:
                left.append(verdict)
    except UNREADABLE:
        verdicts = {}
    _leave_what_shares_a_file(left, verdicts)
    return Held(
        view=view,
        token=token,
        names=frozenset(names),
        verdicts=verdicts,
        files={name: files[name] for name in verdicts},
        found=found,
    )


def _positions(sources: str, positions: Mapping[str, int]) -> tuple[int, ...]:
    """Return where the *sources* of a verdict are among the files of this run; nothing when one of them is not as it was."""
    if sources in positions:  # one file an organization, mostly
        return (positions[sources],)
    found = tuple(positions[line] for line in sources.split("\n") if line in positions)
    return found if len(found) == sources.count("\n") + 1 else ()


def _leave_what_shares_a_file(left: Sequence[Verdict], verdicts: dict[str, Verdict]) -> None:
    """Take every verdict away that was found in a file with one of *left*: a file is read whole or not at all."""
    while left:
        lines = {line for verdict in left for line in verdict.sources.split("\n")}
        left = [verdict for verdict in verdicts.values() if not lines.isdisjoint(verdict.sources.split("\n"))]
        for verdict in left:
            del verdicts[verdict.organization]


def _is_as_it_was(outside: str, heads: Mapping[str, StoredHead]) -> bool:
    for line in outside.split("\n"):
        digest, _, name = line.partition(" ")
        if digest_of_stored(name, heads) != digest:
            return False
    return True


def digest_of_stored(name: str, heads: Mapping[str, StoredHead]) -> str:
    """Return the digest of a stored organization, or `-` where nothing is stored."""
    head = heads.get(name)
    return NOT_STORED if head is None or head.digest is None else head.digest


def _beside(request: Request, survey: Survey, reader: StateReader, view: str, held: Held) -> tuple[Manifests, Held]:
    """Read what has no verdict, and take the verdicts away that depend on something there."""
    unread = Unread(files=held.files, facts=_Facts(reader, view, held))
    with ExitStack() as opened:
        manifests = opened.enter_context(read(survey, durations=durations_of(request), unread=unread, watch=request.watch))
        manifests.read_more(manifests.read_names())
        affected = {*manifests.read_names(), *(held.names - held.verdicts.keys())}
        # Whoever refers to an organization that is renamed is judged again.
        affected.update(facts.former_name for name in manifests.read_names() if (facts := manifests.facts.get(name)) and facts.former_name)
        if affected:
            bases = {basis.organization: basis for basis in reader.bases(view)}
            if reader.token(view) != held.token:
                raise ValueError("somebody else wrote verdicts meanwhile")
            _read_who_is_affected(affected, manifests, bases)
        if not any(finding.rule in _IN_FILE_ORDER for finding in manifests.findings):
            opened.pop_all()
            return manifests, replace(held, verdicts={name: it for name, it in held.verdicts.items() if name not in affected})
    return read(survey, durations=durations_of(request), watch=request.watch), replace(held, verdicts={})


def _read_who_is_affected(affected: set[str], manifests: Manifests, bases: Mapping[str, Basis]) -> None:
    """Add whoever depends on one of *affected* to them, and read them and all that they are judged beside."""
    affected |= _depending(affected, bases, _marks_of(affected, manifests, bases))
    manifests.read_more(affected)
    # Reading takes in whole files, and so perhaps organizations that nothing happened to; judging them again does no harm.
    affected |= manifests.read_names()
    # Everybody who claims something that they claim.
    for name in _claiming(_marks_of(affected, manifests, bases), bases) - affected:
        manifests.load(name)


class _Facts(Mapping[str, OrganizationFacts]):
    """The facts of organizations whose verdicts hold; most runs ask for few of them, and many for none."""

    def __init__(self, reader: StateReader, view: str, held: Held) -> None:
        self._read = reader.bases
        self._view = view
        self._names = dict.fromkeys(name for name, verdict in held.verdicts.items() if verdict.declared)
        self._texts: dict[str, str] | None = None

    def __getitem__(self, name: str) -> OrganizationFacts:
        if self._texts is None:
            self._texts = {basis.organization: basis.facts for basis in self._read(self._view) if basis.organization in self._names}
        try:
            return _read_facts(name, self._texts[name])
        except UNREADABLE as error:
            raise CorruptStateError(f"what is remembered of {name} is damaged: {error}", hint="--recheck") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


def facts_text(facts: OrganizationFacts | None) -> str:
    """Return *facts* as a basis holds them."""
    if facts is None:
        return ""
    return json.dumps([facts.type.value, facts.managed_by, dict(facts.labels), facts.sites, facts.services, facts.former_name])


def _read_facts(name: str, text: str) -> OrganizationFacts:
    kind, managed_by, labels, sites, services, former_name = json.loads(text)
    return OrganizationFacts(
        name=name,
        type=OrganizationType(kind),
        managed_by=managed_by,
        labels=labels,
        sites=tuple(sites),
        services=tuple(services),
        former_name=former_name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What planning says of one organization.

    Attributes:
        after: what it becomes.
        digest: of the stored organization, where it is that already; None where something is to be changed.
        resources: how many are declared and live.
    """

    after: Organization
    digest: str | None
    resources: int


class Found:
    """What a run finds out about organizations, for `Store.remember`: a little of each in a spool, as a fleet is large."""

    def __init__(self, request: Request, held: Held, heads: Mapping[str, StoredHead], context: Context) -> None:
        self._held = held
        self._heads = heads
        self._now = now = context.now
        self._lifetime = request.catalog.request_lifetime
        self._waivers = min((waiver.expires for waiver in request.policy.waivers if now < waiver.expires), default=None)
        self._spool = Spool(cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=1 << 20)))  # noqa: SIM115 - closed with the spool

    def add(self, declared: Organization, planned: Planned, manifests: Manifests, judgement: Judgement[object]) -> None:
        """Take in one organization that was judged and planned."""
        name = declared.name
        facts = manifests.facts.get(name) if declared.settings is not None else None
        names = sorted(judgement.names)
        outside = [it for it in names if it not in manifests.facts]
        row = [
            name,
            "\n".join(f"{file.sha256} {file.name}" for file in manifests.sources(name)),
            "\n".join(f"{digest_of_stored(it, self._heads)} {it}" for it in outside),
            self._until(declared, planned.after, outside, unpinned=judgement.unpinned),
            planned.digest or digest_of(organization_document(planned.after)),
            facts is not None,
            planned.resources,
            live_people(planned.after, self._now),
            facts_text(facts),
            manifests.marks(name),
            "\n".join(names),
        ]
        self._spool.append(json.dumps(row).encode())

    def _until(self, declared: Organization, after: Organization, outside: Iterable[str], *, unpinned: bool) -> int | None:
        """Return when the verdict may cease to hold by itself: at once, when the history of a grant or of a fleet was looked at.

        What ends in another declared organization ends the verdict there, and this one depends on that.
        """
        grants = (*declared.grants.values(), *after.grants.values())
        if unpinned or any(self._now < grant_end(grant, request_lifetime=self._lifetime) for grant in grants):
            return ticks(self._now)
        ends = [it.at for side in (declared, after) for it in moments(side, request_lifetime=self._lifetime) if self._now < it.at]
        ends += [head.next_end for it in outside if (head := self._heads.get(it)) is not None and head.next_end is not None]
        if self._waivers is not None:
            ends.append(self._waivers)
        return ticks(min(ends)) if ends else None

    def keep(self, findings: Iterable[Finding], names: Iterable[str]) -> Callable[[Store], bool]:
        """Return what puts everything that was taken in into a store, and tells whether it did.

        Args:
            findings: what the manifests and the rules about them found, with places.
            names: every organization that is declared.
        """
        gone = self._held.names.difference(names)
        found = [*findings]

        def remember(store: Store) -> bool:
            view = self._held.view
            if view is None or not (self._spool.count or gone):
                return False
            return store.remember(view, self._verdicts(found), gone=gone, expected=self._held.token, at=self._now)

        return remember

    def _verdicts(self, findings: Iterable[Finding]) -> Iterator[tuple[Verdict, Basis]]:
        by_name: dict[str, list[Finding]] = {}
        for finding in findings:
            by_name.setdefault((finding.address or "").partition("/")[0], []).append(finding)
        for data in self._spool:
            name, sources, outside, until, settled, declared, resources, people, facts, marks, asked = json.loads(data)
            found = by_name.get(name)
            verdict = Verdict(
                organization=name,
                sources=sources,
                outside=outside,
                since=ticks(self._now),
                until=until,
                settled=settled,
                declared=declared,
                resources=resources,
                people=people,
                findings=json.dumps([finding_document(finding) for finding in found]) if found else "",
            )
            yield verdict, Basis(organization=name, facts=facts, marks=packed(marks), asked=asked)


def _marks_of(names: Iterable[str], manifests: Manifests, bases: Mapping[str, Basis]) -> set[int]:
    """Return the marks of what organizations claim, and of what they claimed when they were judged last."""
    marks: set[int] = set()
    for name in names:
        if name in bases:
            marks.update(unpacked(bases[name].marks))
        marks.update(manifests.marks(name))
    return marks


def _depending(changed: set[str], bases: Mapping[str, Basis], marks: set[int]) -> set[str]:
    """Return who asked about one of *changed*, or claims what one of them claims or claimed."""
    return {
        name
        for name, basis in bases.items()
        if not changed.isdisjoint(basis.asked.split("\n")) or not marks.isdisjoint(unpacked(basis.marks))
    }


def _claiming(marks: set[int], bases: Mapping[str, Basis]) -> set[str]:
    return {name for name, basis in bases.items() if not marks.isdisjoint(unpacked(basis.marks))}
