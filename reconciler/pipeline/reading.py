"""show, history, verify: what the stored state and its journal say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from reconciler.model.documents import UNREADABLE, refuse_misshapen
from reconciler.model.errors import CorruptStateError, MissingStateError
from reconciler.model.identifiers import ORGANIZATION
from reconciler.model.journal import GENESIS, ChainHead, Entry, EntryKind, entry_hash, overall_head
from reconciler.model.protocols import StateReader, StoredHead, Watch, unwatched
from reconciler.model.results import History, Organizations, Problem, StateOf, StoredOrganization, Verification
from reconciler.pipeline.missing import unknown_organization
from reconciler.pipeline.overdue import overdue
from reconciler.planning.plan import live_people
from reconciler.planning.renames import followed
from reconciler.rules import closest


def show_organizations(reader: StateReader, now: datetime) -> Organizations:
    """Return every stored organization, by name; access that has ended at *now* is not counted."""
    return Organizations(
        location=reader.location,
        lineage=reader.lineage,
        organizations=lambda: _stored(reader, now),
        findings=overdue(reader.heads(), now),
    )


def _stored(reader: StateReader, now: datetime) -> Iterator[StoredOrganization]:
    for head in reader.heads():
        if head.digest is None:
            continue
        organization = reader.read(head.name).organization
        if organization is None or organization.settings is None:
            continue
        settings, people = organization.settings, organization.administrators
        yield StoredOrganization(
            head=head,
            type=settings.type.value,
            display_name=settings.display_name,
            administrators=None if people is None else live_people(organization, now),
            grants=len(organization.grants),
        )


def show_organization(name: str, reader: StateReader, now: datetime) -> StateOf:
    """Return one organization as stored.

    Raises:
        MissingStateError: there is no state, or no such organization in it.
    """
    stored = reader.read(name)
    if stored.organization is None or stored.organization.settings is None or reader.lineage is None:
        raise unknown_organization(name, names_in(reader), reader.location)
    return StateOf(
        location=reader.location,
        lineage=reader.lineage,
        serial=stored.serial,
        organization=stored.organization,
        now=now,
        follow_ups=stored.follow_ups,
        findings=overdue(reader.heads(), now),
    )


def names_in(reader: StateReader) -> list[str]:
    """Return the names of the stored organizations, forgotten ones left out."""
    return [head.name for head in reader.heads() if head.digest is not None]


def history(organization: str | None, reader: StateReader) -> History:
    """Return the journal of one organization, with what was recorded of it under former names, or of all.

    Raises:
        MissingStateError: nothing was ever recorded about that organization.
    """
    heads = reader.chain_heads()
    if organization is not None:
        close = closest(organization, [head.organization for head in heads])
        heads = [head for head in heads if head.organization == organization]
        if not heads:
            hint = f"reconciler history {close}" if close else "reconciler history"
            raise MissingStateError(f"nothing is recorded about {organization} at {reader.location}", hint=hint)
    return History(
        location=reader.location,
        lineage=reader.lineage,
        organization=organization,
        entries=lambda: map(_whole, reader.entries() if organization is None else followed(reader, organization)),
        head=overall_head(heads),
    )


def _whole(entry: Entry) -> Entry:
    """Return *entry* when its documents are those of its resource: what a report shows has not been read before.

    Raises:
        CorruptStateError: they are not.
    """
    wrong = _wrong_with_documents(entry)
    if wrong is not None:
        raise CorruptStateError(f"entry {entry.seq} in the journal of {entry.organization} is damaged: {wrong}", hint="reconciler verify")
    return entry


def _wrong_with_documents(entry: Entry) -> Exception | None:
    record = entry.record
    type_ = ORGANIZATION if record.address is None else record.address.partition("/")[2].partition("/")[0]
    try:
        for document in (record.before, record.after):
            if document is not None:
                refuse_misshapen(type_, document)
    except UNREADABLE as error:
        return error
    return None


def verify_journal(reader: StateReader, watch: Watch = unwatched) -> Verification:
    """Check every entry of every chain, and that the stored documents are the ones the journal speaks of.

    Other runs may go on writing meanwhile: what is recorded is read first, then the chains, which may only have grown.
    """
    problems = [Problem(organization=None, seq=None, message=text) for text in reader.problems()]
    stored = {head.name: head for head in reader.heads()}
    heads = {head.organization: head for head in reader.chain_heads()}
    try:
        entries = watch("verifying", groupby(reader.entries(), _organization_of), len(heads))
        chains = {name: _walk(chain, heads.get(name), stored.get(name)) for name, chain in entries}
    except CorruptStateError as error:
        # An entry that cannot be read ends the walk; what holds for the chains is then unknown.
        return _verification(reader, stored, heads, [*problems, Problem(organization=None, seq=None, message=error.message)], entries=0)
    later = {head.organization: head for head in reader.chain_heads()}
    stored_later = {head.name: head for head in reader.heads()}
    for name, chain in chains.items():
        problems += chain.problems
        if name not in stored_later and chain.serial > 0:
            problems.append(_problem(name, chain.length, "the last entry speaks of a stored document, and there is none"))
        if name in stored_later and stored_later[name].serial < chain.serial:
            problems.append(_problem(name, chain.length, "the stored document is older than the last entry that speaks of one"))
        if name not in later or later[name].seq < chain.length:
            problems.append(_problem(name, chain.length, f"the chain has {chain.length} entries, its recorded head does not know them all"))
    problems += [_problem(name, None, "a head is recorded, but its chain is empty") for name in sorted(heads.keys() - chains.keys())]
    problems += [_problem(name, None, "a document is stored that no entry speaks of") for name in sorted(stored.keys() - chains.keys())]
    return _verification(reader, stored, heads, problems, entries=sum(chain.length for chain in chains.values()))


def _verification(
    reader: StateReader, stored: Mapping[str, StoredHead], heads: Mapping[str, ChainHead], problems: Sequence[Problem], *, entries: int
) -> Verification:
    return Verification(
        location=reader.location,
        lineage=reader.lineage,
        organizations=sum(1 for head in stored.values() if head.digest is not None),
        entries=entries,
        head=overall_head(list(heads.values())),
        problems=tuple(dict.fromkeys(problems)),
        locks=tuple(reader.locks()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """What walking one chain showed; `serial` is that of its last entry."""

    length: int
    serial: int
    problems: tuple[Problem, ...]


def _organization_of(entry: Entry) -> str:
    return entry.organization


def _walk(chain: Iterator[Entry], head: ChainHead | None, stored: StoredHead | None) -> _Chain:
    """Follow one chain from its first entry; it must come past its recorded head, and past the stored document."""
    found: list[Problem] = []
    last: Entry | None = None
    passed_head = head is None
    passed_document = stored is None
    for entry in chain:
        found += _entry_problems(entry, last)
        passed_head = passed_head or (head is not None and (entry.seq, entry.hash) == (head.seq, head.hash))
        passed_document = passed_document or (stored is not None and (entry.serial, entry.digest) == (stored.serial, stored.digest))
        last = entry
    if last is None:
        raise ValueError("a chain has at least one entry")
    if not passed_head and head is not None:
        message = f"the recorded head, entry {head.seq}, is not in the chain, which ends at entry {last.seq}"
        found.append(_problem(last.organization, head.seq, message))
    if not passed_document:
        found.append(_problem(last.organization, None, "the stored document is not one that an entry speaks of"))
    return _Chain(length=last.seq, serial=last.serial, problems=tuple(found))


def _entry_problems(entry: Entry, last: Entry | None) -> Iterator[Problem]:
    previous, expected = (GENESIS, 1) if last is None else (last.hash, last.seq + 1)
    if entry.seq != expected:
        yield _problem(entry.organization, entry.seq, f"entry {expected} is missing")
    elif entry.previous != previous:
        yield _problem(entry.organization, entry.seq, "the entry does not follow the one before it")
    if _hash(entry) != entry.hash:
        yield _problem(entry.organization, entry.seq, "the entry was changed after it was written")
    if entry.record.kind is EntryKind.CHANGE and entry.record.action is None:
        yield _problem(entry.organization, entry.seq, "a change names no action")
    if _wrong_with_documents(entry) is not None:
        yield _problem(entry.organization, entry.seq, "what it says was there before or after is no document of such a resource")


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
