"""Which other organizations the rules ask about while they judge one: what their answer depends on beside the organization itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import ParamSpec, TypeVar

from reconciler.model.resources import OrganizationFacts
from reconciler.rules.base import Context

_Asks = ParamSpec("_Asks")
_Answer = TypeVar("_Answer")


class Asked:
    """Notes what is asked of a context, for one organization after the other.

    What is shared in a fleet, `site_owners` and `internal_to`, is not noted: it is the same for all organizations.

    Attributes:
        context: for the rules; it answers as the one that it was made of.
        unpinned: something was asked that is about no organization in particular, or about what was on record long ago. Nothing less than
            all of the fleet and its history tells whether the answer would still be the same.
    """

    def __init__(self, context: Context) -> None:
        self._own = ""
        self._names: set[str] = set()
        self.unpinned = False
        self.context = replace(
            context,
            known=_Known(context.known, self._names, self._unpin),
            declared=_Declared(context.declared, self._names, self._unpin),
            people_of=self._noted(context.people_of),
            administrators_of=self._noted(context.administrators_of),
            lists_of=self._noted(context.lists_of),
            recorded_partner_of=self._noted(context.recorded_partner_of),
            partners=self._unpinning(context.partners),
            on_record=self._unpinning(context.on_record),
        )

    def begin(self, name: str) -> None:
        """Forget what was asked; from now on the organization *name* is judged. All findings about the one before were taken."""
        self._own = name
        self._names.clear()
        self.unpinned = False

    @property
    def names(self) -> frozenset[str]:
        """The other organizations that were asked about since `begin`, known ones and unknown ones."""
        return frozenset(self._names - {self._own})

    def _unpin(self) -> None:
        self.unpinned = True

    def _noted(self, answer: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
        def ask(name: str) -> _Answer:
            self._names.add(name)
            return answer(name)

        return ask

    def _unpinning(self, answer: Callable[_Asks, _Answer]) -> Callable[_Asks, _Answer]:
        def ask(*args: _Asks.args, **kwargs: _Asks.kwargs) -> _Answer:
            self._unpin()
            return answer(*args, **kwargs)

        return ask


class _Known(Mapping[str, OrganizationFacts]):
    """`Context.known`; `get` and `in` come down to `__getitem__`."""

    def __init__(self, known: Mapping[str, OrganizationFacts], names: set[str], unpin: Callable[[], None]) -> None:
        self._known = known
        self._names = names
        self._unpin = unpin

    def __getitem__(self, name: str) -> OrganizationFacts:
        self._names.add(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        self._unpin()
        return iter(self._known)

    def __len__(self) -> int:
        self._unpin()
        return len(self._known)


class _Declared(AbstractSet[str]):
    """`Context.declared`; what is made of it is an ordinary set."""

    def __init__(self, declared: AbstractSet[str], names: set[str], unpin: Callable[[], None]) -> None:
        self._declared = declared
        self._names = names
        self._unpin = unpin

    @classmethod
    def _from_iterable(cls, it: Iterable[_Answer]) -> frozenset[_Answer]:
        return frozenset(it)

    def __contains__(self, name: object) -> bool:
        self._names.add(str(name))
        return name in self._declared

    def __iter__(self) -> Iterator[str]:
        self._unpin()
        return iter(self._declared)

    def __len__(self) -> int:
        self._unpin()
        return len(self._declared)
