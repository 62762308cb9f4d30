"""What has to hold after a fault: a legal state, a journal that agrees, an exit code that is true, and a next run that does the rest.

A legal state is the one before or the one after a transaction, organization by organization; nothing in between exists.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from reconciler.model.documents import compact_text, organization_document
from reconciler.model.instants import parse_instant
from reconciler.model.journal import GENESIS, Entry, EntryKind, entry_hash
from reconciler.model.protocols import StateReader
from reconciler.stores import open_reader
from tests.faults.engines import Engine, Site
from tests.faults.forked import Ended, Forks
from tests.faults.injecting import KILL, Point
from tests.faults.scenarios import Scenario

_BEGAN: Final = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- what is later was written by a run under test
_INSTANT: Final = re.compile(r'"(20\d\d-\d\d-\d\dT[\d:.]+Z)"')
_UNCERTAIN: Final = "may or may not be stored"
"""What a run says that cannot know whether its last transaction is there."""


class LostError(AssertionError):
    """After a fault something does not hold that has to."""


class Verdict(StrEnum):
    """What a fault left of the change that it hit."""

    OLD = "old"
    PART = "part"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored of an organization, as far as two runs of one command have it in common: no instants, no run.

    Attributes:
        changes: what the journal tells of it.
    """

    serial: int
    document: str | None
    follow_ups: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A state that was found readable, whole, and of one mind with its journal."""

    lineage: str | None
    organizations: Mapping[str, Kept]
    locks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legal:
    """The two states between which there is nothing, and what lies where the state is after an undisturbed run."""

    old: Seen
    new: Seen
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A state that a command was working on when it met a fault."""

    scenario: Scenario
    engine: Engine
    site: Site
    legal: Legal
    forks: Forks


def command_of(scenario: Scenario, site: Site) -> tuple[str, ...]:
    """Return the arguments of a scenario's command, for a report that a program reads and without waiting for anybody."""
    named = (argument.format(url=site.url, folder=site.folder) for argument in scenario.command)
    return (*named, "--format", "json", "--lock-timeout", "0s")


def require(holds: object, what: str) -> None:
    """Check that something holds.

    Raises:
        LostError: it does not.
    """
    if not holds:
        raise LostError(what)


def look(url: str) -> Seen:
    """Read a state in full, and check everything in it that can be checked against something else.

    Raises:
        LostError: it does not fit together.
    """
    with closing(open_reader(url)) as state:
        problems = list(state.problems())
        require(not problems, f"the state has problems: {problems}")
        entries = list(state.entries())
        _check_chains(state, entries)
        names = sorted({entry.organization for entry in entries} | {head.name for head in state.heads()})
        return Seen(
            lineage=state.lineage,
            organizations={name: _kept(state, name, entries) for name in names},
            locks=tuple(lock.id for lock in state.locks()),
        )


def _kept(state: StateReader, name: str, entries: Iterable[Entry]) -> Kept:
    stored = state.read(name)
    own = [entry for entry in entries if entry.organization == name and entry.record.kind is not EntryKind.LOCK]
    return Kept(
        serial=stored.serial,
        document=None if stored.organization is None else _timeless(compact_text(organization_document(stored.organization))),
        follow_ups=tuple(f"{it.address} {it.rule}" for it in stored.follow_ups),
        changes=tuple(_timeless(_told(entry)) for entry in own),
    )


def _told(entry: Entry) -> str:
    it = entry.record
    return json.dumps([it.kind, it.operation, it.address, it.action, it.reason, it.before, it.after, entry.serial], sort_keys=True)


def _timeless(text: str) -> str:
    """Return *text* without the instants that the run under test put into it."""
    return _INSTANT.sub(lambda found: '"now"' if parse_instant(found[1]) >= _BEGAN else found[0], text)


def _check_chains(state: StateReader, entries: Iterable[Entry]) -> None:
    last: dict[str, Entry] = {}
    for entry in entries:
        before = last.get(entry.organization)
        columns: dict[str, Any] = {"seq": entry.seq, "record": entry.record, "serial": entry.serial, "digest": entry.digest}
        previous = GENESIS if before is None else before.hash
        require(entry.seq == (1 if before is None else before.seq + 1), f"{entry.organization}: entry {entry.seq} has no predecessor")
        require(
            entry.hash == entry_hash(organization=entry.organization, previous=previous, **columns), f"entry {entry.seq} is not its hash"
        )
        last[entry.organization] = entry
    heads = {head.organization: (head.seq, head.hash) for head in state.chain_heads()}
    require(heads == {name: (entry.seq, entry.hash) for name, entry in last.items()}, "the heads are not the last entries")


def judge(trial: Trial, point: Point, ended: Ended) -> Verdict:
    """Tell what *point* left, after the next run as well.

    Raises:
        LostError: something does not hold.
    """
    verdict = left_by(trial, point, ended)
    go_on(trial, verdict)
    return verdict


def left_by(trial: Trial, point: Point, ended: Ended) -> Verdict:
    """Tell what *point* left.

    Raises:
        LostError: something does not hold.
    """
    engine, site, legal, forks = trial.engine, trial.site, trial.legal, trial.forks
    before = engine.stored(site)
    verified = forks.run(site.folder, "verify", "--format", "json", "--state", site.url)
    require(verified.code == 0 and verified.document["intact"], f"verify ends with {verified.code}: {verified.out}{verified.err}")
    seen = look(site.url)
    require(engine.stored(site) == before, "reading changed the files")
    fresh = {name for name in legal.new.organizations if _is(seen, legal.new, name)}
    stale = {name for name in legal.new.organizations if _is(seen, legal.old, name)}
    require(fresh | stale == legal.new.organizations.keys() | seen.organizations.keys(), f"neither old nor new: {seen}")
    require(legal.old.lineage in {None, seen.lineage}, "the lineage is another one")
    moved = {name for name in legal.new.organizations if not _is(legal.old, legal.new, name)}
    verdict = Verdict.NEW if moved <= fresh else Verdict.PART if moved & fresh else Verdict.OLD
    # Only a run that goes on after the fault may store one of them by itself, and says so.
    require(
        verdict is not Verdict.PART or not trial.scenario.together or ended.code == 6, f"one transaction, and only in part: {sorted(fresh)}"
    )
    if point.fault != KILL:
        _check_report(ended, moved & fresh, verdict)
        strays = {name for name in before.keys() - legal.names if not name.endswith("-journal")}
        require(not strays or point.call == "unlink", f"a run that ended by itself left {sorted(strays)}")
    return verdict


def _is(seen: Seen, legal: Seen, name: str) -> bool:
    return seen.organizations.get(name) == legal.organizations.get(name)


def _check_report(ended: Ended, stored: set[str], verdict: Verdict) -> None:
    """The exit code is one of those that are promised, and what is reported as done is what is stored."""
    require(ended.code in {0, 1, 6}, f"exit code {ended.code}: {ended.out}{ended.err}")
    require("Traceback" not in ended.out + ended.err, f"a traceback: {ended.err}")
    require(ended.code != 0 or verdict is Verdict.NEW, f"exit code 0, and what is stored is {verdict}")
    outcomes = ended.document.get("outcomes")
    if outcomes is None:
        require(verdict is Verdict.OLD or ended.code == 0 or _UNCERTAIN in ended.out, f"stored, and reported as an error: {ended.out}")
        return
    done = {outcome["address"].partition("/")[0] for outcome in outcomes if outcome["status"] == "done"}
    require(done <= stored, f"reported as done and not stored: {sorted(done - stored)}")
    require(ended.code != 6 or done, "exit code 6, and nothing is done")
    require(done == stored or _UNCERTAIN in ended.out + ended.err, f"stored and not reported as done: {sorted(stored - done)}: {ended.out}")


def go_on(trial: Trial, verdict: Verdict) -> None:
    """Let the next run take over what the dead one held, do what is left and nothing else, and leave nothing lying about.

    Raises:
        LostError: it does not.
    """
    scenario, site, legal, forks = trial.scenario, trial.site, trial.legal, trial.forks
    again = forks.run(site.folder, *command_of(scenario, site))
    require(
        again.code in {0, scenario.again if verdict is Verdict.NEW else 0},
        f"the next run ends with {again.code}: {again.out}{again.err}",
    )
    for lock in look(site.url).locks:
        # Nothing was left to do, so nobody came by to take it over; it is nobody's all the same.
        freed = forks.run(site.folder, "unlock", lock, "--state", site.url)
        require(freed.code == 0, f"lock {lock} is not free: {freed.err}")
    final = look(site.url)
    require(final.organizations == legal.new.organizations, f"the next run ends elsewhere: {list(_differences(final, legal.new))}")
    names = trial.engine.stored(site).keys()
    require(names == legal.names, f"left behind: {sorted(names ^ legal.names)}")


def _differences(found: Seen, wanted: Seen) -> Iterator[str]:
    for name in sorted(found.organizations.keys() | wanted.organizations.keys()):
        one, other = found.organizations.get(name), wanted.organizations.get(name)
        if one != other:
            extra = Counter(one.changes if one else ()) - Counter(other.changes if other else ())
            yield f"{name}: {one} instead of {other}; too much in the journal: {sorted(extra)}"
