"""The fence: errors of SQLAlchemy, sqlite3 and the file system become ours here and nowhere else."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from reconciler.model.errors import CorruptStateError, LockedError, StorageFaultError, StoreError
from reconciler.stores.files import RESTORE
from reconciler.stores.server_faults import is_postgresql, lost, of_postgresql

_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is its primary one."""

_FAILURES: Final[dict[int, tuple[str, str | None]]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space and run again; the state is as it was before"),
    sqlite3.SQLITE_READONLY: ("it cannot be written", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_PERM: ("it cannot be opened", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_IOERR: ("reading or writing failed", "check the disk, then run again; the last change may or may not be stored"),
    sqlite3.SQLITE_NOMEM: ("there is not enough memory", None),
}


class HotJournalError(StoreError):
    """A writer died in the middle of a change, and a reader may not repair that in place."""


@contextmanager
def fence(location: str) -> Iterator[None]:
    """Translate every library error of the block into a `StoreError` that names *location*."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(error, location) from error
    except OSError as error:
        raise _of_file(error, location) from error
    except UnicodeDecodeError as error:  # a damaged schema stands in SQLite's own message, and that is then no text either
        raise CorruptStateError(f"{location} is damaged: {error}", hint=RESTORE) from error
    except Exception as error:
        ours = of_postgresql(error, location) if is_postgresql(error) else _of_sqlalchemy(error, location)
        if ours is None:
            raise
        raise ours from error


def _of_sqlalchemy(error: Exception, location: str) -> StoreError | None:
    # 200 ms; whoever raises one of them has loaded it.
    from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError  # noqa: PLC0415

    if isinstance(error, DBAPIError):
        return _of_driver(error.orig or error, location)
    if isinstance(error, PendingRollbackError):
        return lost(location)
    return StoreError(f"{location}: {error}") if isinstance(error, SQLAlchemyError) else None


def _of_driver(error: BaseException, location: str) -> StoreError:
    return _translated(error, location) if isinstance(error, sqlite3.Error) else of_postgresql(error, location)


def _translated(error: BaseException, location: str) -> StoreError:
    text = str(error)
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_READONLY_ROLLBACK:
        return HotJournalError(f"{location}: a writer died in the middle of a change", hint="run the command again")
    primary = code & _PRIMARY
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LockedError(f"{location}: other processes keep the database busy", hint="run again when they have ended")
    if primary in _FAILURES:
        words, hint = _FAILURES[primary]
        return StorageFaultError(f"{location}: {words} ({text})", hint=hint)
    return (
        CorruptStateError(f"{location} is damaged: {text}", hint=RESTORE)
        if _is_damage(primary, text)
        else StoreError(f"{location}: {text}")
    )


def _is_damage(primary: int, text: str) -> bool:
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}:
        return True
    # sqlite3 gives no code for text that is not UTF-8, and the general one for a table that is not there.
    return text.startswith(("Could not decode", "no such table", "no such column", "malformed"))


def _of_file(error: OSError, location: str) -> StoreError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        words, hint = _FAILURES[sqlite3.SQLITE_FULL]
        return StorageFaultError(f"{location}: {words}", hint=hint)
    if error.errno == errno.EIO:
        words, hint = _FAILURES[sqlite3.SQLITE_IOERR]
        return StorageFaultError(f"{location}: {words} ({error.strerror})", hint=hint)
    return StorageFaultError(f"{location}: {error.strerror or error}")
