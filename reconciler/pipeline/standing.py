"""Who held what at an instant, replayed from the journal: for the few grants whose approver has to be looked at."""

from collections.abc import Iterable
from datetime import datetime

from reconciler.model.changes import Action
from reconciler.model.documents import read_administrator
from reconciler.model.identifiers import address_key, administrator_address, identity, organization_address
from reconciler.model.journal import Record
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Administrator
from reconciler.planning.renames import records
from reconciler.rules import OnRecord


class Standing:
    """Answers `Context.on_record` from a stored state."""

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader

    def __call__(self, organization: str, person: str, at: datetime) -> OnRecord | None:
        """Return what is recorded at *at* of the person with that identity key; None where no administrators are on record."""
        stored = self._reader.read(organization).organization
        if stored is None or stored.administrators is None:
            return None
        return replayed(records(self._reader, organization), organization, person, at) or OnRecord(person=stored.administrators.get(person))


def replayed(changes: Iterable[Record], organization: str, person: str, at: datetime) -> OnRecord | None:
    """Return what *changes* make of one person up to *at*; None when they name no administrator at all.

    Before its first record an organization is what the first run recorded, and so it is after it was forgotten, until it is recorded anew.
    """
    address, whole = administrator_address(organization, person), organization_address(organization)
    first_run: str | None = None
    found: Administrator | None = None
    for record in changes:
        if record.at > at and first_run not in {None, record.run}:
            break
        if record.address == whole and record.action is Action.DELETE:
            first_run = found = None
        elif record.address is not None and record.address.startswith(administrator_address(organization, "")):
            first_run = first_run or record.run
            if address_key(record.address) == address:
                found = None if record.after is None else read_administrator(record.after)
            elif record.before is not None and identity(record.before["email"]) == person:
                found = None  # renamed: the address is nobody's any more
    return None if first_run is None else OnRecord(person=found)
