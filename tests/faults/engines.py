"""Where a state under fault lies, and at which points a command that works on it can be hit."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.faults.forked import Ended, Forks
from tests.faults.injecting import KILL, Point, hit, name_of, points_of, watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder with manifests in which commands run, and the state that they use.

    Attributes:
        url: of the state that is put at risk.
    """

    folder: Path
    url: str


class Engine(Protocol):
    """One engine of states.

    Attributes:
        alone: the faults that disturb whatever else runs on the engine.
    """

    name: str
    alone: frozenset[str]

    def site(self, folder: Path) -> Site:
        """Return a place for a state, and no state."""

    def copy(self, site: Site, folder: Path) -> Site:
        """Return a copy of *site*, its state included, of which *folder* holds the files."""

    def remove(self, site: Site) -> None:
        """Remove a state that is not looked at any more."""

    def points(self, forks: Forks, site: Site, command: Sequence[str], log: Path) -> tuple[Ended, list[Point]]:
        """Run *command* undisturbed; return how it ended, and every point at which it can be hit."""

    def hit(self, forks: Forks, site: Site, command: Sequence[str], point: Point, log: Path) -> Ended:
        """Run *command* and let it meet *point*.

        Raises:
            MissedError: nothing was tried.
        """

    def stored(self, site: Site) -> Mapping[str, bytes]:
        """Return what is stored, byte by byte, files or tables by name."""


_READING: Final = frozenset(
    {
        "access",
        "close",
        "faccessat2",
        "fcntl",
        "fstat",
        "getdents64",
        "ioctl",
        "lseek",
        "lstat",
        "newfstatat",
        "pread64",
        "read",
        "readlink",
    }
    | {"stat", "statx"}
)
"""Calls after which every file is as before. Whatever else a run turns out to make is taken for a change."""


class Sqlite:
    """A state in a file, with the rollback journal and temporary files beside it."""

    name = "SQLite"
    alone: frozenset[str] = frozenset()

    def site(self, folder: Path) -> Site:
        """Return a place for a file that nobody has made yet, nor its folder."""
        return Site(folder=folder, url=f"sqlite:///{folder}/state/state.db")

    def copy(self, site: Site, folder: Path) -> Site:
        """Copy the whole folder."""
        shutil.copytree(site.folder, folder)
        return self.site(folder)

    def remove(self, site: Site) -> None:
        """Remove the whole folder."""
        shutil.rmtree(site.folder)

    def points(self, forks: Forks, site: Site, command: Sequence[str], log: Path) -> tuple[Ended, list[Point]]:
        """Find every call that names the folder of the state, or is about a file in it.

        A kill matters at calls that change something; the others are reached with the same files as the change that comes next. So does a
        full disk. A disk that fails may fail at every call.
        """
        ended, calls = watch(forks, site.folder, command, log)
        found = [
            *points_of(calls, KILL, lambda call: self._touches(call, site) and self._changes(call)),
            *points_of(calls, "EIO", lambda call: self._touches(call, site)),
            *points_of(calls, "ENOSPC", lambda call: self._touches(call, site) and self._changes(call)),
        ]
        return ended, found

    def hit(self, forks: Forks, site: Site, command: Sequence[str], point: Point, log: Path) -> Ended:
        """Hit one of them."""
        return hit(forks, site.folder, command, point, log, where=lambda call: self._touches(call, site))

    def _touches(self, call: str, site: Site) -> bool:
        return f"{site.folder}/state" in call

    def _changes(self, call: str) -> bool:
        name = name_of(call)
        return "O_CREAT" in call if name == "openat" else name not in _READING

    def stored(self, site: Site) -> Mapping[str, bytes]:
        """Return the files, also where there is no folder yet."""
        folder = site.folder / "state"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}
