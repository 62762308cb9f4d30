"""Follow-ups as an earlier run leaves them: until rules ask for some, they are put into the state directly."""

from contextlib import closing
from datetime import timedelta

from reconciler.model.changes import FollowUp
from reconciler.model.journal import EntryKind, Record
from reconciler.stores import here, open_store
from tests.cli.holding import AT
from tests.cli.running import Place


def leave_open(place: Place, *addresses: str, rule: str = "sign-in-once", summary: str = "sign in to Control Hub once") -> None:
    """Leave a follow-up of one rule open at each of *addresses*, which are of one organization, and nothing else."""
    name = addresses[0].partition("/")[0]
    record = Record(run="r", at=AT, kind=EntryKind.LOCK, operation="apply", operator="someone@here", version="1")
    with (
        closing(open_store(f"sqlite:///{place.state}", create=False)) as store,
        store.lock([name], here("apply", "9.9.9", AT), timeout=timedelta(0), record=record) as lock,
    ):
        follow_ups = [FollowUp(address=address, rule=rule, summary=summary, since=AT) for address in addresses]
        store.attest(lock, name, follow_ups=follow_ups, records=[])
