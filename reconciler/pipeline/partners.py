"""The organizations that matter to others for their people: few, looked up when somebody asks, each once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from reconciler.manifests import Manifests
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Administrator, Organization, OrganizationFacts, OrganizationType


class Partners:
    """Partner organizations as declared, or as stored where their people are not declared.

    Args:
        now: whose access has ended counts no longer.
        manifests: None where there are none, as for a saved plan.
        reader: None where no state is looked at, as in `validate`.
        planned: gives what a saved plan makes of an organization, None of one that it does not change.
        facts: of the organizations that a saved plan creates or changes.
    """

    def __init__(
        self,
        now: datetime,
        manifests: Manifests | None = None,
        reader: StateReader | None = None,
        *,
        planned: Callable[[str], Organization | None] | None = None,
        facts: Mapping[str, OrganizationFacts] | None = None,
    ) -> None:
        self._now = now
        self._manifests = manifests
        self._reader = reader
        self._planned = planned
        self._facts: Mapping[str, OrganizationFacts] = facts or (manifests.facts if manifests is not None else {})
        self._found: dict[str, Organization | None] = {}
        self._people: dict[str, frozenset[str] | None] = {}
        self._stored: list[str] | None = None

    def find(self, name: str) -> Organization | None:
        """Return one organization; None when it is not known."""
        if name not in self._found:
            self._found[name] = self._declared(name) or self._read(name)
        return self._found[name]

    def administrators_of(self, name: str) -> Mapping[str, Administrator] | None:
        """Return the administrators of the organization, by identity key; None when they are not known."""
        organization = self.find(name)
        return None if organization is None else organization.administrators

    def lists_of(self, name: str) -> Sequence[Mapping[str, Administrator]]:
        """Return every list of administrators that is known of the organization, the declared one and the stored one."""
        known = (self._declared(name), self._read(name))
        return [it.administrators for it in known if it is not None and it.administrators is not None]

    def recorded_partner_of(self, name: str) -> str | None:
        """Return the managing partner that is on record of the organization."""
        stored = self._read(name)
        return stored.settings.managed_by if stored is not None and stored.settings is not None else None

    def _read(self, name: str) -> Organization | None:
        return None if self._reader is None else self._reader.read(name).organization

    def people_of(self, name: str) -> frozenset[str] | None:
        """Return the identity keys of the people whose home is the organization; None when its administrators are not known."""
        if name not in self._people:
            organization = self.find(name)
            unknown = organization is None or organization.administrators is None
            self._people[name] = None if organization is None or unknown else own_people(organization, self._now)
        return self._people[name]

    def names(self) -> Iterator[str]:
        """Yield the names of the declared partner organizations, then of the stored ones, for which the whole state is read, once."""
        yield from (name for name in sorted(self._facts) if self._facts[name].type is OrganizationType.PARTNER)
        if self._stored is None:
            self._stored = list(self._stored_partners())
        yield from self._stored

    def _stored_partners(self) -> Iterator[str]:
        if self._reader is None:
            return
        for head in self._reader.heads():
            stored = None if head.name in self._facts else self._reader.read(head.name).organization
            if stored is not None and stored.settings is not None and stored.settings.type is OrganizationType.PARTNER:
                yield head.name

    def _declared(self, name: str) -> Organization | None:
        if self._planned is not None:
            return self._planned(name)
        if self._manifests is None or name not in self._manifests.facts or name in self._manifests.broken:
            return None
        declared = self._manifests.load(name)
        return None if declared.administrators is None else declared


def own_people(organization: Organization, now: datetime) -> frozenset[str]:
    """Return the identity keys of the people who belong to *organization* and whose access has not ended."""
    people = organization.administrators or {}
    return frozenset(key for key, person in people.items() if person.home is None and person.live_at(now))
