"""The stored state before there is one."""

from collections.abc import Iterator
from datetime import datetime

from reconciler.model.changes import Recorded
from reconciler.model.documents import Document
from reconciler.model.journal import ChainHead, Entry
from reconciler.model.protocols import LockInfo, Stored, StoredHead
from reconciler.model.verdicts import Basis, Verdict


class EmptyState:
    """A `StateReader`, and `Facts`, over nothing: no lineage, no organization, no journal."""

    lineage: str | None = None

    def __init__(self, *, location: str) -> None:
        self.location = location

    def heads(self) -> Iterator[StoredHead]:
        """Yield nothing."""
        return iter(())

    def read(self, name: str) -> Stored:
        """Return serial 0 and no organization."""
        return Stored(organization=None, serial=0, digest=None)

    def names(self) -> tuple[str, ...]:
        """Return no name."""
        return ()

    def document(self, name: str) -> Document | None:
        """Return nothing."""
        return None

    def documents(self) -> Iterator[Document]:
        """Yield nothing."""
        return iter(())

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        """Yield nothing."""
        return iter(())

    def entries_of_plan(self, plan_hash: str) -> Iterator[Entry]:
        """Yield nothing."""
        return iter(())

    def chain_heads(self) -> list[ChainHead]:
        """Return no chain."""
        return []

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        """Return nothing."""
        return {}

    def highest_instant(self) -> datetime | None:
        """Return no instant."""
        return None

    def last_changes(self, organization: str) -> dict[str, Recorded]:
        """Return nothing."""
        return {}

    def token(self, view: str) -> str | None:
        """Return nothing."""
        return None

    def verdicts(self, view: str) -> Iterator[Verdict]:
        """Yield nothing."""
        return iter(())

    def bases(self, view: str) -> Iterator[Basis]:
        """Yield nothing."""
        return iter(())

    def locks(self) -> list[LockInfo]:
        """Return no lock."""
        return []

    def problems(self) -> Iterator[str]:
        """Yield nothing."""
        return iter(())

    def close(self) -> None:
        """Do nothing."""
