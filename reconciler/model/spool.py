"""A spool: byte strings in order, written once and read as often as needed, so that a fleet streams through bounded memory."""

import weakref
from collections.abc import Iterator
from typing import BinaryIO


class Spool:
    """Byte strings in a file that somebody else opened; each is written behind its length.

    The file is closed when nobody can read the spool any more: a report may come to it long after whoever filled it has gone.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        weakref.finalize(self, file.close)
        self.count = 0

    def append(self, data: bytes) -> None:
        """Add *data* at the end."""
        self._file.seek(0, 2)
        self._file.write(len(data).to_bytes(8, "big") + data)
        self.count += 1

    def __iter__(self) -> Iterator[bytes]:
        """Yield everything from the beginning; several readers may go at once."""
        position = 0
        for _ in range(self.count):
            self._file.seek(position)
            length = int.from_bytes(self._file.read(8), "big")
            data = self._file.read(length)
            position += 8 + length
            yield data
