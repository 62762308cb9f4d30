"""What a rule about changes is given: an organization before and after."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.findings import Path
from reconciler.model.identifiers import administrator_address
from reconciler.model.resources import Administrator, Organization, Settings, under_new_addresses
from reconciler.rules.base import person_path


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """One person before and after. What has ended by itself counts as gone before; an end that is only recorded is no change.

    Attributes:
        organization: the name of the organization.
        was: None for somebody who comes.
        will: None for somebody who leaves.
        renamed: the person has another address after the change; `was` has the new one already.
    """

    organization: str
    was: Administrator | None
    will: Administrator | None
    renamed: bool = False

    @property
    def person(self) -> Administrator:
        """The person as they will be, or as they were when they leave."""
        person = self.will or self.was
        if person is None:
            raise ValueError("a change has at least one side")
        return person

    @property
    def external(self) -> bool:
        """Whether the person comes from outside, before or after: leaving `home` out in the same change makes nobody internal."""
        return any(side is not None and side.home is not None for side in (self.was, self.will))

    @property
    def address(self) -> str:
        """The address of the resource."""
        return administrator_address(self.organization, self.person.email)

    @property
    def path(self) -> Path:
        """The person's entry in the manifest, or the list for somebody who leaves."""
        return ("spec", "administrators") if self.will is None else person_path(self.will)

    @property
    def gained(self) -> frozenset[str]:
        """Organization-wide roles that the person has after the change only."""
        return _roles(self.will) - _roles(self.was)

    @property
    def given(self) -> frozenset[str]:
        """Organization-wide roles that the address has after the change only: a rename gives them all to another one."""
        return _roles(self.will) if self.renamed else self.gained

    @property
    def lost(self) -> frozenset[str]:
        """Organization-wide roles that the person has before the change only."""
        return _roles(self.was) - _roles(self.will)


def _roles(person: Administrator | None) -> frozenset[str]:
    return frozenset() if person is None else person.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One organization on its way from what is stored to what is to be.

    Attributes:
        before: as stored, with people who are renamed under their new addresses; None when nothing is stored.
        people: everybody who changes, by identity key; recording that access has ended is no change.
        roles_once_held: gives the roles that somebody of this organization ever held, as far as the journal tells; by identity key.
    """

    before: Organization | None
    after: Organization
    now: datetime
    people: tuple[PersonChange, ...]
    roles_once_held: Callable[[str], frozenset[str]]

    @classmethod
    def between(
        cls, before: Organization | None, after: Organization, now: datetime, *, roles_once_held: Callable[[str], frozenset[str]]
    ) -> "Transition":
        """Return the way from *before* to *after* at *now*."""
        stored = (before.administrators if before else None) or {}
        renamed = frozenset(key for key, former in after.renamed.items() if former in stored)
        before = under_new_addresses(before, after)
        people = tuple(_people(before, after, now, renamed))
        return cls(before=before, after=after, now=now, people=people, roles_once_held=roles_once_held)

    @property
    def name(self) -> str:
        """The organization's name."""
        return self.after.name

    @property
    def settings(self) -> tuple[Settings, Settings] | None:
        """The settings before and after; None when there were none, or none are left."""
        if self.before is None or self.before.settings is None or self.after.settings is None:
            return None
        return self.before.settings, self.after.settings

    @property
    def managed_by(self) -> str | None:
        """The managing partner as recorded, or as declared where nothing is recorded."""
        settings = (self.before.settings if self.before else None) or self.after.settings
        return settings.managed_by if settings else None


def _people(before: Organization | None, after: Organization, now: datetime, renamed: frozenset[str]) -> Iterator[PersonChange]:
    old, new = _live(before, now), _live(after, now)
    for key in sorted(old.keys() | new.keys()):
        was, will = old.get(key), new.get(key)
        if was != will or key in renamed:
            yield PersonChange(organization=after.name, was=was, will=will, renamed=key in renamed)


def _live(organization: Organization | None, now: datetime) -> dict[str, Administrator]:
    people: Iterable[Administrator] = (organization.administrators or {}).values() if organization else ()
    return {person.key: person for person in people if person.live_at(now)}
