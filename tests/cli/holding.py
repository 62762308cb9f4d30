"""A lock that is held: by this very process, which is alive as long as the test is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

from reconciler.model.journal import EntryKind, Record
from reconciler.stores import here, open_store
from tests.cli.running import Place

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@contextmanager
def held(place: Place, *organizations: str) -> Iterator[str]:
    """Hold the lock of some organizations, as this very process, and yield its id."""
    record = Record(run="r", at=AT, kind=EntryKind.LOCK, operation="apply", operator="someone@here", version="1")
    with (
        closing(open_store(f"sqlite:///{place.state}", create=False)) as store,
        store.lock(organizations, here("apply", "9.9.9", AT), timeout=timedelta(0), record=record) as lock,
    ):
        yield lock.id
