"""What belongs to one organization alone, and who claims it as well: found in eight bytes a claim instead of all names."""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, pairwise
from typing import Final
from zlib import crc32

from reconciler.model.documents import Document
from reconciler.model.identifiers import identity

_BITS: Final = 32
_LOW: Final = (1 << _BITS) - 1
_PARTS: Final = 64
"""Sorting makes an object of every mark it sorts: by parts, these are few at a time."""
_SITE: Final = "site "
_FORMER: Final = "former "


def claims_of(document: Document) -> Iterator[str]:
    """Yield what the organization of a canonical document claims: the identity keys of its own people, its sites, and its former name.

    No identity key has a space in it, so nobody is taken for a site or a name.
    """
    for person in document["administrators"] or ():
        if "home" not in person:
            yield identity(person["email"])
    if document["settings"] is not None:
        yield from map(site_claim, document["settings"].get("sites", ()))
    if "former_name" in document:
        yield former_claim(document["former_name"])


def site_claim(site: str) -> str:
    """Return the claim of one site."""
    return _SITE + site


def claimed_site(claim: str) -> str | None:
    """Return the site that is claimed, None when it is a person."""
    return claim.removeprefix(_SITE) if claim.startswith(_SITE) else None


def former_claim(name: str) -> str:
    """Return the claim of one former name."""
    return _FORMER + name


def claimed_former(claim: str) -> str | None:
    """Return the former name that is claimed, None for anything else."""
    return claim.removeprefix(_FORMER) if claim.startswith(_FORMER) else None


def mark(claim: str) -> int:
    """Return 32 bits that are the same for equal claims, in every process."""
    return crc32(claim.encode())


class Claims:
    """What every organization claims: of each claim its mark, and the organization's number.

    Equal marks only say where to look. `shared` compares the claims themselves, so its answer does not depend on collisions.
    """

    def __init__(self, marked: Callable[[str], int] = mark) -> None:
        self._marked = marked
        self._names: list[str] = []
        self._parts = [array("Q") for _ in range(_PARTS)]

    def add(self, name: str, marks: Iterable[int]) -> None:
        """Take in the marks of what the organization *name* claims, one of each claim."""
        number = len(self._names)
        self._names.append(name)
        for marked in marks:
            self._parts[marked % _PARTS].append(marked << _BITS | number)

    def shared(self, claims_of: Callable[[str], Collection[str]]) -> dict[str, tuple[str, ...]]:
        """Return the organizations of everything that two or more claim, by claim; sorted.

        Args:
            claims_of: gives the claims of one organization again, or fewer when some of them do not count; asked of few organizations.
        """
        marks, numbers = self._candidates()
        found: dict[str, list[str]] = {}
        for name in sorted(self._names[number] for number in numbers):
            for claim in claims_of(name):
                if self._marked(claim) in marks:
                    found.setdefault(claim, []).append(name)
        return {claim: tuple(names) for claim, names in found.items() if len(names) > 1}

    def _candidates(self) -> tuple[set[int], set[int]]:
        """Return the marks that two organizations have, and the numbers of those organizations."""
        marks: set[int] = set()
        numbers: set[int] = set()
        for one, other in chain.from_iterable(pairwise(sorted(part)) for part in self._parts):
            if one >> _BITS == other >> _BITS and one != other:  # equal ones are two claims of one organization
                marks.add(one >> _BITS)
                numbers.update((one & _LOW, other & _LOW))
        return marks, numbers
