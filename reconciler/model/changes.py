"""Changes, plans and outcomes: what is to happen, as data, and what did happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.model.documents import Document
from reconciler.model.findings import Finding, Range
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION, identity


class Action(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Reason(StrEnum):
    """Why it happens. An ended access is `expired`, whoever notices it and however late."""

    DECLARED = "declared"
    OMITTED = "omitted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DRIFTED = "drifted"


class Risk(StrEnum):
    """How much a mistake in this change would cost."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Status(StrEnum):
    """What became of one change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a resource, before and after, as JSON values; None means not set.

    `path` names fields with dots and quotes odd keys: `roles`, `sites["acme.webex.com"].role`.
    """

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one resource, complete in itself: display and apply need nothing else.

    Attributes:
        type: `organization`, `administrator` or `elevation-grant`.
        name: the organization's name, the e-mail, or the grant's name.
        before: canonical document, None for a creation.
        after: canonical document, None for a deletion.
        risk: shown to people; not part of the digest.
    """

    address: str
    organization: str
    type: str
    name: str
    action: Action
    reason: Reason
    before: Document | None
    after: Document | None
    fields: tuple[FieldChange, ...] = ()
    risk: Risk = Risk.MEDIUM

    @property
    def expires(self) -> bool:
        """Tell whether this only records an end that has come by itself."""
        return self.reason is Reason.EXPIRED

    @property
    def former(self) -> str | None:
        """The e-mail of a person, or the name of an organization, before it is renamed by this; None for every other change."""
        if self.before is None or self.after is None:
            return None
        if self.type == ADMINISTRATOR:
            email: str = self.before["email"]
            return email if identity(email) != identity(self.name) else None
        name: str = self.before.get("name", self.name)
        return name if self.type == ORGANIZATION and name != self.name else None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Moment:
    """Something that starts or ends by itself. `event` is one of `starts`, `ends`, `lapses`."""

    at: datetime
    address: str
    event: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Elevated:
    """Somebody who is let in at the moment, by a stored grant. `until` is UTC."""

    organization: str
    until: datetime
    person: str
    grant: str
    approved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """When and by whose word a resource became what it is now.

    Attributes:
        at: UTC.
        run: the run's id.
        actor: who answered for it, None when nobody was named.
        operator: the account and host that ran the command, `user@host`.
    """

    at: datetime
    run: str
    actor: str | None
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualStep:
    """Something that only a person can do, before or after a change.

    Attributes:
        rule: the rule that asks for it.
        address: of the resource it is about.
        summary: what is to be done, one line.
        follow_up: it comes after the change, and stays open until somebody attests that it was done; otherwise it is said once.
    """

    rule: str
    address: str
    summary: str
    detail: str = ""
    follow_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FollowUp:
    """A manual step that is still open, as stored; one an address and rule.

    Attributes:
        since: when the change was recorded that made it necessary, UTC.
    """

    address: str
    rule: str
    summary: str
    since: datetime


def place_of(step: ManualStep | FollowUp) -> tuple[str, str]:
    """Return what manual steps are sorted by: address and rule."""
    return step.address, step.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """Who loses access in one organization, counted for the safety rails.

    Attributes:
        people: identity keys that leave, lose every role, or are no full administrator any more; expiries do not count.
        stored: how many people the stored state holds for the organization, ended access not counted.
    """

    people: tuple[str, ...]
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one organization.

    Attributes:
        serial: the stored serial that the plan was made against; 0 when nothing is stored.
        former: the name under which the organization is stored, when the plan renames it; `former_serial` is the serial it has there.
        digest: 64 hexadecimal digits over lineage, serial and changes; empty when there is no change.
            Never depends on the clock, on ranges or on risk.
        changes: in the order in which they are performed.
        findings: warnings and infos; errors stop a run before it has a plan.
        refusals: what a safety rail says against it; not empty means that it is not applied.
        timeline: what of the organization starts or ends by itself after `as_of`.
        valid_until: the first instant after `as_of` at which that happens; None when never, or without changes.
        unchanged: how many declared resources need no change.
        ranges: address to the place in the manifests that declares it (or would).
        access: who gains or loses which permission, as documents; for an organization that is created, only where that was asked for.
        steps: what people have to do beside the changes.
        since: address to the record that made the resource what it is before its change; nothing where there is none.
    """

    organization: str
    serial: int
    digest: str
    as_of: datetime
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Finding, ...] = ()
    timeline: tuple[Moment, ...] = ()
    valid_until: datetime | None = None
    unchanged: int = 0
    removals: Removals = Removals(people=(), stored=0)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    access: tuple[Document, ...] = ()
    steps: tuple[ManualStep, ...] = ()
    since: Mapping[str, Recorded] = field(default_factory=dict)
    former: str | None = None
    former_serial: int | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether nothing of the organization was ever stored, under this name or the one before."""
        return self.serial == 0 and self.former is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many resources change, by kind; the counts are disjoint, an ended access is `expire` and nothing else."""

    create: int = 0
    update: int = 0
    delete: int = 0
    expire: int = 0
    no_op: int = 0

    def __add__(self, other: "Summary") -> "Summary":
        """Return the sum of both."""
        return Summary(
            create=self.create + other.create,
            update=self.update + other.update,
            delete=self.delete + other.delete,
            expire=self.expire + other.expire,
            no_op=self.no_op + other.no_op,
        )

    @property
    def changes(self) -> int:
        """How many resources change at all."""
        return self.create + self.update + self.delete + self.expire


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one planned change.

    Attributes:
        at: when it was performed or given up, UTC.
        detail: why, when it was not done; what is left to do by hand for `manual`.
        lateness_seconds: from the end of an access that has ended by itself to `at`; None for any other change.
    """

    address: str
    action: Action
    reason: Reason
    status: Status
    at: datetime
    detail: str = ""
    lateness_seconds: int | None = None
