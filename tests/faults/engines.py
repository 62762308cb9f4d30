"""Where a state under fault lies, and which system calls touch it. Another engine is one more entry of `ENGINES`."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder with manifests in which commands run, and the state that they use.

    Attributes:
        url: of the state that is put at risk.
    """

    folder: Path
    url: str


class Engine(Protocol):
    """One engine of states."""

    name: str

    def site(self, folder: Path) -> Site:
        """Return a new place for a state, and no state."""

    def copy(self, site: Site, folder: Path) -> Site:
        """Return a copy of *site*, its state included."""

    def touches(self, call: str, site: Site) -> bool:
        """Tell whether a line of strace is about the state of *site*."""

    def changes(self, call: str) -> bool:
        """Tell whether a line about the state may change it, so that it matters whether a process died before or after."""

    def files(self, site: Site) -> Mapping[str, bytes]:
        """Return what lies where the state is."""


_READING: Final = frozenset(
    {"access", "close", "faccessat2", "fcntl", "fstat", "getdents64", "ioctl", "lseek", "lstat", "newfstatat", "pread64", "read", "readlink"}
    | {"stat", "statx"}
)
"""Calls after which every file is as before. Whatever else a run turns out to make is taken for a change."""

_NAME: Final = re.compile(r"\d+ +(\w+)\(")


def name_of(call: str) -> str:
    """Return which call a line of strace is about; empty for a line about anything else."""
    found = _NAME.match(call)
    return found[1] if found else ""


class Sqlite:
    """A state in a file, with the rollback journal and temporary files beside it."""

    name = "SQLite"

    def site(self, folder: Path) -> Site:
        """Return a place for a file that nobody has made yet, nor its folder."""
        return Site(folder=folder, url=f"sqlite:///{folder}/state/state.db")

    def copy(self, site: Site, folder: Path) -> Site:
        """Copy the whole folder."""
        shutil.copytree(site.folder, folder)
        return self.site(folder)

    def touches(self, call: str, site: Site) -> bool:
        """Everything that names the folder of the state, or is about a file in it."""
        return f"{site.folder}/state" in call

    def changes(self, call: str) -> bool:
        """Opening changes something where it makes a file."""
        name = name_of(call)
        return "O_CREAT" in call if name == "openat" else name not in _READING

    def files(self, site: Site) -> Mapping[str, bytes]:
        """Return the files, also where there is no folder yet."""
        folder = site.folder / "state"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


ENGINES: Final[tuple[Engine, ...]] = (Sqlite(),)
