"""What somebody may do, with the reason for every word of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from reconciler.catalog import Level
from reconciler.catalog.matrix import Cell

STRENGTH: Final[Mapping[Level, int]] = {Level.FULL: 4, Level.CONDITIONAL: 3, Level.READ: 2, Level.UNKNOWN: 1, Level.NONE: 0}
"""The order in which one of several answers is taken. Source: contract of `access` (our choice)."""


class Kind(StrEnum):
    """What a reason is.

    - `cell`: a role gives what a cell of a matrix says.
    - `restriction`: restricted mode lowers a setting that is part of the permission.
    - `left-open`: the partner declares that setting open; Control Hub itself knows no exemption.
    - `cap-unknown`: restricted mode is on, and nothing says whether it reaches this holder.
    - `out-of-scope`: the role is bound to other customers.
    - `scope-unknown`: the customers that the role is bound to are not managed.
    - `undescribed`: no matrix says what the role gives here.
    - `unrecorded`: nothing is known of the organization's administrators.
    """

    CELL = "cell"
    RESTRICTION = "restriction"
    LEFT_OPEN = "left-open"
    CAP_UNKNOWN = "cap-unknown"
    OUT_OF_SCOPE = "out-of-scope"
    SCOPE_UNKNOWN = "scope-unknown"
    UNDESCRIBED = "undescribed"
    UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevation:
    """A running grant, seen as a reason: its name and its end, UTC."""

    grant: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for one access.

    Attributes:
        access: what this alone gives; of a restriction, what it leaves of the setting.
        role: the role that gives it.
        held_in: the other organization in which the role is held; None for the organization itself.
        matrix: where the cell stands.
        column: the column of the cell, where it is not the role's own.
        cell: as printed: evidence, confidence, sources, note.
        inferred: why `access` is not what the cell prints.
        elevation: the grant without which it would not be so.
        settings: the restricted settings it is about.
    """

    kind: Kind
    access: Level
    role: str | None = None
    held_in: str | None = None
    matrix: str | None = None
    column: str | None = None
    cell: Cell | None = None
    inferred: str | None = None
    elevation: Elevation | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What somebody has of one permission.

    Attributes:
        access: full, conditional, read, unknown or none.
        at_least: of an unknown access: what is known to be there in any case.
        at_most: of a conditional access that is part of reading, not of changing: read.
    """

    access: Level
    because: tuple[Reason, ...] = ()
    at_least: Level | None = None
    at_most: Level | None = None

    @property
    def lowered(self) -> frozenset[str]:
        """The restricted settings that are taken away from it."""
        return frozenset(setting for reason in self.because if reason.kind is Kind.RESTRICTION for setting in reason.settings)


NOTHING: Final = Right(access=Level.NONE)
"""What somebody has of a permission that no role of theirs speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """A right that holds only within `site/NAME`, `location/NAME` or `service/NAME`."""

    scope: str
    permission: str
    right: Right


class Reach(StrEnum):
    """What restricted mode does to one setting for one person; `unknown` where nothing says whether it reaches them."""

    CAPPED = "capped"
    LEFT_OPEN = "left-open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """One restricted setting, for one person.

    Attributes:
        access: what the person has of the setting; unknown where no row of a matrix contains it.
        permissions: the rows that contain it.
    """

    setting: str
    reach: Reach
    access: Level
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One role somebody holds at the instant.

    Attributes:
        scope: `site/NAME` or `location/NAME`; None for the whole organization.
        held_in: the managing partner for roles held there.
        grant: the elevation that gives it.
        until: when it ends by itself, UTC; None when it does not.
    """

    role: str
    scope: str | None = None
    held_in: str | None = None
    grant: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A running elevation of the person. Instants are UTC."""

    name: str
    agent_type: str
    reason: str
    ticket: str | None
    approved_by: str | None
    approved_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one person may do in one organization at one instant.

    Attributes:
        at: UTC.
        held: every role that counts at `at`, with where and until when, in the order of the role ids.
        permissions: organization-wide, by permission, in the order of the matrices; rows that apply are there, `none` included.
        scoped: what holds only within a site, a location or a service, in this order of scopes' names.
        restricted: one line for each restricted setting while restricted mode may reach the person.
        undescribed: roles among `held` for which no matrix says what they give to this person here.
        unrecorded: organizations whose administrators are not known, though roles held there would count.
    """

    organization: str
    person: str
    at: datetime
    held: tuple[Holding, ...]
    permissions: Mapping[str, Right]
    scoped: tuple[Scoped, ...]
    restricted: tuple[Restricted, ...]
    grants: tuple[LiveGrant, ...]
    undescribed: tuple[str, ...]
    unrecorded: tuple[str, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The ids of the roles that count at `at`, sorted, each once."""
        return tuple(sorted({holding.role for holding in self.held}))
