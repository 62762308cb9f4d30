"""A spool: byte strings in order, written once and read as often as needed, so that a fleet streams through bounded memory."""

from collections.abc import Iterator
from typing import BinaryIO


class Spool:
    """Byte strings in a file that somebody else opened; each is written behind its length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
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
