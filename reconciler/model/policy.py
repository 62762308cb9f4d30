"""Policy: what the owner of the manifests may tune in `reconciler.yaml`, and the safety limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.findings import Range, Severity
from reconciler.model.identifiers import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLimit:
    """More than `people` removals are refused when they are also more than `percent` of at least `minimum` people."""

    people: int
    percent: int
    minimum: int


ORGANIZATION_LIMIT = RemovalLimit(people=5, percent=30, minimum=10)
OVERALL_LIMIT = RemovalLimit(people=50, percent=10, minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One rule may be broken in one place until an instant.

    Attributes:
        about: an organization's name, which covers everything in it, or the address of one resource.
        expires: UTC; the waiver counts before this instant only.
        range: where `reconciler.yaml` says so.
    """

    rule: str
    about: str
    reason: str
    expires: datetime
    range: Range | None = None

    @property
    def organization(self) -> str:
        """The organization that it is about, or in which it is about something."""
        return self.about.partition("/")[0]

    def is_for(self, rule: str, address: str) -> bool:
        """Tell whether it is meant for findings of *rule* at *address*, whatever the time is."""
        if rule != self.rule:
            return False
        place = identity(address)
        return identity(self.about) in {place, place.partition("/")[0]}

    def counts_at(self, now: datetime) -> bool:
        """Tell whether it has not expired."""
        return now < self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `policy` in `reconciler.yaml` says.

    Attributes:
        severities: rule id to the severity it has here; None switches the rule off.
        waivers: in the order of the file; the first that covers a finding counts.
        required_actor: changes that nobody answers for are refused.
    """

    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    waivers: Sequence[Waiver] = ()
    required_actor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgements:
    """What was typed for this one run.

    Attributes:
        removals: organization (or `all`) to the exact number of removals that is meant.
        prune: organizations to forget.
    """

    removals: Mapping[str, int] = field(default_factory=dict)
    prune: frozenset[str] = frozenset()
