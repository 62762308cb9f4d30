"""What earlier runs found out, as far as it still holds: an organization with a verdict that holds is neither read nor judged again.

A verdict depends on the bytes of the manifests that speak of the organization, on the tool and the policy, on what was asked about other
organizations, on who else claims its people and sites, on the stored organization, and on the time. Where any of that cannot be shown to be as
it was, it is found anew: a warm plan equals a cold one, byte for byte.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from reconciler.manifests import Manifests, ReadFile, Survey, Unread, read
from reconciler.model.documents import sha256_hex
from reconciler.model.findings import Finding
from reconciler.model.protocols import StateReader, StoredHead
from reconciler.model.resources import OrganizationFacts, OrganizationType
from reconciler.model.verdicts import Basis, Verdict, ticks, unpacked
from reconciler.pipeline.checking import durations_of
from reconciler.pipeline.request import Request
from reconciler.pipeline.tool import fingerprint
from reconciler.planning.codec import read_finding

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, struct.error)
"""What reading a damaged memory may raise; nothing of it counts then."""
NOT_STORED: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The verdicts that hold.

    Attributes:
        view: where verdicts of these paths, this tool and this policy are kept.
        token: of what is kept there, None when nothing is.
        names: every organization that is remembered, whether or not its verdict holds.
        verdicts: those that hold, by organization.
    """

    view: str
    token: str | None
    names: frozenset[str] = frozenset()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Yield what was found about organizations whose verdicts hold."""
        for verdict in self.verdicts.values():
            if verdict.findings:
                yield from map(read_finding, json.loads(verdict.findings))


def read_what_changed(
    request: Request, survey: Survey, reader: StateReader, heads: Mapping[str, StoredHead], now: datetime
) -> tuple[Manifests, Held]:
    """Return the manifests, of which only those were read that no verdict speaks for, and the verdicts that hold at *now*."""
    held = _standing(request, survey, reader, heads, now)
    if not held.verdicts:
        return read(survey, durations=durations_of(request)), held
    try:
        return _beside(request, survey, reader, held)
    except UNREADABLE:
        return read(survey, durations=durations_of(request)), replace(held, verdicts={})


def view_of(request: Request) -> str | None:
    """Return where verdicts for *request* are kept; None when the tool cannot tell its own version."""
    tool = fingerprint()
    if tool is None:
        return None
    policy = request.policy
    severities = sorted((rule, severity and severity.value) for rule, severity in policy.severities.items())
    paths = sorted(str(Path(path)) for path in request.paths)
    return sha256_hex(repr((tool, paths, severities, [*policy.waivers])).encode())


def _standing(request: Request, survey: Survey, reader: StateReader, heads: Mapping[str, StoredHead], now: datetime) -> Held:
    """Return the verdicts whose own sources, stored organization and time are right; what they asked of others is not looked at yet."""
    view = None if request.recheck or reader.lineage is None else view_of(request)
    if view is None:
        return Held(view="", token=None)
    token = reader.token(view)
    if token is None:
        return Held(view=view, token=None)
    lines = {f"{file.sha256} {file.name}" for file in survey.files}
    at = ticks(now)
    names: set[str] = set()
    verdicts: dict[str, Verdict] = {}
    left: list[Verdict] = []
    try:
        for verdict in reader.verdicts(view):
            name = verdict.organization
            names.add(name)
            head = heads.get(name)
            if (
                (verdict.sources in lines or lines.issuperset(verdict.sources.split("\n")))
                and verdict.since <= at
                and (verdict.until is None or at < verdict.until)
                and head is not None
                and head.digest == verdict.settled
                and (not verdict.outside or _is_as_it_was(verdict.outside, heads))
            ):
                verdicts[name] = verdict
            else:
                left.append(verdict)
    except UNREADABLE:
        verdicts = {}
    _leave_what_shares_a_file(left, verdicts)
    return Held(view=view, token=token, names=frozenset(names), verdicts=verdicts)


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


def _beside(request: Request, survey: Survey, reader: StateReader, held: Held) -> tuple[Manifests, Held]:
    """Read what has no verdict, and take the verdicts away that depend on something there."""
    files = _files_of(survey.files, held)
    facts = _Facts(reader, held)
    manifests = read(survey, durations=durations_of(request), unread=Unread(files=files, facts=facts))
    changed = {*manifests.read_names(), *(held.names - held.verdicts.keys())}
    if not changed:
        return manifests, held
    bases = {basis.organization: basis for basis in reader.bases(held.view)}
    if reader.token(held.view) != held.token:
        raise ValueError("somebody else wrote verdicts meanwhile")
    affected = changed | _depending(changed, bases, _marks_of(changed, manifests, bases))
    manifests.read_more(affected)
    # Reading takes in whole files, and so perhaps organizations that nothing happened to; judging them again does no harm.
    affected |= set(manifests.read_names())
    # What they are judged beside: everybody who claims something that they claim.
    beside = _claiming(_marks_of(affected, manifests, bases), bases)
    for name in beside - affected:
        manifests.load(name)
    return manifests, replace(held, verdicts={name: it for name, it in held.verdicts.items() if name not in affected})


def _files_of(files: Sequence[ReadFile], held: Held) -> dict[str, tuple[int, ...]]:
    """Return the positions of the files that speak of the organizations whose verdicts hold."""
    positions = {f"{file.sha256} {file.name}": position for position, file in enumerate(files)}
    return {name: tuple(positions[line] for line in verdict.sources.split("\n")) for name, verdict in held.verdicts.items()}


class _Facts(Mapping[str, OrganizationFacts]):
    """The facts of organizations whose verdicts hold; most runs ask for few of them, and many for none."""

    def __init__(self, reader: StateReader, held: Held) -> None:
        self._read = reader.bases
        self._view = held.view
        self._names = [name for name, verdict in held.verdicts.items() if verdict.declared]
        self._texts: dict[str, str] | None = None

    def __getitem__(self, name: str) -> OrganizationFacts:
        if self._texts is None:
            known = frozenset(self._names)
            self._texts = {basis.organization: basis.facts for basis in self._read(self._view) if basis.organization in known}
        return _read_facts(name, self._texts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in frozenset(self._names)


def facts_text(facts: OrganizationFacts | None) -> str:
    """Return *facts* as a basis holds them."""
    if facts is None:
        return ""
    return json.dumps([facts.type.value, facts.managed_by, dict(facts.labels), facts.sites, facts.services])


def _read_facts(name: str, text: str) -> OrganizationFacts:
    kind, managed_by, labels, sites, services = json.loads(text)
    return OrganizationFacts(
        name=name, type=OrganizationType(kind), managed_by=managed_by, labels=labels, sites=tuple(sites), services=tuple(services)
    )


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
