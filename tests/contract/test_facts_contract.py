"""What every `Facts` promises: the stored organizations as documents, as another connection wrote them."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.documents import organization_document
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import Facts, Store
from reconciler.model.resources import Administrator, Organization, OrganizationType, Settings
from reconciler.stores import facts, here, open_facts, open_store
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINE = here("apply", "1.0", NOW)
RECORD = Record(run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0")
ACME = Organization(
    name="acme",
    settings=Settings(type=OrganizationType.CUSTOMER, display_name="Acme"),
    administrators={"a@acme.example": Administrator(email="a@acme.example", roles=frozenset({"full-administrator"}))},
)


class Place:
    """A state that is written through a store and read as facts."""

    def __init__(self, store: Callable[[], Store], facts: Callable[[], Facts]) -> None:
        self._store = store
        self.facts = facts

    def put(self, organization: Organization | None, name: str = "", *, at: datetime = NOW) -> None:
        name = name if organization is None else organization.name
        record = replace(RECORD, at=at)
        with closing(self._store()) as store, store.lock([name], MINE, timeout=timedelta(0), record=record) as lock:
            store.commit(lock, name, after=organization, expected_serial=store.read(name).serial, follow_ups=(), records=[record])


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    memory = MemoryStore()
    if request.param == "memory":
        return Place(lambda: memory, lambda: memory)
    monkeypatch.setattr(facts, "_PAGE", 2)
    url = f"sqlite:///{tmp_path}/state.db" if request.param == "sqlite" else request.getfixturevalue("postgres_server").url()
    open_store(url, create=True).close()
    return Place(lambda: open_store(url, create=False), lambda: open_facts(url))


def test_a_new_state_has_a_lineage_and_no_facts(place: Place) -> None:
    with closing(place.facts()) as found:
        assert found.lineage
        assert found.location
        assert (found.names(), list(found.documents()), found.document("acme"), found.last_recorded()) == ((), [], None, {})
        assert found.highest_instant() is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_all_documents_come_by_name_whatever_a_page_holds(place: Place, count: int) -> None:
    names = ["b-2", "b", "b0", "a", "c"][:count]
    for name in names:
        place.put(replace(ACME, name=name))
    with closing(place.facts()) as found:
        assert list(found.names()) == sorted(names)
        assert list(found.documents()) == [organization_document(replace(ACME, name=name)) for name in sorted(names)]


def test_one_document_is_the_one_that_was_stored_last(place: Place) -> None:
    place.put(replace(ACME, settings=None))
    place.put(ACME)
    with closing(place.facts()) as found:
        assert found.document("acme") == organization_document(ACME)
        assert found.document("acm") is None


def test_what_was_forgotten_is_gone_and_its_journal_is_not(place: Place) -> None:
    place.put(ACME)
    place.put(replace(ACME, name="beta"), at=NOW + timedelta(seconds=1))
    place.put(None, "acme", at=NOW + timedelta(minutes=1, microseconds=5))
    with closing(place.facts()) as found:
        assert (found.names(), found.document("acme")) == (("beta",), None)
        assert [document["name"] for document in found.documents()] == ["beta"]
        last = {"acme": NOW + timedelta(minutes=1, microseconds=5), "beta": NOW + timedelta(seconds=1)}
        assert found.last_recorded() == last
        assert found.last_recorded("acme") == {"acme": last["acme"]}
        assert found.last_recorded("gamma") == {}
        assert found.highest_instant() == max(last.values())


def test_what_is_read_is_the_readers_own(place: Place) -> None:
    place.put(ACME)
    with closing(place.facts()) as found:
        first = found.document("acme")
        assert first is not None
        first["administrators"].clear()
        assert found.document("acme") == organization_document(ACME)


def test_closing_twice_is_closing(place: Place) -> None:
    found = place.facts()
    found.close()
    found.close()
