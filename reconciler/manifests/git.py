"""Git, asked for objects alone: which commit, which files in it, their bytes.

Nothing is checked out and nothing is fetched; index and work tree are neither read nor written; no hook, filter or helper of the repository
is run. What a repository's own files say is data, never a command.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from reconciler.model.errors import UsageError

_QUIETLY: Final = (
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "--literal-pathspecs",
    # Objects that a partial clone left out are not fetched now.
    *("-c", "protocol.allow=never"),
)
_ENVIRONMENT: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

_FILE: Final = "blob"
_SUBMODULE: Final = "commit"
_LINK_MODE: Final = "120000"


class TreeFile(NamedTuple):
    """One entry of a commit that is no folder; `path` is relative to the top, with `/`. `size` is in bytes, None of what is no file."""

    path: str
    mode: str
    type: str
    object: str
    size: int | None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.type == _FILE and self.mode != _LINK_MODE

    @property
    def is_submodule(self) -> bool:
        """Whether another repository stands there."""
        return self.type == _SUBMODULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The repository of a working directory. `top` is the absolute path of its first folder."""

    program: str
    top: str

    def commit(self, revision: str) -> str | None:
        """Return the id of the commit that *revision* names; None when it names none."""
        if revision.startswith("-"):
            return None  # an option, never a revision
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return done.stdout.decode("ascii", "replace").strip() or None if done.returncode == 0 else None

    def merge_base(self, commit: str) -> str | None:
        """Return where HEAD and *commit* parted; None when they have no commit in common, or there is no HEAD."""
        done = self._run("merge-base", commit, "HEAD")
        return done.stdout.decode("ascii", "replace").strip() or None if done.returncode == 0 else None

    def files(self, commit: str, paths: Sequence[str]) -> list[TreeFile]:
        """Return what *commit* holds at and below *paths*, which are relative to the top; an empty path is the top itself.

        Raises:
            UsageError: the commit cannot be listed.
        """
        below = [] if "" in paths else [*paths]
        done = self._run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *below)
        if done.returncode != 0:
            raise UsageError(f"git cannot list {commit}", detail=_said(done.stderr))
        return [_entry(line) for line in done.stdout.split(b"\0") if line]

    def contents(self, objects: Iterable[str]) -> Iterator[bytes | None]:
        """Yield the bytes of each of *objects*, files of this repository; None of one that is not at hand."""
        with subprocess.Popen(
            [self.program, *_QUIETLY, "cat-file", "--batch"],
            cwd=self.top,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise ValueError("pipes were asked for")
            for name in objects:
                try:
                    process.stdin.write(f"{name}\n".encode("ascii"))
                    process.stdin.flush()
                except BrokenPipeError:
                    yield None
                    continue
                found, _, size = process.stdout.readline().decode("ascii", "replace").strip().partition(f" {_FILE} ")
                data = process.stdout.read(int(size) + 1)[:-1] if found == name and size.isdigit() else None
                yield data if data is not None and len(data) == int(size) else None

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return _run(self.program, arguments, self.top)


def find_repository(cwd: str) -> Repository:
    """Return the repository that the folder *cwd* belongs to.

    Raises:
        UsageError: git is not installed, there is no repository, or git refuses to read it.
    """
    program = shutil.which("git")
    if program is None:
        raise UsageError("git is not installed", hint="install git, or name a directory that holds the manifests as they were")
    done = _run(program, ("rev-parse", "--show-toplevel"), cwd)
    if done.returncode != 0:
        hint = "run it in a clone, or name a directory that holds the manifests as they were"
        raise UsageError("git finds no repository here", detail=_said(done.stderr), hint=hint)
    return Repository(program=program, top=os.fsdecode(done.stdout.removesuffix(b"\n")))


def _run(program: str, arguments: Sequence[str], cwd: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [program, *_QUIETLY, *arguments],
            cwd=cwd,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except (OSError, ValueError) as error:
        raise UsageError("git cannot be run", detail=str(error)) from error


def _entry(line: bytes) -> TreeFile:
    facts, _, path = line.partition(b"\t")
    mode, type_, name, size = facts.decode("ascii").split()
    return TreeFile(path=os.fsdecode(path), mode=mode, type=type_, object=name, size=int(size) if size.isdigit() else None)


def _said(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else "git gave no reason"
