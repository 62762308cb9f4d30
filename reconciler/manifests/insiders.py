"""Who is internal to more than one organization, found in eight bytes a person instead of all addresses."""

from array import array
from collections.abc import Callable, Collection, Iterable
from itertools import chain, pairwise
from typing import Final

_BITS: Final = 32
_LOW: Final = (1 << _BITS) - 1
_PARTS: Final = 64
"""Sorting makes an object of every mark it sorts: by parts, these are few at a time."""


class Insiders:
    """The own people of every organization: of each a part of the hash of the identity key, and the organization's number.

    Equal hashes only say where to look. `shared` compares the keys themselves, so that its answer depends neither on collisions nor on the
    seed of the hash.
    """

    def __init__(self, hashed: Callable[[str], int] = hash) -> None:
        self._hashed = hashed
        self._names: list[str] = []
        self._parts = [array("Q") for _ in range(_PARTS)]

    def add(self, name: str, keys: Iterable[str]) -> None:
        """Take in the identity keys of the own people of the organization *name*, each once."""
        number = len(self._names)
        self._names.append(name)
        for key in keys:
            hashed = self._hashed(key) & _LOW
            self._parts[hashed % _PARTS].append(hashed << _BITS | number)

    def shared(self, keys_of: Callable[[str], Collection[str]]) -> dict[str, tuple[str, ...]]:
        """Return the organizations of everybody who is among the own people of two or more, by identity key; sorted.

        Args:
            keys_of: gives the keys of one organization again, or fewer when some of them do not count; asked of few organizations.
        """
        hashes, numbers = self._candidates()
        found: dict[str, list[str]] = {}
        for name in sorted(self._names[number] for number in numbers):
            for key in keys_of(name):
                if self._hashed(key) & _LOW in hashes:
                    found.setdefault(key, []).append(name)
        return {key: tuple(names) for key, names in found.items() if len(names) > 1}

    def _candidates(self) -> tuple[set[int], set[int]]:
        """Return the hashes that two organizations have, and the numbers of those organizations."""
        hashes: set[int] = set()
        numbers: set[int] = set()
        for one, other in chain.from_iterable(pairwise(sorted(part)) for part in self._parts):
            if one >> _BITS == other >> _BITS and one != other:  # equal ones are two people of one organization
                hashes.add(one >> _BITS)
                numbers.update((one & _LOW, other & _LOW))
        return hashes, numbers
