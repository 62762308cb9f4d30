"""The organizations that matter to others for their people: few, looked up when somebody asks, each once."""

from datetime import datetime

from reconciler.manifests import Manifests
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Organization


class Partners:
    """Partner organizations as declared, or as stored where their people are not declared.

    Args:
        now: whose access has ended counts no longer.
        manifests: None where there are none, as for a saved plan.
        reader: None where no state is looked at, as in `validate`.
    """

    def __init__(self, now: datetime, manifests: Manifests | None = None, reader: StateReader | None = None) -> None:
        self._now = now
        self._manifests = manifests
        self._reader = reader
        self._found: dict[str, Organization | None] = {}
        self._people: dict[str, frozenset[str] | None] = {}

    def find(self, name: str) -> Organization | None:
        """Return one organization; None when it is not known."""
        if name not in self._found:
            self._found[name] = self._declared(name) or (self._reader.read(name).organization if self._reader is not None else None)
        return self._found[name]

    def people_of(self, name: str) -> frozenset[str] | None:
        """Return the identity keys of the people whose home is the organization; None when its administrators are not known."""
        if name not in self._people:
            organization = self.find(name)
            unknown = organization is None or organization.administrators is None
            self._people[name] = None if organization is None or unknown else own_people(organization, self._now)
        return self._people[name]

    def _declared(self, name: str) -> Organization | None:
        if self._manifests is None or name not in self._manifests.facts or name in self._manifests.broken:
            return None
        declared = self._manifests.load(name)
        return None if declared.administrators is None else declared


def own_people(organization: Organization, now: datetime) -> frozenset[str]:
    """Return the identity keys of the people who belong to *organization* and whose access has not ended."""
    people = organization.administrators or {}
    return frozenset(key for key, person in people.items() if person.home is None and person.live_at(now))
