"""What was read, in bounded memory: a little per organization, the documents themselves in a temporary file."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import IO, Any, Final, Self

from reconciler.manifests.claims import Claims
from reconciler.manifests.files import ReadFile
from reconciler.manifests.locate import place
from reconciler.manifests.places import Places, Where
from reconciler.model.documents import digest_of, read_organization, sha256_hex
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Path, Range, Severity
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT
from reconciler.model.resources import Organization, OrganizationFacts

SPOOL_MEMORY: Final = 1024 * 1024
"""Up to this many bytes stay in memory before the spool becomes a file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource: the document it stands in, and its canonical bytes in the spool (none when it is invalid)."""

    where: Where
    offset: int = 0
    length: int = 0


@dataclass(slots=True, kw_only=True)
class Entry:
    """All that is known of one name."""

    organization: Kept | None = None
    grants: dict[str, Kept] = field(default_factory=dict)
    broken: bool = False


class Spool:
    """A temporary file of canonical documents; it disappears with the process."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY)  # noqa: SIM115 closed by Manifests.close
        self._end = 0

    def append(self, data: bytes) -> tuple[int, int]:
        """Store one document; return its offset and length."""
        self._file.seek(self._end)
        self._file.write(data)
        offset, self._end = self._end, self._end + len(data)
        return offset, len(data)

    def read(self, kept: Kept) -> bytes:
        """Return the bytes of one stored document."""
        self._file.seek(kept.offset)
        return self._file.read(kept.length)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


@dataclass(kw_only=True)
class Manifests:
    """Everything that was read. A context manager: what it holds on disk goes with `close`.

    Attributes:
        findings: of all files, with places, in file order; errors of a document do not hide those of another.
        facts: of each organization with a valid Organization document, by name.
        names: all organizations that a document or grant speaks of, also invalid ones, sorted.
        broken: the names of which a document or grant is invalid; `load` refuses them.
        files: all of them, by name, each real file once.
        organizations: how many Organization documents there are, `grants` how many ElevationGrant documents, invalid ones included.
        empty_paths: the given directories in which there is no manifest.
        claims: what each organization that was read claims as its own, whether or not the access has ended.
    """

    findings: tuple[Finding, ...]
    facts: Mapping[str, OrganizationFacts]
    names: tuple[str, ...]
    broken: frozenset[str]
    files: tuple[ReadFile, ...]
    organizations: int
    grants: int
    empty_paths: tuple[str, ...]
    claims: Claims
    _entries: Mapping[str, Entry]
    _spool: Spool
    _places: Places
    _unread: dict[str, Sequence[int]]
    _read_late: Callable[[int], None]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the temporary file; nothing can be loaded afterwards. A second call does nothing."""
        self._spool.close()

    def load(self, name: str) -> Organization:
        """Return what is declared of one organization; `settings` is None when only grants are.

        Raises:
            KeyError: no manifest speaks of *name*.
            ManifestError: what is said of it is invalid; `findings` has the reasons.
        """
        return read_organization(self._document(name))

    def digest(self, name: str) -> str:
        """Return `sha256:…` over the canonical bytes of what `load` gives, without building it. Errors as `load`."""
        entry = self._entry(name)
        if entry.organization is not None and not entry.grants:
            return "sha256:" + sha256_hex(self._spool.read(entry.organization))
        return digest_of(self._document(name))

    def locate(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return *findings* in their order, with pointer and range; those that have a range, or an unknown address, stay as they are.

        Raises:
            ManifestError: a file changed since it was read.
        """
        located = list(findings)
        wanted = [(kept.where, position) for position, finding in enumerate(findings) if (kept := self._unplaced(finding)) is not None]
        for where, position in sorted(wanted, key=lambda item: (item[0].file, item[0].start)):
            finding = located[position]
            explained = self._places.explained(where)
            path = finding.path or _path_of(finding.address or "")
            placed = place(replace(finding, path=path), explained.value, explained.marks)
            located[position] = replace(placed, path=finding.path)
        return located

    def ranges(self, name: str, addresses: Iterable[str]) -> Mapping[str, Range]:
        """Return where the resources at *addresses* of organization *name* are declared.

        One that is not declared has the place of what it would stand in; without even that it is left out.
        """
        plain = [
            Finding(rule="place", severity=Severity.INFO, message="", address=address)
            for address in addresses
            if address.startswith(name + "/")
        ]
        return {finding.address: finding.range for finding in self.locate(plain) if finding.address and finding.range}

    def _entry(self, name: str) -> Entry:
        for position in self._unread.pop(name, ()):
            self._read_late(position)
        entry = self._entries[name]
        if entry.broken:
            raise ManifestError(f"the manifests of {name} are invalid")
        return entry

    def _document(self, name: str) -> dict[str, Any]:
        entry = self._entry(name)
        document: dict[str, Any] = {"name": name, "settings": None, "administrators": None}
        if entry.organization is not None:
            document = json.loads(self._spool.read(entry.organization))
        document["grants"] = [json.loads(self._spool.read(entry.grants[grant])) for grant in sorted(entry.grants)]
        return document

    def _unplaced(self, finding: Finding) -> Kept | None:
        if finding.range is not None or finding.address is None:
            return None
        name, _, rest = finding.address.partition("/")
        kind, _, key = rest.partition("/")
        entry = self._entries.get(name)
        if entry is None:
            return None
        return entry.grants.get(key) if kind == ELEVATION_GRANT else entry.organization


def _path_of(address: str) -> Path:
    """Return the way to a resource in its document: to its name, or to a person's entry."""
    kind, _, key = address.partition("/")[2].partition("/")
    return ("spec", "administrators", key) if kind == ADMINISTRATOR else ("metadata", "name")
