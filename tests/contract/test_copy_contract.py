"""A state that is copied is the same state, from any engine to any other; or nothing is there."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.changes import FollowUp
from reconciler.model.errors import CorruptStateError, LockedError, MissingStateError, StoreError
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Administrator, Organization, OrganizationType, Settings
from reconciler.stores import copy_state as copy
from reconciler.stores import copying, here, open_reader, open_store
from tests.postgres import Server

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINE = here("apply", "1.0", NOW)
RECORD = Record(run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0")
AT_ONCE = timedelta(0)


def an_organization(name: str) -> Organization:
    alice = Administrator(email=f"alice@{name}.example", name="Ałice ☃", roles=frozenset({"full-administrator"}))
    settings = Settings(type=OrganizationType.CUSTOMER, display_name=f"The {name}\0")
    return Organization(name=name, settings=settings, administrators={alice.key: alice})


@pytest.fixture(params=["sqlite-sqlite", "sqlite-postgresql", "postgresql-sqlite", "postgresql-postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URLs of a state with four organizations, one of them forgotten, and of nothing."""
    server: Server = request.getfixturevalue("postgres_server")
    kinds = request.param.split("-")
    source, target = (
        server.url() if kind == "postgresql" else f"sqlite:///{tmp_path}/{number}/state.db" for number, kind in enumerate(kinds)
    )
    with closing(open_store(source, create=True)) as store:
        names = ["acme", "beta", "a-b", "gone"]
        with store.lock(names, MINE, timeout=AT_ONCE, record=RECORD) as lock:
            for name in names:
                left = [FollowUp(address=f"{name}/organization", rule="a-rule", summary="☃", since=NOW)]
                records = [replace(RECORD, detail=str(number)) for number in range(5)]
                store.commit(lock, name, after=an_organization(name), expected_serial=0, records=records, follow_ups=left)
            store.commit(lock, "gone", after=None, expected_serial=1, records=[RECORD], follow_ups=())
    return source, target


def everything(state: StateReader) -> list[object]:
    documents = [state.read(head.name) for head in state.heads()]
    return [state.lineage, list(state.heads()), documents, list(state.entries()), state.chain_heads(), state.highest_instant()]


def looks_fine(copied: StateReader) -> None:
    assert list(copied.problems()) == []


def nothing_at(url: str) -> bool:
    with closing(open_reader(url)) as reader:
        return reader.lineage is None


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_a_copy_is_the_same_state(places: tuple[str, str], monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    source, target = places
    monkeypatch.setattr(copying, "_AT_ONCE", at_once)
    copy(source, target, looks_fine)
    with closing(open_reader(source)) as before, closing(open_reader(target)) as after:
        assert everything(after) == everything(before)
        assert list(after.problems()) == []
        assert after.locks() == []
    with closing(open_store(target, create=False)) as store, store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD) as lock:
        assert store.commit(lock, "acme", after=None, expected_serial=1, records=[RECORD], follow_ups=()) == 2


def test_nothing_is_copied_over_a_state(places: tuple[str, str]) -> None:
    source, target = places
    open_store(target, create=True).close()
    with closing(open_reader(target)) as reader:
        lineage = reader.lineage
    with pytest.raises(StoreError, match=r"there is a state at .* already"):
        copy(source, target, looks_fine)
    with closing(open_reader(target)) as reader:
        assert (reader.lineage, list(reader.heads())) == (lineage, [])


def test_nothing_is_copied_from_nothing(places: tuple[str, str]) -> None:
    source, target = places
    with pytest.raises(MissingStateError):
        copy(target, source, looks_fine)


def test_a_copy_that_is_not_fine_does_not_become_a_state(places: tuple[str, str]) -> None:
    source, target = places
    seen = []

    def refuse(copied: StateReader) -> None:
        seen.append(everything(copied))
        raise CorruptStateError("not fine")

    with pytest.raises(CorruptStateError, match="not fine"):
        copy(source, target, refuse)
    with closing(open_reader(source)) as before:
        assert seen == [everything(before)]
    assert nothing_at(target)
    copy(source, target, looks_fine)


def test_a_run_that_is_under_way_is_not_left_behind(places: tuple[str, str]) -> None:
    source, target = places
    with closing(open_store(source, create=False)) as store:
        with store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD), pytest.raises(LockedError, match="acme is locked"):
            copy(source, target, looks_fine)
        assert nothing_at(target)
        dead = replace(MINE, pid=MINE.pid, process_started=MINE.process_started + 60)
        with store.lock(["acme"], dead, timeout=AT_ONCE, record=RECORD):
            copy(source, target, looks_fine)
    with closing(open_reader(target)) as reader:
        assert reader.locks() == []


def test_a_source_that_is_read_is_as_it_was(places: tuple[str, str]) -> None:
    source, target = places
    with closing(open_reader(source)) as reader:
        before = everything(reader)
    copy(source, target, looks_fine)
    with closing(open_reader(source)) as reader:
        assert everything(reader) == before
