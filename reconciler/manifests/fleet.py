"""What was read, in bounded memory: a little per organization, the documents themselves in a temporary file."""

import json
import os
import tempfile
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from types import TracebackType
from typing import IO, Any, Final, Self, cast

from reconciler.manifests.claims import Claims, claims_of, mark, site_claim
from reconciler.manifests.files import ReadFile, Survey
from reconciler.manifests.locate import place
from reconciler.manifests.marks import range_of
from reconciler.manifests.places import Places, Where
from reconciler.model.documents import digest_of, read_organization, sha256_hex
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Path, Range, Severity, in_file_order
from reconciler.model.identifiers import (
    ADMINISTRATOR,
    ELEVATION_GRANT,
    address_key,
    administrator_address,
    identity,
    organization_address,
)
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
        self._shared: int | None = None

    def share(self) -> None:
        """Prepare for forked processes to read as well: an offset in the file they would have in common. Nothing is added after it."""
        self._shared = self._file.fileno()
        self._file.flush()

    def append(self, data: bytes) -> tuple[int, int]:
        """Store one document; return its offset and length."""
        self._file.seek(self._end)
        self._file.write(data)
        offset, self._end = self._end, self._end + len(data)
        return offset, len(data)

    def read(self, kept: Kept) -> bytes:
        """Return the bytes of one stored document."""
        if self._shared is not None:
            return os.pread(self._shared, kept.length, kept.offset)
        self._file.seek(kept.offset)
        return self._file.read(kept.length)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Organizations of which everything is known already.

    Attributes:
        files: by name, the positions of the files that speak of it. They are read when somebody asks for the organization itself.
        facts: of those with an Organization document.
    """

    files: Mapping[str, Sequence[int]] = field(default_factory=dict)
    facts: Mapping[str, OrganizationFacts] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Contents:
    """What reading has given so far.

    Attributes:
        findings: by position of the file.
        read: the positions of the files that were read for good; `late` those that were only looked into.
    """

    places: Places
    findings: dict[int, list[Finding]] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    facts: dict[str, OrganizationFacts] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    spool: Spool = field(default_factory=Spool)
    organizations: int = 0
    grants: int = 0


class Manifests:
    """Everything that was found. A context manager: what it holds on disk goes with `close`.

    Attributes:
        names: all organizations that a document or grant speaks of, also invalid ones, sorted.
        facts: of each organization with a valid Organization document, by name.
        files: all of them, by name, each real file once.
        empty_paths: the given directories in which there is no manifest.
    """

    def __init__(self, survey: Survey, unread: Unread, contents: Contents, read_file: Callable[[int], None]) -> None:
        """Take over what was read.

        Args:
            survey: the files.
            unread: what was not read.
            contents: what was read; *read_file* adds to it what the file at a position says.
            read_file: reads one file.
        """
        self._survey = survey
        self._contents = contents
        self._entries: Mapping[str, Entry] = contents.entries
        self._spool, self._places = contents.spool, contents.places
        self._unread = dict(unread.files)
        self._read_file = read_file
        self.files, self.empty_paths = survey.files, survey.empty_paths
        self.names = tuple(sorted({*contents.entries, *unread.files}))
        self.facts: Mapping[str, OrganizationFacts] = contents.facts
        if unread.files:
            self.facts = ChainMap(contents.facts, cast("MutableMapping[str, OrganizationFacts]", unread.facts))
        self._broken: frozenset[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the temporary file; nothing can be loaded afterwards. A second call does nothing."""
        self._spool.close()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the files that were read, with places, in file order; errors of one document do not hide those of another."""
        found = (self._contents.findings.get(position, ()) for position in sorted(self._contents.read))
        return tuple(in_file_order([*self._survey.findings, *chain.from_iterable(found)]))

    @property
    def broken(self) -> frozenset[str]:
        """The names of which a document or grant is invalid; `load` refuses them."""
        if self._broken is None:
            self._broken = frozenset(name for name, entry in self._entries.items() if entry.broken)
        return self._broken

    @property
    def claims(self) -> Claims:
        """What each organization that was read, or only looked into, claims as its own, whether or not the access has ended."""
        return self._contents.claims

    @property
    def organizations(self) -> int:
        """How many Organization documents were read, invalid ones included."""
        return self._contents.organizations

    @property
    def grants(self) -> int:
        """How many ElevationGrant documents were read, invalid ones included."""
        return self._contents.grants

    def read_names(self) -> frozenset[str]:
        """Return the organizations that files speak of which were read for good."""
        read = self._contents.read
        return frozenset(
            name
            for name, entry in self._entries.items()
            if entry.broken or any(kept.where.file in read for kept in (entry.organization, *entry.grants.values()) if kept)
        )

    def read_more(self, names: Iterable[str]) -> None:
        """Read for good what speaks of the organizations *names*, and of all that stand in those files."""
        wanted = set(names)
        while wanted:
            for position in sorted({position for name in wanted for position in self._unread.pop(name, ())}):
                self._look_into(position)
                self._contents.read.add(position)
            wanted = {*self.read_names()} & self._unread.keys()

    def sources(self, name: str) -> tuple[ReadFile, ...]:
        """Return the files that speak of one organization that was read, by name."""
        entry = self._entries[name]
        positions = {kept.where.file for kept in (entry.organization, *entry.grants.values()) if kept}
        return tuple(self.files[position] for position in sorted(positions))

    def marks(self, name: str) -> tuple[int, ...]:
        """Return the marks of what an organization that was read claims; none of one that is not there or has no valid document."""
        facts = self._contents.facts.get(name)
        if facts is None:
            return ()
        if self._entries[name].broken:
            return tuple(mark(site_claim(site)) for site in facts.sites)
        return tuple(map(mark, claims_of(self._document(name))))

    def share(self) -> bool:
        """Prepare for forked processes to load what was read; False when some was left unread: they cannot read more."""
        if self._unread:
            return False
        self._spool.share()
        return True

    def _look_into(self, position: int) -> None:
        if position not in self._contents.read and position not in self._contents.late:
            self._contents.late.add(position)
            self._broken = None
            self._read_file(position)

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
            path = explained.by_position(finding.path or _path_of(finding.address or ""))
            placed = place(replace(finding, path=path), explained.value, explained)
            located[position] = replace(placed, path=finding.path)
        return located

    def ranges(self, name: str, addresses: Iterable[str]) -> Mapping[str, Range]:
        """Return where the resources at *addresses* of organization *name* are declared.

        One that is not declared has the place of what it would stand in; without even that it is left out.
        """
        entry = self._entries.get(name)
        own = [address for address in addresses if address.startswith(name + "/")]
        ranges = self._spotted(name, own, entry.organization) if entry and entry.organization else {}
        plain = [Finding(rule="place", severity=Severity.INFO, message="", address=address) for address in own if address not in ranges]
        return ranges | {finding.address: finding.range for finding in self.locate(plain) if finding.address and finding.range}

    def _spotted(self, name: str, addresses: Iterable[str], organization: Kept) -> dict[str, Range]:
        """Return the places of an organization and its people, in a document that is written plainly, as most are."""
        read = self._places.explained(organization.where).plain
        if read is None:
            return {}
        value, spots = read
        filename = self.files[organization.where.file].name
        people = (administrator_address(name, identity(person["email"])) for person in value["spec"].get("administrators") or ())
        places = dict(zip(people, spots.people, strict=True))
        if spots.name is not None:
            places[organization_address(name)] = spots.name
        return {address: range_of(filename, places[key]) for address in addresses if (key := address_key(address)) in places}

    def _entry(self, name: str) -> Entry:
        for position in self._unread.pop(name, ()):
            self._look_into(position)
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
