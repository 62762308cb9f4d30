"""The files of a state: made whole or not at all, copied consistently, nothing left behind. No database library."""

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reconciler.model.errors import CorruptStateError, StoreError

_MAGIC: Final = b"SQLite format 3\x00"
_WAL: Final = 2
RESTORE: Final = "restore a backup of this file, or move it away to begin anew"


def journal_of(path: Path) -> Path:
    """Return where SQLite keeps the rollback journal of *path*."""
    return path.with_name(path.name + "-journal")


def refuse_orphaned_journal(path: Path, location: str) -> None:
    """Refuse a place whose state is gone while its rollback journal is there: SQLite would play that into whatever comes next.

    Raises:
        CorruptStateError: a journal without its state.
    """
    if not path.exists() and journal_of(path).exists():
        raise CorruptStateError(
            f"{location}: the state is gone, but its rollback journal {journal_of(path).name} is there",
            hint="put the state back beside it, or delete the journal to begin anew",
        )


def sync(path: Path) -> None:
    """Make the contents of a file, or the entries of a folder, durable."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make *folder* and its missing parents, each for its owner alone."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    with contextlib.suppress(FileExistsError):  # another process was faster
        folder.mkdir(mode=0o700)
        sync(folder.parent)


def create(path: Path, build: Callable[[Path], None], *, same: bool = True) -> None:
    """Make the file *path* out of what *build* writes to a temporary one, durably, and never over a file that is there.

    A process that dies on the way leaves no *path*, only a temporary file that `clean` removes later.

    Args:
        path: of the new file.
        build: fills an empty file.
        same: whether a file that another process made meanwhile is as good.

    Raises:
        FileExistsError: it is not, and there is one.
    """
    make_folders(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    temporary = Path(name)
    try:
        os.close(descriptor)
        build(temporary)
        sync(temporary)
        os.link(temporary, path)
    except BaseException as error:
        # Another process finished first, and may have cleaned our temporary file away: its state is as good.
        if not same or not isinstance(error, OSError | StoreError) or not path.exists():
            temporary.unlink(missing_ok=True)
            raise
    try:
        temporary.unlink(missing_ok=True)
        sync(path.parent)
    except OSError as error:
        # It has its name: whatever it is that fails now, the file may or may not be there afterwards.
        raise OSError(errno.EIO, error.strerror) from error


def clean(path: Path) -> None:
    """Remove temporary files of interrupted creations of *path*, which must exist: from then on they are of no use to anybody."""
    prefix = f".{path.name}."
    for entry in os.scandir(path.parent):
        if entry.name.startswith(prefix) and entry.name.endswith(".new"):
            with contextlib.suppress(OSError):
                Path(entry.path).unlink()


def copy_with_journal(path: Path, folder: Path) -> Path | None:
    """Copy a database and its rollback journal into *folder*; return the copy, or None when either changed meanwhile."""
    journal = journal_of(path)
    copy = folder / path.name
    try:
        before = _signature(path), _signature(journal)
        shutil.copyfile(path, copy)
        shutil.copyfile(journal, journal_of(copy))
        after = _signature(path), _signature(journal)
    except FileNotFoundError:
        return None
    return copy if before == after else None


def _signature(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def refuse_unusable(path: Path, location: str) -> None:
    """Refuse what no attempt to open could make sense of.

    Raises:
        StoreError: *path* is no regular file, or in a mode in which reading would leave files behind.
        CorruptStateError: it is empty or no SQLite database.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"{location} is not a regular file")
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        raise CorruptStateError(f"{location} is empty: a stored state never is", hint=RESTORE)
    if not header.startswith(_MAGIC):
        raise CorruptStateError(f"{location} is not a SQLite database", hint=RESTORE)
    if _WAL in header[18:20]:
        raise StoreError(
            f"{location} was switched to write-ahead logging, which would leave files behind checks",
            hint=f"sqlite3 {path.name} 'PRAGMA journal_mode=DELETE'",
        )


def missing_bytes(path: Path) -> str:
    """Return what the header promises and the file lacks, in words; empty when nothing is missing."""
    with path.open("rb") as file:
        header = file.read(100)
    size = path.stat().st_size
    page = int.from_bytes(header[16:18], "big")
    expected = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    return f"it is truncated: {size} of {expected} bytes" if size < max(expected, 100) else ""
