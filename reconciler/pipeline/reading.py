"""show, history, verify: what the stored state and its journal say."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from reconciler.model.errors import MissingStateError
from reconciler.model.journal import GENESIS, Entry, EntryKind, entry_hash, overall_head
from reconciler.model.protocols import StateReader
from reconciler.model.results import History, Organizations, Problem, StateOf, StoredOrganization, Verification


def show_organizations(reader: StateReader) -> Organizations:
    """Return every stored organization, by name."""
    return Organizations(location=reader.location, lineage=reader.lineage, organizations=lambda: _stored(reader))


def _stored(reader: StateReader) -> Iterator[StoredOrganization]:
    for head in reader.heads():
        if head.digest is None:
            continue
        organization = reader.read(head.name).organization
        if organization is None:
            continue
        settings, people = organization.settings, organization.administrators
        yield StoredOrganization(
            head=head,
            type=settings.type.value if settings else None,
            display_name=settings.display_name if settings else None,
            administrators=None if people is None else len(people),
            grants=len(organization.grants),
        )


def show_organization(name: str, reader: StateReader, now: datetime) -> StateOf:
    """Return one organization as stored.

    Raises:
        MissingStateError: there is no state, or no such organization in it.
    """
    stored = reader.read(name)
    if stored.organization is None or reader.lineage is None:
        raise MissingStateError(f"no organization {name} is stored at {reader.location}", hint="reconciler show")
    return StateOf(location=reader.location, lineage=reader.lineage, serial=stored.serial, organization=stored.organization, now=now)


def history(organization: str | None, reader: StateReader) -> History:
    """Return the journal of one organization, or of all.

    Raises:
        MissingStateError: nothing was ever recorded about that organization.
    """
    heads = reader.chain_heads()
    if organization is not None:
        heads = [head for head in heads if head.organization == organization]
        if not heads:
            raise MissingStateError(f"nothing is recorded about {organization} at {reader.location}", hint="reconciler history")
    return History(
        location=reader.location,
        lineage=reader.lineage,
        organization=organization,
        entries=lambda: reader.entries(organization),
        head=overall_head(heads),
    )


def verify_journal(reader: StateReader) -> Verification:
    """Check every entry of every chain, and that the stored documents are the ones the journal speaks of."""
    problems = [Problem(organization=None, seq=None, message=text) for text in reader.problems()]
    heads = {head.organization: head for head in reader.chain_heads()}
    stored = {head.name: head for head in reader.heads()}
    entries = 0
    seen = set()
    for organization, chain in groupby(reader.entries(), key=lambda entry: entry.organization):
        last, count, found = _walk(chain)
        entries += count
        problems += found
        seen.add(organization)
        head = heads.get(organization)
        if head is None or (head.seq, head.hash) != (last.seq, last.hash):
            at = "no head" if head is None else f"entry {head.seq}"
            problems.append(_problem(organization, last.seq, f"the chain ends at entry {last.seq}, its recorded head is {at}"))
        state = stored.get(organization)
        if state is not None and (state.serial, state.digest) != (last.serial, last.digest):
            problems.append(_problem(organization, last.seq, "the stored document is not the one the last entry speaks of"))
    problems += [_problem(name, None, "its chain is empty, but a head is recorded") for name in sorted(heads.keys() - seen)]
    problems += [_problem(name, None, "a document is stored that no journal entry speaks of") for name in sorted(stored.keys() - seen)]
    return Verification(
        location=reader.location,
        lineage=reader.lineage,
        organizations=sum(1 for head in stored.values() if head.digest is not None),
        entries=entries,
        head=overall_head(list(heads.values())),
        problems=tuple(problems),
        locks=tuple(reader.locks()),
    )


def _walk(chain: Iterator[Entry]) -> tuple[Entry, int, list[Problem]]:
    """Follow one chain from its first entry; return the last one, how many there are, and what is wrong."""
    found: list[Problem] = []
    last: Entry | None = None
    count = 0
    for entry in chain:
        count += 1
        previous, expected = (GENESIS, 1) if last is None else (last.hash, last.seq + 1)
        if entry.seq != expected:
            found.append(_problem(entry.organization, entry.seq, f"entry {expected} is missing"))
        elif entry.previous != previous:
            found.append(_problem(entry.organization, entry.seq, "the entry does not follow the one before it"))
        if _hash(entry) != entry.hash:
            found.append(_problem(entry.organization, entry.seq, "the entry was changed after it was written"))
        if entry.record.kind is EntryKind.CHANGE and entry.record.action is None:
            found.append(_problem(entry.organization, entry.seq, "a change names no action"))
        last = entry
    if last is None:
        raise ValueError("a chain has at least one entry")
    return last, count, found


def _hash(entry: Entry) -> str:
    return entry_hash(
        organization=entry.organization,
        seq=entry.seq,
        record=entry.record,
        serial=entry.serial,
        digest=entry.digest,
        previous=entry.previous,
    )


def _problem(organization: str, seq: int | None, message: str) -> Problem:
    return Problem(organization=organization, seq=seq, message=message)
