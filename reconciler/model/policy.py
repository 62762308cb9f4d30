"""Policy: what the owner of the manifests may tune in `reconciler.yaml`, and the safety limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.findings import Range, Severity
from reconciler.model.identifiers import identity
from reconciler.model.resources import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLimit:
    """More than `people` removals are refused when they are also more than `percent` of at least `minimum` people.

    Attributes:
        range: where `reconciler.yaml` sets it; None for the default.
    """

    people: int
    percent: int
    minimum: int
    range: Range | None = None


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
class Freeze:
    """A time in which nothing changes but for the ends of access.

    Attributes:
        begin, until: UTC; it counts from `begin` on and before `until`.
        organizations: names it is limited to; empty means all.
        labels: it is limited to organizations with all of these; empty means all.
        range: where `reconciler.yaml` says so.
    """

    begin: datetime
    until: datetime
    reason: str
    organizations: frozenset[str] = frozenset()
    labels: tuple[tuple[str, str], ...] = ()
    range: Range | None = None

    def counts_at(self, now: datetime) -> bool:
        """Tell whether it has begun and is not over."""
        return self.begin <= now < self.until

    def is_for(self, organization: Organization) -> bool:
        """Tell whether it is about *organization* as it is given."""
        labels = organization.settings.labels if organization.settings is not None else {}
        named = not self.organizations or organization.name in self.organizations
        return named and all(labels.get(key) == value for key, value in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `policy` in `reconciler.yaml` says.

    Attributes:
        severities: rule id to the severity it has here; None switches the rule off.
        waivers: in the order of the file; the first that covers a finding counts.
        required_actor: changes that nobody answers for are refused.
        freezes: in the order of the file.
        organization_limit, overall_limit: how many people may lose access at once, in one organization and in all of a run.
    """

    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    waivers: Sequence[Waiver] = ()
    required_actor: bool = False
    freezes: Sequence[Freeze] = ()
    organization_limit: RemovalLimit = ORGANIZATION_LIMIT
    overall_limit: RemovalLimit = OVERALL_LIMIT

    def freeze_of(self, sides: Iterable[Organization | None], now: datetime) -> Freeze | None:
        """Return the window that holds changes of an organization back at *now*, the last to end of several; None without one.

        One that is for any of *sides*, the organization before and after, counts: no change takes itself out of a freeze.
        """
        known = [side for side in sides if side is not None]
        windows = [window for window in self.freezes if window.counts_at(now) and any(map(window.is_for, known))]
        return max(windows, key=lambda window: window.until, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgements:
    """What was typed for this one run.

    Attributes:
        removals: organization (or `all`) to the exact number of removals that is meant.
        prune: organizations to forget.
    """

    removals: Mapping[str, int] = field(default_factory=dict)
    prune: frozenset[str] = frozenset()
