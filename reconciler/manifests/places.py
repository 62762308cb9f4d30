"""Documents that were read, to be looked at once more: their files are read again and must still have the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.manifests.explain import Explained, explain
from reconciler.manifests.files import ReadFile
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
            file = self.files[where.file]
            if self._data is None or self._data[0] != where.file:
                self._data = (where.file, file.source.read_again(file.sha256))
            chunk = Chunk(data=self._data[1][where.start : where.end], start=where.start, line=where.line, filename=file.name)
            self._last = (where, explain(chunk))
        return self._last[1]
