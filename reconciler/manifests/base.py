"""Manifests as they were before: in another directory, or at a revision of the git repository around the working directory.

What is not as it is now has its own bytes here, taken from git into a file without a name; what did not change is the same file, and is
read by nobody twice.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path, PurePath
from typing import IO, Final, cast

from reconciler.manifests.files import STDIN, STREAM_LIMIT, ReadFile, Source, Survey, is_walked_to, shown, survey, too_large, unreadable
from reconciler.manifests.git import Repository, TreeFile, find_repository
from reconciler.model.errors import UsageError
from reconciler.model.findings import Finding

_MORE_HISTORY: Final = "git fetch; in CI, check out with the whole history (actions/checkout: fetch-depth: 0)"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSurvey:
    """Every manifest as it was; nothing was parsed yet.

    Attributes:
        survey: its names are those that the files have, or would have, in the present run.
        commit: that was looked into; None for a directory.
    """

    survey: Survey
    commit: str | None


@contextmanager
def survey_base(named: str, paths: Sequence[str], present: Survey, *, cwd: str | None = None) -> Iterator[BaseSurvey]:
    """Find the manifests that stood under *paths* before; they can be read until the end of the context.

    A revision means the commit where HEAD and it parted: what else happened there since is not of this branch.

    Args:
        named: a directory with the same layout as the working directory, or a revision.
        paths: of the present run.
        present: what is there now.
        cwd: the working directory.

    Raises:
        UsageError: *named* is neither, or both; or *paths* cannot be found in it.
    """
    here = os.path.realpath(Path.cwd() if cwd is None else cwd)
    if STDIN in paths:
        raise UsageError("--base needs files or directories: what standard input held before is not known")
    repository, commit = _revision(named, here)
    if repository is None or commit is None:
        below = [*_relative(paths, here, top=here)]
        yield BaseSurvey(survey=survey(below, cwd=str(Path(here, named)), missing_ok=True), commit=None)
        return
    # Readable by number alone, and gone with the process, whatever ends it.
    with tempfile.TemporaryFile() as kept:
        found = _survey_commit(repository, commit, [*_relative(paths, here, top=repository.top)], here=here, present=present, kept=kept)
        yield BaseSurvey(survey=found, commit=commit)


def _revision(named: str, here: str) -> tuple[Repository | None, str | None]:
    """Return the repository and the commit that *named* means; nothing where it is a directory."""
    is_directory = bool(named) and os.path.isdir(Path(here, named))  # noqa: PTH112 - a name that no system takes is no folder
    try:
        repository = find_repository(here)
    except UsageError as error:
        if is_directory:
            return None, None
        message = f"--base {named}: there is no such directory, and {error.message}"
        raise UsageError(message, detail=error.detail, hint=error.hint) from error
    tip = repository.commit(named) if named else None
    if tip is not None and is_directory:
        message = f"--base {named}: this is a revision and a directory"
        raise UsageError(message, hint=f"--base ./{named} for the directory, --base refs/heads/{named} for a branch")
    if is_directory:
        return None, None
    if tip is None:
        raise UsageError(f"--base {named}: neither a revision of this repository nor a directory", hint=_MORE_HISTORY)
    commit = repository.merge_base(tip)
    if commit is None:
        raise UsageError(f"--base {named}: HEAD has no commit in common with it, as far as this clone knows", hint=_MORE_HISTORY)
    return repository, commit


def _relative(paths: Sequence[str], here: str, *, top: str) -> Iterator[str]:
    """Yield *paths* relative to *here*.

    Raises:
        UsageError: one leads out of the folder *top*.
    """
    for path in paths:
        given = Path(here, path)
        # A link that is named itself is refused by the walk; links on the way to it are not.
        full = Path(os.path.realpath(given.parent), given.name) if given.is_symlink() else os.path.realpath(given)
        if not PurePath(full).is_relative_to(top):
            raise UsageError(f"{path} is not below {top}", detail="what it held before is looked for in the same place")
        yield os.path.relpath(full, here)


def _survey_commit(repository: Repository, commit: str, paths: Sequence[str], *, here: str, present: Survey, kept: IO[bytes]) -> Survey:
    inside = os.path.relpath(here, repository.top)
    at_top = [_from_top(path, inside) for path in paths]
    now = {(file.name, file.sha256): file for file in present.files}
    files: list[ReadFile] = []
    findings: list[Finding] = []
    wanted: list[tuple[str, TreeFile]] = []
    for entry in repository.files(commit, at_top):
        name = shown(PurePath(os.path.relpath(entry.path, inside)).as_posix())
        if entry.is_submodule:
            findings.append(unreadable(name, ValueError("another repository stands here")))
        elif not (entry.is_file and _is_manifest(entry.path, at_top)):
            continue
        elif entry.size is not None and entry.size > STREAM_LIMIT:
            findings.append(too_large(name))
        else:
            wanted.append((name, entry))
    for (name, _), data in zip(wanted, repository.contents(entry.object for _, entry in wanted), strict=True):
        if data is None:
            findings.append(unreadable(name, ValueError("git does not have its content")))
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        same = now.get((name, sha256))
        files.append(same or ReadFile(source=Source(name=name, path=None, data=_keep(kept, data)), sha256=sha256))
    kept.flush()
    return Survey(files=tuple(sorted(files, key=attrgetter("name"))), findings=tuple(findings), empty_paths=())


def _from_top(path: str, inside: str) -> str:
    """Return a path that is relative to the folder *inside* a repository as git knows it; the top itself has no name."""
    full = PurePath(os.path.normpath(Path(inside, path))).as_posix()
    return "" if full == "." else full


def _is_manifest(path: str, given: Sequence[str]) -> bool:
    """Tell whether a file was named, or is one that a walk of a given directory comes to."""
    for one in given:
        folder = f"{one}/" if one else ""
        if path == one or (path.startswith(folder) and is_walked_to(path.removeprefix(folder))):
            return True
    return False


def _keep(kept: IO[bytes], data: bytes) -> Callable[[], bytes]:
    offset = kept.tell()
    kept.write(data)
    # Not by seeking: forked processes read as well, and have the position in common.
    return cast("Callable[[], bytes]", partial(os.pread, kept.fileno(), len(data), offset))
