"""attest: a person says that a manual step was done. It is journalled with who and when, and the step is no longer open."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from shlex import quote

from reconciler.applying import record_of
from reconciler.model.changes import FollowUp
from reconciler.model.errors import MissingStateError, NothingOpenError
from reconciler.model.identifiers import address_key
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import StateReader
from reconciler.model.results import Attestation
from reconciler.pipeline.missing import require_state
from reconciler.pipeline.present import present
from reconciler.pipeline.request import Request, RunSettings
from reconciler.pipeline.running import run_of
from reconciler.rules import closest
from reconciler.stores import open_reader, open_store

_Open = Mapping[str, Sequence[FollowUp]]
"""Follow-ups by the name of their organization; none without any."""


def attest(addresses: Sequence[str], note: str, request: Request, settings: RunSettings) -> Attestation:
    """Close what is open at *addresses*, each follow-up with a journal entry of its own; all addresses are good, or nothing is closed.

    No document and no serial changes, so that saved plans stay valid.

    Args:
        addresses: of resources; the name of an organization alone means all that is open in it.
        note: what was done, in a person's words.
        request: names the stored state.
        settings: of the run.

    Raises:
        MissingStateError: there is no stored state.
        NothingOpenError: at one of the addresses nothing is open.
        LockedError: another run holds the lock of one of the organizations.
    """
    with closing(open_reader(request.state)) as reader:
        require_state(request, reader)
        if reader.lineage is None:
            raise MissingStateError(f"there is no stored state at {reader.location}", hint="--state names another one")
        # Nobody waits for a lock to learn of a typing error.
        names = list(_chosen(addresses, _open(reader)))
    with (
        closing(open_store(request.state, create=False)) as store,
        store.lock(names, settings.holder, timeout=settings.lock_timeout, record=_record(request, settings, store, EntryKind.LOCK)) as lock,
    ):
        open_now = _open(store)
        chosen = _chosen(addresses, open_now)
        left = {name: [it for it in open_now[name] if it not in chosen[name]] for name in names}
        done = _record(request, settings, store, EntryKind.ATTEST)
        for name in names:
            records = [replace(done, address=it.address, detail=f"{it.rule}: {note}") for it in chosen[name]]
            store.attest(lock, name, follow_ups=left[name], records=records)
    return Attestation(
        run=settings.run,
        at=done.at,
        actor=request.actor,
        note=note,
        attested=tuple(it for name in names for it in chosen[name]),
        left={name: len(left[name]) for name in names},
    )


def _record(request: Request, settings: RunSettings, store: StateReader, kind: EntryKind) -> Record:
    return record_of(run_of(request, settings), kind, present(settings.clock, store).now)


def _open(reader: StateReader) -> _Open:
    return {head.name: head.follow_ups for head in reader.heads() if head.follow_ups}


def _chosen(addresses: Sequence[str], open_now: _Open) -> _Open:
    """Return what is meant, by the sorted names of organizations; each follow-up once, by address and rule."""
    found: dict[str, set[FollowUp]] = {}
    for address in addresses:
        name = address.partition("/")[0]
        meant = {it for it in open_now.get(name, ()) if address == name or address_key(it.address) == address_key(address)}
        if not meant:
            raise _nothing_open(address, open_now)
        found.setdefault(name, set()).update(meant)
    return {name: sorted(found[name]) for name in sorted(found)}


def _nothing_open(address: str, open_now: _Open) -> NothingOpenError:
    name, _, rest = address.partition("/")
    known = name if name in open_now else closest(name, sorted(open_now))
    near = closest(f"{known}/{rest}", [it.address for it in open_now[known]]) if known and rest else known
    lists = f"reconciler show {known or ''}".strip()
    return NothingOpenError(
        f"no follow-up is open at {address}",
        detail=f"what is open is listed by {lists}",
        hint=f"reconciler attest {quote(near)} --note TEXT" if near else lists,
    )
