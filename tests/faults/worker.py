"""One step of a writer, in a process of its own that may be killed: `python -m tests.faults.worker PATH`.

Makes the state when there is none, takes the lock, and moves the organization from whatever serial it has to the next one.
"""

import sys
from datetime import UTC, datetime, timedelta

from reconciler.model.changes import FollowUp
from reconciler.model.journal import EntryKind, Record
from reconciler.model.resources import Administrator, Organization
from reconciler.stores import here, open_store

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECORD = Record(run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0", detail="x" * 200)


def an_organization(serial: int) -> Organization:
    emails = [f"p{number}@acme.example" for number in range(150)]
    people = {email: Administrator(email=email, name=f"serial {serial}", roles=frozenset({"full-administrator"})) for email in emails}
    return Organization(name="acme", administrators=people)


def follow_ups(serial: int) -> tuple[FollowUp, ...]:
    return (FollowUp(address="acme/organization", rule="some-rule", summary=f"serial {serial}", since=NOW),)


def step(path: str) -> None:
    store = open_store(f"sqlite:///{path}", create=True)
    with store.lock(["acme"], here("apply", "1.0", NOW), timeout=timedelta(0), record=RECORD) as lock:
        serial = store.read("acme").serial
        store.commit(
            lock,
            "acme",
            after=an_organization(serial + 1),
            expected_serial=serial,
            records=[RECORD] * 10,
            follow_ups=follow_ups(serial + 1),
        )
    store.close()


if __name__ == "__main__":
    step(sys.argv[1])
