"""Every declared organization judged by the rules, in the order of the names: here, or for a large fleet in several processes."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, NoReturn, TypeVar, cast

from reconciler.manifests import Manifests
from reconciler.model.findings import Finding
from reconciler.model.policy import Policy
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Organization
from reconciler.pipeline.known import Known
from reconciler.pipeline.partners import Partners
from reconciler.pipeline.standing import Standing
from reconciler.rules import Asked, Context, check
from reconciler.workers import processes, spread

Noted_co = TypeVar("Noted_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Generic[Noted_co]):
    """What the rules say of one organization.

    Attributes:
        organization: None when another process has loaded it.
        names, unpinned: what was asked, as in `Asked`.
        noted: what the caller wanted to know beside that.
    """

    name: str
    organization: Organization | None
    findings: tuple[Finding, ...]
    names: frozenset[str]
    unpinned: bool
    noted: Noted_co


class _AskedTheStateError(Exception):
    """A database connection is for the process that opened it: what needs it is judged there."""


class _NoReader:
    """A stored state that cannot be asked."""

    def __getattr__(self, name: str) -> NoReturn:
        raise _AskedTheStateError(name)


def without_state(context: Context, manifests: Manifests) -> Context:
    """Return *context* for a process that has no stored state: where an answer depends on it, there is none."""
    reader = cast("StateReader", _NoReader())
    partners = Partners(context.now, manifests, reader)
    return replace(
        context,
        known=Known(manifests.facts, reader),
        people_of=partners.people_of,
        administrators_of=partners.administrators_of,
        lists_of=partners.lists_of,
        recorded_partner_of=partners.recorded_partner_of,
        partners=partners.names,
        on_record=Standing(reader),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges(Generic[Noted_co]):
    """Judges organizations.

    Attributes:
        context: what the rules may know.
        elsewhere: the same, for other processes: without a stored state.
        note: gives what else is wanted of an organization, while it is at hand.
    """

    manifests: Manifests
    policy: Policy
    context: Context
    elsewhere: Context
    note: Callable[[Organization], Noted_co]

    def all(self, names: Sequence[str]) -> Generator[Judgement[Noted_co], None, None]:
        """Yield the judgement of each of *names*, in this order; close it when it is not read to its end."""
        asked = Asked(self.context)
        count = processes(len(names))
        if count == 1 or not self.manifests.share():
            for name in names:
                yield self._judge(name, asked)
            return
        with closing(spread(self._judge_elsewhere, names, count)) as results:
            for name, judgement in zip(names, chain.from_iterable(results), strict=True):
                yield judgement or self._judge(name, asked)

    def _judge(self, name: str, asked: Asked) -> Judgement[Noted_co]:
        organization = self.manifests.load(name)
        asked.begin(name)
        return Judgement(
            name=name,
            organization=organization,
            findings=tuple(check(organization, asked.context, self.policy)),
            names=asked.names,
            unpinned=asked.unpinned,
            noted=self.note(organization),
        )

    def _judge_elsewhere(self, names: Sequence[str]) -> Iterator[list[Judgement[Noted_co] | None]]:
        """Yield judgements from another process, with None for what it could not judge."""
        asked = Asked(self.elsewhere)
        yield [self._judged_elsewhere(name, asked) for name in names]

    def _judged_elsewhere(self, name: str, asked: Asked) -> Judgement[Noted_co] | None:
        try:
            return replace(self._judge(name, asked), organization=None)
        except _AskedTheStateError:
            return None
