"""A `Target` with a script: it works unless it was told otherwise, and remembers what it was asked for and what it did."""

from collections.abc import Callable
from datetime import UTC, datetime

from reconciler.model.changes import Change, Status
from reconciler.model.errors import TargetError
from reconciler.model.protocols import Performed
from reconciler.model.resources import Observation, Organization


class RecordingTarget:
    """A live side in memory. Passes the same contract suite as the real ones.

    Attributes:
        asked: the address of every call, in order.
        done: every change that was made true, once each.
        before: called ahead of every call; a test may look at the store, turn a clock or raise there.
    """

    name = "recording"
    records_only = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.done: list[Change] = []
        self.before: Callable[[Change], None] = lambda _: None
        self._failures: dict[str, list[TargetError]] = {}
        self._lost: dict[str, int] = {}
        self._manual: set[str] = set()
        self._changed: set[str] = set()
        self._shown: dict[str, Observation] = {}

    def fails(self, address: str, *, times: int = 1, retryable: bool = True) -> None:
        """Let the next *times* calls for *address* fail."""
        self._failures[address] = [TargetError(f"no answer for {address}", retryable=retryable) for _ in range(times)]

    def acts_and_fails(self, address: str, *, times: int = 1) -> None:
        """Let the next *times* calls for *address* do what they are asked for, and the answer be lost."""
        self._lost[address] = times

    def was_changed_by_hand(self, address: str) -> None:
        """Let somebody else have changed what is at *address* since it was recorded."""
        self._changed.add(address)

    def is_settled(self, address: str) -> None:
        """Let what is at *address* be as it was recorded."""
        self._changed.discard(address)

    def leaves_to_people(self, resource: str) -> None:
        """Let every change of type *resource* be a step by hand."""
        self._manual.add(resource)

    def shows(self, organization: Organization, *, unobserved: frozenset[str] = frozenset()) -> None:
        """Let *organization* be what is observed of it."""
        at = datetime(2026, 11, 20, 9, tzinfo=UTC)
        self._shown[organization.name] = Observation(organization=organization, unobserved=unobserved, source=self.name, observed_at=at)

    def observe(self, organization: Organization) -> Observation:
        if organization.name not in self._shown:
            raise TargetError(f"{organization.name} cannot be observed", retryable=True)
        return self._shown[organization.name]

    def perform(self, change: Change) -> Performed:
        self.asked.append(change.address)
        self.before(change)
        if self._failures.get(change.address):
            raise self._failures[change.address].pop()
        if change.address in self._changed:
            raise TargetError(f"{change.address} was changed at the target since it was recorded", retryable=False)
        if change.type in self._manual:
            return Performed(status=Status.MANUAL, detail=f"do it by hand: {change.action.value} {change.address}")
        if change not in self.done:
            self.done.append(change)
        if self._lost.get(change.address):
            self._lost[change.address] -= 1
            raise TargetError(f"no answer in time for {change.address}", retryable=True)
        return Performed(status=Status.DONE)
