"""Documents that were read, to be looked at once more: their files are read again and must still have the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.manifests import lines
from reconciler.manifests.explain import Explained, explain
from reconciler.manifests.files import ReadFile
from reconciler.manifests.lines import Spots
from reconciler.manifests.streams import Chunk


@dataclass(frozen=True, slots=True)
class Where:
    """One document: the position of its file among those read, and its bytes in it; `line` is its first."""

    file: int
    start: int
    end: int
    line: int


class Places:
    """Explains documents again on demand. The last file and the last document are kept."""

    def __init__(self, files: Sequence[ReadFile]) -> None:
        self.files = files
        self._data: tuple[int, bytes] | None = None
        self._last: tuple[Where, Explained] | None = None

    def explained(self, where: Where) -> Explained:
        """Return the places of one document.

        Raises:
            ManifestError: the file is gone, or changed since it was read (`file-changed`).
        """
        if self._last is None or self._last[0] != where:
            self._last = (where, explain(self._chunk(where)))
        return self._last[1]

    def spots(self, where: Where) -> tuple[Any, Spots] | None:
        """Return the value of one clean document with the places that a plan names; None where only `explained` can tell.

        Raises:
            ManifestError: as above.
        """
        chunk = self._chunk(where)
        return lines.read(chunk.data, chunk.line)

    def _chunk(self, where: Where) -> Chunk:
        file = self.files[where.file]
        if self._data is None or self._data[0] != where.file:
            self._data = (where.file, file.source.read_again(file.sha256))
        return Chunk(data=self._data[1][where.start : where.end], start=where.start, line=where.line, filename=file.name)
