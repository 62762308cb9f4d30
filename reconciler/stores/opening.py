"""Opening a state in a SQLite file, with nothing but the standard library: SQLAlchemy takes longer to load than most questions to answer.

Readers open `mode=ro`; never `immutable=1`, which shows half-done transactions.
"""

import logging
import sqlite3
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from reconciler.model.errors import CorruptStateError, StoreError
from reconciler.stores import files
from reconciler.stores.faults import HotJournalError, fence
from reconciler.stores.migrate import MIGRATIONS, is_current

APPLICATION_ID: Final = int.from_bytes(b"RCNL", "big")
"""What a SQLite file of ours carries in its header, so that another application's is never taken for a state."""

_BUSY_SECONDS: Final = 10.0
"""How long a statement waits for another process's transaction; those last milliseconds."""

_RECOVERIES: Final = 5
"""How often a state beside a hot journal is copied before somebody else's writes are too many."""

_log = logging.getLogger("reconciler")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file whose transactions begin only where we say so.

    Args:
        path: absolute.
        mode: `ro`, or `rw`; neither makes a file.
    """
    return sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def pragma(raw: sqlite3.Connection, name: str) -> int:
    """Return the number that the pragma *name* holds."""
    value: int = raw.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def layout(raw: sqlite3.Connection, location: str) -> int:
    """Return the version of a state's layout."""
    with fence(location):
        return pragma(raw, "user_version")


def open_file(path: Path, mode: str, location: str) -> sqlite3.Connection:
    """Open a file and make sure that it is a state of ours, of whatever version."""
    with fence(location):
        files.refuse_unusable(path, location)
        raw = connect(path, mode)
    try:
        with fence(location):
            application = pragma(raw, "application_id")
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except CorruptStateError as error:
        raw.close()
        truncated = files.missing_bytes(path)
        raise CorruptStateError(f"{location} is damaged: {truncated}", hint=files.RESTORE) if truncated else error from error
    except BaseException:
        raw.close()
        raise
    if application != APPLICATION_ID:
        raw.close()
        raise CorruptStateError(f"{location} is the SQLite database of another application", hint="--state names another file")
    return raw


def readable_file(path: Path, location: str, opened: ExitStack) -> sqlite3.Connection:
    """Open the state in *path*, of whatever version, to read, without a write to it or beside it.

    Beside a hot journal it is a private copy that is recovered and read. *opened* closes what was opened, and removes the copy.
    """
    for _ in range(_RECOVERIES):
        try:
            return opened.enter_context(closing(open_file(path, "ro", location)))
        except HotJournalError:
            copy = files.copy_with_journal(path, private_folder(opened))
        if copy is not None:
            _log.warning("%s: a writer died in the middle of a change; reading a recovered copy, the next change repairs it", location)
            return opened.enter_context(closing(open_file(copy, "rw", location)))
        threading.Event().wait(0.05)
    raise StoreError(f"{location}: a writer died in the middle of a change, and others keep changing it", hint="run the command again")


def version_at(path: Path, location: str) -> int:
    """Return the version of the state in *path*, today's or an older one.

    Raises:
        StateVersionError: a newer version wrote it.
    """
    with ExitStack() as opened:
        version = pragma(readable_file(path, location, opened), "user_version")
    is_current(version, MIGRATIONS, location)
    return version


def private_folder(opened: ExitStack) -> Path:
    """Return a new folder for this process alone; *opened* removes it."""
    return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-")))
