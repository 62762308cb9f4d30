"""Documents that were read, to be looked at once more: their files are read again and must still have the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from reconciler.manifests import lines
from reconciler.manifests.explain import Explained, explain
from reconciler.manifests.files import ReadFile
from reconciler.manifests.marks import range_of
from reconciler.manifests.streams import Chunk
from reconciler.model.findings import Path, Range
from reconciler.model.identifiers import identity

_PEOPLE: Final = ("spec", "administrators")


@dataclass(frozen=True, slots=True)
class Where:
    """One document: the position of its file among those read, and its bytes in it; `line` is its first."""

    file: int
    start: int
    end: int
    line: int


class Again:
    """A document that was read, once more: its value, and the places of its nodes as `Marks` has them.

    Of a document that is written plainly, its lines tell the places that are asked for most. Only others are worth an explanation, which
    takes six times as long.

    Attributes:
        plain: the value and the spots of a document that is written plainly, None of any other.
    """

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._explained: Explained | None = None
        self.plain = lines.read(chunk.data, chunk.line)

    @property
    def value(self) -> Any:
        """What `explain` gives."""
        return self._slowly().value if self.plain is None else self.plain[0]

    def range(self, path: Path, *, at_key: bool = False) -> Range:
        """Return what `Marks.range` does."""
        span = None if self.plain is None or at_key else self.plain[1].at(path)
        return self._slowly().marks.range(path, at_key=at_key) if span is None else range_of(self._chunk.filename, span)

    def by_position(self, path: Path) -> Path:
        """Return *path* with a person's e-mail turned into the position of the entry: looked for one by one, many would take too long."""
        if path[:2] != _PEOPLE or len(path) < 3 or not isinstance(path[2], str):
            return path
        position = self._positions.get(identity(path[2]))
        return path if position is None else (*_PEOPLE, position, *path[3:])

    @cached_property
    def _positions(self) -> dict[str, int]:
        spec = self.value.get("spec") if isinstance(self.value, dict) else None
        people = spec.get("administrators") if isinstance(spec, dict) else None
        found: dict[str, int] = {}
        for position, person in enumerate(people if isinstance(people, list) else ()):
            email = person.get("email") if isinstance(person, dict) else None
            if isinstance(email, str):
                found.setdefault(identity(email), position)
        return found

    def _slowly(self) -> Explained:
        if self._explained is None:
            self._explained = explain(self._chunk)
        return self._explained


class Places:
    """Looks at documents again on demand. The last file and the last document are kept."""

    def __init__(self, files: Sequence[ReadFile]) -> None:
        self.files = files
        self._data: tuple[int, bytes] | None = None
        self._last: tuple[Where, Again] | None = None

    def explained(self, where: Where) -> Again:
        """Return the places of one document.

        Raises:
            ManifestError: the file is gone, or changed since it was read (`file-changed`).
        """
        if self._last is None or self._last[0] != where:
            self._last = (where, Again(self._chunk(where)))
        return self._last[1]

    def _chunk(self, where: Where) -> Chunk:
        file = self.files[where.file]
        if self._data is None or self._data[0] != where.file:
            self._data = (where.file, file.source.read_again(file.sha256))
        return Chunk(data=self._data[1][where.start : where.end], start=where.start, line=where.line, filename=file.name)
