"""The target `none`: a change is performed by recording it."""

from reconciler.model.changes import Change, Status
from reconciler.model.errors import TargetError
from reconciler.model.protocols import Performed
from reconciler.model.resources import Observation, Organization


class NoTarget:
    """There is no live side; the stored state is the truth."""

    name = "none"
    records_only = True

    def observe(self, organization: Organization) -> Observation:
        """There is nothing to observe; an empty answer would be read as "nothing is there"."""
        raise TargetError(f"there is no live side to observe for {organization.name} (target: none)", retryable=False)

    def perform(self, change: Change) -> Performed:
        """Say that the change is done: the record that follows is all there is to do."""
        del change
        return Performed(status=Status.DONE)
