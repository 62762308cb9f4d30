"""The only file reading of manifests: which files, once each, safely, and the same bytes when asked again.

Nothing here can hang or follow a link: files are opened without blocking and without following, and the *descriptor* is examined.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Position, Range, Severity

STREAM_LIMIT: Final = 64 * 1024 * 1024
"""The largest stream that is read, in bytes."""

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"
CONFIG_NAMES: Final = ("reconciler.yaml",)
"""What is no manifest although its name ends like one's."""

_BLOCK: Final = 32 * 1024  # most manifests fit; a larger buffer costs more than it saves
_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_SUFFIXES: Final = (".yaml", ".yml")
_START: Final = Position(line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one reading of a source gave.

    Attributes:
        file: device and inode of the file, None for standard input; equal for two names of one file.
        sha256: 64 hexadecimal digits over `data`.
    """

    data: bytes
    file: tuple[int, int] | None
    sha256: str


class Source(NamedTuple):
    """One place that manifests come from; a tuple, as a fleet has tens of thousands.

    Attributes:
        name: for people: relative to the working directory with `/` when below it, else as given; always printable as UTF-8.
        path: for the operating system; None for standard input.
        data: what standard input gave, which can be read only once, or what gives the bytes that an earlier version had; None for files.
    """

    name: str
    path: str | None
    data: bytes | Callable[[], bytes] | None = None

    def read(self) -> Content:
        """Return the bytes as they are now.

        Raises:
            ManifestError: not a regular file, a link, unreadable, or larger than `STREAM_LIMIT`; carries one finding with a range.
        """
        data, file = _bytes_of(self)
        return Content(data=data, file=file, sha256=hashlib.sha256(data).hexdigest())

    def read_again(self, sha256: str) -> bytes:
        """Return the bytes that an earlier reading gave.

        Raises:
            ManifestError: unreadable by now, or (`file-changed`) other bytes than *sha256* says.
        """
        content = self.read()
        if content.sha256 != sha256:
            raise _refusal(
                _problem(
                    "file-changed",
                    self.name,
                    "the file changed while it was being read",
                    detail="nothing of this run holds; start it again",
                )
            )
        return content.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What the given paths lead to.

    Attributes:
        sources: by name, each path once.
        findings: warnings for what a walk skipped, errors for what was named and cannot be used.
        empty_paths: paths, as given, that lead to no manifest: empty directories, and missing paths where that is fine.
    """

    sources: tuple[Source, ...]
    findings: tuple[Finding, ...]
    empty_paths: tuple[str, ...]


class ReadFile(NamedTuple):
    """One file as its bytes were when the run began; a tuple, likewise. `sha256` is 64 hexadecimal digits."""

    source: Source
    sha256: str

    @property
    def name(self) -> str:
        """The name for people."""
        return self.source.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Every manifest of a run with the digest of its bytes; nothing was parsed yet.

    Attributes:
        files: by name, each real file once.
        findings: of the walk, and of the files that cannot be read.
        empty_paths: as in `Discovery`.
    """

    files: tuple[ReadFile, ...]
    findings: tuple[Finding, ...]
    empty_paths: tuple[str, ...]


def survey(paths: Sequence[str], *, cwd: str | None = None, config_names: Sequence[str] = CONFIG_NAMES, missing_ok: bool = False) -> Survey:
    """Find the manifests under *paths*, as `discover` does, and take the digest of each."""
    found = discover(paths, cwd=cwd, config_names=config_names, missing_ok=missing_ok)
    findings = list(found.findings)
    files: list[ReadFile] = []
    seen: set[tuple[int, int]] = set()
    for source in found.sources:
        try:
            data, file = _bytes_of(source)
        except ManifestError as error:
            findings += error.findings
            continue
        if file is None or file not in seen:
            files.append(ReadFile(source=source, sha256=hashlib.sha256(data).hexdigest()))
        if file is not None:
            seen.add(file)
    return Survey(files=tuple(files), findings=tuple(findings), empty_paths=found.empty_paths)


def discover(
    paths: Sequence[str], *, cwd: str | None = None, config_names: Sequence[str] = CONFIG_NAMES, missing_ok: bool = False
) -> Discovery:
    """Find the manifests under *paths*: files, directories, or `-` for standard input, which is read here.

    A directory is walked for `*.yaml` and `*.yml`, without entries that begin with a dot, without *config_names*, and without
    following links. The result does not depend on the order of *paths*. With *missing_ok* a path that does not exist is an empty one.
    """
    walk = _Walk(cwd=str(Path.cwd()) if cwd is None else cwd, config_names=frozenset(config_names), missing_ok=missing_ok)
    for path in paths:
        walk.add(path)
    return Discovery(
        sources=tuple(sorted(walk.sources.values(), key=attrgetter("name"))),
        findings=tuple(walk.findings),
        empty_paths=tuple(dict.fromkeys(walk.empty_paths)),
    )


def is_walked_to(below: str, config_names: Collection[str] = CONFIG_NAMES) -> bool:
    """Tell whether a walk of a directory takes the file at *below* in it (with `/`) for a manifest."""
    return below.endswith(_SUFFIXES) and not any(part.startswith(".") or part in config_names for part in below.split("/"))


def shown(name: str) -> str:
    """Return a name for people; one that is no UTF-8 arrives with lone surrogates, which no stream can print."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def special_file(name: str, severity: Severity) -> Finding:
    """Return the finding for a pipe, device, socket or directory where a manifest should be."""
    return _problem(
        "special-file",
        name,
        "this is no regular file",
        detail="manifests are read from regular files and standard input",
        severity=severity,
    )


def unreadable(name: str, error: Exception) -> Finding:
    """Return the finding for a file or directory that the operating system refuses."""
    reason = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
    return _problem("file-unreadable", name, f"cannot be read: {reason}")


class _Walk:
    def __init__(self, *, cwd: str, config_names: frozenset[str], missing_ok: bool) -> None:
        self.cwd = cwd
        self.inside = cwd if cwd.endswith(os.sep) else cwd + os.sep
        self.config_names = config_names
        self.missing_ok = missing_ok
        self.sources: dict[str, Source] = {}
        self.findings: list[Finding] = []
        self.empty_paths: list[str] = []

    def add(self, path: str) -> None:
        if path == STDIN:
            if STDIN not in self.sources:
                self.sources[STDIN] = Source(name=STDIN_NAME, path=None, data=sys.stdin.buffer.read(STREAM_LIMIT + 1))
            return
        full = str(Path(self.cwd) / path)  # keeps "..", which is not where it looks after a link
        name = self._shown(full, path)
        try:
            mode = os.lstat(full if path else "").st_mode  # an empty argument is no directory
        except FileNotFoundError:
            if self.missing_ok:
                self.empty_paths.append(path)
            else:
                self.findings.append(_problem("path-missing", name, "no such file or directory"))
        except (OSError, ValueError) as error:
            self.findings.append(unreadable(name, error))
        else:
            self._add_existing(full, path, name, mode)

    def _add_existing(self, full: str, path: str, name: str, mode: int) -> None:
        if stat.S_ISLNK(mode):
            self.findings.append(_link(name, Severity.ERROR))
        elif stat.S_ISDIR(mode):
            self._add_directory(full, path)
        elif not stat.S_ISREG(mode):
            self.findings.append(special_file(name, Severity.ERROR))
        elif full.endswith(".json"):
            self.findings.append(
                _problem("plan-file-as-manifest", name, "a *.json file is a plan file, not a manifest", detail="manifests are YAML files")
            )
        else:
            self.sources[full] = Source(name=name, path=full)

    def _add_directory(self, full: str, path: str) -> None:
        found = False
        pending = [(full, path)]
        while pending:
            directory, given = pending.pop()
            for entry in self._entries(directory, given):
                below = f"{given.rstrip('/')}/{entry.name}"
                if entry.name.endswith(_SUFFIXES) and entry.is_file(follow_symlinks=False):
                    found = True
                    if entry.path not in self.sources:
                        self.sources[entry.path] = Source(name=self._shown(entry.path, below), path=entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, below))
                else:
                    self._leave_out(entry, below)
        if not found:
            self.empty_paths.append(path)

    def _entries(self, directory: str, given: str) -> list[os.DirEntry[str]]:
        """Return what is neither hidden nor configuration, by name."""
        try:
            with os.scandir(directory) as listing:
                entries = [entry for entry in listing if not (entry.name.startswith(".") or entry.name in self.config_names)]
        except OSError as error:
            self.findings.append(unreadable(self._shown(directory, given), error))
            return []
        return sorted(entries, key=attrgetter("name"))

    def _leave_out(self, entry: os.DirEntry[str], below: str) -> None:
        """Say of a link, or of what is no file, that it is passed over, where it may have been meant."""
        if entry.is_symlink():
            if entry.name.endswith(_SUFFIXES) or entry.is_dir():
                self.findings.append(_link(self._shown(entry.path, below), Severity.WARNING))
        elif entry.name.endswith(_SUFFIXES):
            self.findings.append(special_file(self._shown(entry.path, below), Severity.WARNING))

    def _shown(self, full: str, given: str) -> str:
        text = full[len(self.inside) :] if full.startswith(self.inside) else given
        return shown(PurePath(text).as_posix() if os.sep != "/" else text)


def _bytes_of(source: Source) -> tuple[bytes, tuple[int, int] | None]:
    """Return the bytes of *source*, and which file that is; as `Source.read`, without anything around them."""
    if source.path is None:
        data = source.data() if callable(source.data) else source.data or b""
        if len(data) > STREAM_LIMIT:
            raise _refusal(too_large(source.name))
        return data, None
    try:
        descriptor = os.open(source.path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _why_not_opened(source.name, source.path, error) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise _refusal(special_file(source.name, Severity.ERROR))
        data = _read_all(descriptor, facts.st_size) if facts.st_size <= STREAM_LIMIT else b""
        if facts.st_size > STREAM_LIMIT or len(data) > STREAM_LIMIT:
            raise _refusal(too_large(source.name))
    except OSError as error:
        raise _refusal(unreadable(source.name, error)) from error
    else:
        return data, (facts.st_dev, facts.st_ino)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, max(size + 1, _BLOCK))
    if len(data) == size:
        return data
    parts = [data]  # the file is growing or shrinking, or lies about its size as /proc does
    length = len(data)
    while data and length <= STREAM_LIMIT:
        data = os.read(descriptor, STREAM_LIMIT + 1 - length)
        parts.append(data)
        length += len(data)
    return b"".join(parts)


def _why_not_opened(name: str, path: str, error: Exception) -> ManifestError:
    if os.path.islink(path):  # noqa: PTH114 - a name that no system takes is no link
        return _refusal(_link(name, Severity.ERROR))
    return _refusal(unreadable(name, error))


def _link(name: str, severity: Severity) -> Finding:
    detail = "links are not followed, so that a manifest is always the file that was reviewed"
    return _problem("symbolic-link", name, "this is a symbolic link", detail=detail, severity=severity)


def too_large(name: str) -> Finding:
    """Return the finding for more bytes than are read of one file."""
    return _problem("stream-too-large", name, "larger than 64 MiB", detail="at most 64 MiB a file; split it")


def _problem(rule: str, name: str, message: str, *, detail: str = "", severity: Severity = Severity.ERROR) -> Finding:
    place = Range(filename=name, start=_START, end=_START)
    return Finding(rule=rule, severity=severity, message=message, detail=detail, range=place)


def _refusal(finding: Finding) -> ManifestError:
    error = ManifestError(finding.message, detail=finding.detail, hint=finding.hint, findings=(finding,))
    error.rule = finding.rule
    return error
