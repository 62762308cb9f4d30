"""The organizations that may be referred to."""

from collections.abc import Iterator, Mapping

from reconciler.model.protocols import StateReader
from reconciler.model.resources import Organization, OrganizationFacts


class Known(Mapping[str, OrganizationFacts]):
    """The organizations that may be referred to: the declared ones, then the stored ones, looked up when asked for."""

    def __init__(self, declared: Mapping[str, OrganizationFacts], reader: StateReader) -> None:
        self._declared = declared
        self._reader = reader
        self._looked_up: dict[str, OrganizationFacts | None] = {}

    def __getitem__(self, name: str) -> OrganizationFacts:
        """Return the facts of one organization."""
        if name in self._declared:
            return self._declared[name]
        if name not in self._looked_up:
            self._looked_up[name] = _facts(self._reader.read(name).organization)
        facts = self._looked_up[name]
        if facts is None:
            raise KeyError(name)
        return facts

    def __iter__(self) -> Iterator[str]:
        """Yield the declared names; the stored ones are only ever looked up."""
        return iter(self._declared)

    def __len__(self) -> int:
        """Return how many are declared."""
        return len(self._declared)


def _facts(organization: Organization | None) -> OrganizationFacts | None:
    if organization is None or organization.settings is None:
        return None
    return OrganizationFacts.of(organization.name, organization.settings)
