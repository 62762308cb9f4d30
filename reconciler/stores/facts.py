"""Facts from a state over plain SQL: questions about access are answered before SQLAlchemy would be loaded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reconciler.model.documents import Document
from reconciler.model.errors import CorruptStateError
from reconciler.model.instants import parse_instant
from reconciler.stores.faults import fence
from reconciler.stores.files import RESTORE
from reconciler.stores.migrate import MIGRATIONS, Migration, is_current
from reconciler.stores.opening import layout, readable_file
from reconciler.stores.rows import LAST, Kinds, document_in, readable
from reconciler.stores.urls import masked

_PAGE: Final = 500
"""Documents read at once: enough to be fast, few enough that no reader holds up a writer for long."""

_NAME: Final = Kinds(name=(str,))
_LAST: Final = "SELECT organization, at FROM chains JOIN journal USING (organization, seq)"
# As text an instant with a fraction sorts before its own second: everything within the last second is compared as what it is.
_LAST_SECOND: Final = "SELECT DISTINCT at FROM journal WHERE at >= (SELECT substr(max(at), 1, 19) FROM journal)"


Ask = Callable[[str, tuple[object, ...]], list[Any]]
"""Answers one statement, whose parameters are question marks, with all of its rows; each statement is a transaction of its own."""


class SqlFacts:
    """`Facts` over whatever answers statements."""

    def __init__(self, ask: Ask, *, location: str, held: ExitStack) -> None:
        """Read the lineage.

        Args:
            ask: answers until `close`.
            location: the masked URL.
            held: what `close` lets go of; taken over once the lineage was read.
        """
        self.location = location
        self._ask = ask
        found = self._rows("SELECT lineage FROM meta")
        if len(found) != 1 or not isinstance(found[0][0], str):
            raise CorruptStateError(f"{location} names no lineage", hint=RESTORE)
        self.lineage: str | None = found[0][0]
        self._held = held.pop_all()

    def _rows(self, statement: str, *parameters: object) -> list[Any]:
        with fence(self.location):
            return self._ask(statement, parameters)

    def names(self) -> tuple[str, ...]:
        """Return the names of all stored organizations."""
        found = self._rows("SELECT name FROM organizations WHERE digest IS NOT NULL ORDER BY name")
        with readable(f"{self.location}, table organizations,"):
            for row in found:
                _NAME.check(row)
        return tuple(name for (name,) in found)

    def document(self, name: str) -> Document | None:
        """Return one document, checked against its digest."""
        found = self._rows("SELECT digest, body FROM organizations WHERE name = ?", name)
        return document_in(name, *found[0]) if found else None

    def documents(self) -> Iterator[Document]:
        """Yield all documents, page by page, each checked against its digest."""
        after = ""
        while page := self._rows("SELECT name, digest, body FROM organizations WHERE name > ? ORDER BY name LIMIT ?", after, _PAGE):
            for row in page:
                document = document_in(*row)
                if document is not None:
                    yield document
            after = page[-1][0]

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        """Return when the last entry of one chain, or of every chain, was written."""
        found = self._rows(_LAST) if organization is None else self._rows(f"{_LAST} WHERE organization = ?", organization)
        with readable(f"{self.location}, table journal,"):
            for row in found:
                LAST.check(row)
            return {name: parse_instant(at) for name, at in found}

    def highest_instant(self) -> datetime | None:
        """Return the latest instant of any entry."""
        found = self._rows(_LAST_SECOND)
        with readable(f"{self.location}, table journal,"):
            return max((parse_instant(at) for (at,) in found), default=None)

    def close(self) -> None:
        """Let go of file or connection."""
        with fence(self.location):
            self._held.close()


def open_facts(path: Path, *, location: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> SqlFacts:
    """Open the state in the SQLite file *path*, without a write to it or beside it."""
    with ExitStack() as opened:
        raw = readable_file(path, location, opened)
        if not is_current(layout(raw, location), migrations, location):
            from reconciler.stores.sqlite import migrated_copy  # noqa: PLC0415 - migrating takes SQLAlchemy, and is seldom needed

            raw = migrated_copy(raw, location, migrations, opened)
        connection = raw
        return SqlFacts(lambda statement, parameters: connection.execute(statement, parameters).fetchall(), location=location, held=opened)


def open_shared_facts(url: str, *, migrations: tuple[Migration, ...] = MIGRATIONS) -> SqlFacts | None:
    """Open the state at *url* in PostgreSQL; None when there is none."""
    from reconciler.stores.connecting import READS, connect, is_there  # noqa: PLC0415 - psycopg is not always installed

    location = masked(url)
    with ExitStack() as opened:
        raw = opened.enter_context(closing(connect(url, READS)))
        if not is_there(raw, location, migrations):
            return None
        raw.autocommit = True
        return SqlFacts(
            lambda words, given: raw.execute(words.replace("?", "%s").encode(), given).fetchall(), location=location, held=opened
        )
