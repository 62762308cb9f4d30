"""Renames of organizations: the stored state under the names that are to be, and the history that leads through former ones.

A chain of the journal has one name for ever. The chain of the former name ends with an entry that names the new one, the new one's goes on
with an entry that names the former, and both are written in one transaction: whoever reads one finds the other.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, cast

from reconciler.model.changes import Recorded
from reconciler.model.identifiers import organization_address
from reconciler.model.journal import Entry, EntryKind, Record
from reconciler.model.protocols import StateReader, Stored
from reconciler.model.resources import Administrator, Home, Organization


def stored_under(reader: StateReader, name: str, former: Mapping[str, str]) -> Stored:
    """Return what is stored of *name*; *former* gives the name under which an organization is stored that is to be renamed.

    Of such a one the serial is that of the new name, where nothing is stored.
    """
    if name not in former:
        return reader.read(name)
    was = reader.read(former[name])
    organization = was.organization
    if organization is not None:
        grants = {key: replace(grant, organization=name) for key, grant in organization.grants.items()}
        organization = replace(organization, name=name, grants=grants)
    return Stored(
        organization=organization,
        serial=reader.read(name).serial,
        digest=was.digest,
        follow_ups=tuple(replace(follow_up, address=_under(name, follow_up.address)) for follow_up in was.follow_ups),
        former_serial=was.serial,
    )


def _under(name: str, address: str) -> str:
    return f"{name}/{address.partition('/')[2]}"


def sides(before: Organization | None, after: Organization | None) -> tuple[Organization | None, ...]:
    """Return an organization before and after a change, and under the name that it gives up, to see whether something is for it."""
    if before is None or after is None or after.former_name is None:
        return before, after
    return before, after, replace(before, name=after.former_name)


class _Renamed:
    """A stored state under the names that its organizations are to have, also where others refer to them."""

    def __init__(self, reader: StateReader, former: Mapping[str, str]) -> None:
        self._reader = reader
        self._former = former
        self._new = {was: name for name, was in former.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read(self, name: str) -> Stored:
        """Return one organization; nothing is stored any more under a name that is given up."""
        stored = stored_under(self._reader, name, self._former)
        if name in self._new or stored.organization is None:
            return replace(stored, organization=None)
        return replace(stored, organization=with_references(stored.organization, self._new))

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        """Yield a chain; what is to be renamed goes on from that of its former name."""
        former = self._former.get(organization or "")
        return self._reader.entries(organization) if former is None else chain(*map(self._reader.entries, (organization, former)))


def under_new_names(reader: StateReader, former: Mapping[str, str]) -> StateReader:
    """Return *reader* as it answers once every organization in *former* has its new name: for whoever asks about others."""
    return cast("StateReader", _Renamed(reader, former)) if former else reader


def with_references(organization: Organization, new: Mapping[str, str]) -> Organization:
    """Return *organization* with its references to renamed organizations under their *new* names."""
    if not new:
        return organization  # as in nearly every run
    settings, people = organization.settings, organization.administrators
    if settings is not None and settings.managed_by is not None and settings.managed_by in new:
        settings = replace(settings, managed_by=new[settings.managed_by])
    if people is not None:
        people = {key: _with_references(person, new) for key, person in people.items()}
    return replace(organization, settings=settings, administrators=people)


def _with_references(person: Administrator, new: Mapping[str, str]) -> Administrator:
    home = person.home.organization if person.home is not None else None
    if home is not None and home in new:
        person = replace(person, home=Home(organization=new[home]))
    if person.customers and not new.keys().isdisjoint(person.customers):
        person = replace(person, customers=frozenset(new.get(name, name) for name in person.customers))
    return person


def refers_to(organization: Organization, names: Collection[str]) -> bool:
    """Tell whether *organization* refers to one of *names*."""
    people = (organization.administrators or {}).values()
    return (organization.settings is not None and organization.settings.managed_by in names) or any(
        (person.home is not None and person.home.organization in names) or not (person.customers or frozenset()).isdisjoint(names)
        for person in people
    )


def move_of(entry: Entry) -> tuple[str, str] | None:
    """Return the former and the new name when *entry* records a rename of its organization, in either chain."""
    record = entry.record
    if record.kind is not EntryKind.CHANGE or record.before is None or record.after is None:
        return None
    if record.address != organization_address(entry.organization):
        return None
    was, name = record.before.get("name"), record.after.get("name")
    return (was, name) if isinstance(was, str) and isinstance(name, str) and was != name else None


def followed(reader: StateReader, name: str) -> Iterator[Entry]:
    """Yield the journal of an organization with what was recorded of it under former names, each entry once, the oldest name first."""
    return _followed(reader, name, None, {})


def _followed(reader: StateReader, name: str, until: tuple[str, str] | None, seen: dict[str, int]) -> Iterator[Entry]:
    """Yield a chain up to the entry that gives the name up: *until* has the next name and the run."""
    for entry in reader.entries(name):
        move = move_of(entry)
        if move is not None and entry.organization == move[1]:
            yield from _followed(reader, move[0], (move[1], entry.record.run), seen)
        if entry.seq > seen.get(entry.organization, 0):
            seen[entry.organization] = entry.seq
            yield entry
        if move is not None and until == (move[1], entry.record.run):
            return


def records(reader: StateReader, name: str) -> Iterator[Record]:
    """Yield the changes of an organization in the order in which they were made, all of them with addresses under *name*."""
    for entry in followed(reader, name):
        record = entry.record
        if record.kind is EntryKind.CHANGE and record.address is not None and not gives_up(entry):
            yield record if entry.organization == name else replace(record, address=_under(name, record.address))


def gives_up(entry: Entry) -> bool:
    """Tell whether *entry* records a rename in the chain of the former name; the same change stands in that of the new one."""
    move = move_of(entry)
    return move is not None and move[0] == entry.organization


def recorded(reader: StateReader, name: str, addresses: Collection[str]) -> Mapping[str, Recorded]:
    """Return the last change of each resource, by address; former names are looked at when one of *addresses* has none under this."""
    found = reader.last_changes(name)
    if all(address in found for address in addresses):
        return found
    earlier = {
        record.address: Recorded(at=record.at, run=record.run, actor=record.actor, operator=record.operator)
        for record in records(reader, name)
        if record.address is not None
    }
    return {**earlier, **found}
