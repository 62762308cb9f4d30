"""attest: what was open is closed by somebody's word, and by nobody else's."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.changes import FollowUp
from reconciler.model.errors import FencedError, LockedError, MissingStateError, NothingOpenError
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.results import Attestation
from reconciler.pipeline import Request, RunSettings, attest, verify_journal
from reconciler.stores import open_reader, open_store
from reconciler.stores.writer import SqlStore
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    HOLDER,
    MINUTE,
    NOW,
    SECOND,
    a_follow_up,
    a_record,
    an_administrator,
    an_organization,
    put,
)
from tests.fakes.clock import FixedClock

A_ALICE, A_BOB = (f"acme/administrator/{who}@acme.example" for who in ("alice", "bob"))
STRASSE = an_administrator("straße@acme.example")
OPEN = (a_follow_up(A_ALICE), a_follow_up(A_BOB), a_follow_up(A_BOB, "train-once"), a_follow_up("acme/organization"))
THERE = a_follow_up("globex/organization", "support-case")


class Place:
    """A state in which something is open."""

    def __init__(self, folder: Path) -> None:
        self.request = Request(catalog=CATALOG, state=f"sqlite:///{folder}/state.db", actor="petra@acme.example")
        self.settings = RunSettings(
            run="r7",
            holder=replace(HOLDER, operation="attest"),
            clock=FixedClock(NOW + MINUTE),
            lock_timeout=0 * SECOND,
            stopping=lambda: None,
            progress=lambda _: None,
        )

    def attest(self, *addresses: str, note: str = "seen it") -> Attestation:
        return attest(addresses, note, self.request, self.settings)

    def open(self, name: str = "acme") -> tuple[FollowUp, ...]:
        with closing(open_reader(self.request.state)) as reader:
            return reader.read(name).follow_ups

    def entries(self) -> list[Entry]:
        with closing(open_reader(self.request.state)) as reader:
            assert verify_journal(reader).problems == ()
            return [entry for entry in reader.entries() if entry.record.run == "r7"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    with closing(open_store(made.request.state, create=True)) as store:
        put(store, an_organization(ALICE, BOB), *OPEN)
        put(store, an_organization(name="globex"), THERE)
        put(store, an_organization(name="initech"))
    return made


def test_what_is_attested_is_closed_and_journalled_with_rule_note_and_who(place: Place) -> None:
    answer = place.attest(A_BOB)
    assert answer == Attestation(
        run="r7", at=NOW + MINUTE, actor="petra@acme.example", note="seen it", attested=OPEN[1:3], left={"acme": 2}
    )
    assert place.open() == (OPEN[0], OPEN[3])
    told = [(entry.record.kind, entry.record.address, entry.record.detail, entry.serial) for entry in place.entries()]
    assert told == [
        (EntryKind.ATTEST, A_BOB, "sign-in-once: seen it", 1),
        (EntryKind.ATTEST, A_BOB, "train-once: seen it", 1),
    ]
    record = place.entries()[0].record
    assert (record.actor, record.operator, record.at, record.operation) == (
        "petra@acme.example",
        HOLDER.operator,
        NOW + MINUTE,
        "attest",
    )
    assert (record.action, record.reason, record.before, record.after, record.plan_hash) == (None, None, None, None, None)


def test_an_organization_alone_means_all_that_is_open_in_it_and_each_is_closed_once(place: Place) -> None:
    answer = place.attest("globex", "acme", A_BOB, "acme")
    assert answer.attested == (*OPEN, THERE)
    assert answer.left == {"acme": 0, "globex": 0}
    assert (place.open(), place.open("globex"), len(place.entries())) == ((), (), 5)


def test_a_person_is_known_in_every_spelling(place: Place) -> None:
    with closing(open_store(place.request.state, create=False)) as store:
        put(store, an_organization(ALICE, STRASSE), a_follow_up("acme/administrator/straße@acme.example"))
    assert len(place.attest("acme/administrator/STRASSE@acme.example").attested) == 1
    assert place.open() == ()


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("acme/administrator/bub@acme.example", f"reconciler attest {A_BOB} --note TEXT"),
        ("acme/organisation", "reconciler attest acme/organization --note TEXT"),
        ("acne/administrator/bob@acme.example", f"reconciler attest {A_BOB} --note TEXT"),
        ("globax", "reconciler attest globex --note TEXT"),
        ("acme/", "reconciler attest acme --note TEXT"),
        ("acme/elevation-grant/0", "reconciler show acme"),
        ("initech", "reconciler show"),
        ("", "reconciler show"),
    ],
)
def test_where_nothing_is_open_the_nearest_address_is_named_and_nothing_is_closed(place: Place, address: str, hint: str) -> None:
    with pytest.raises(NothingOpenError) as caught:
        place.attest("acme", address)
    assert caught.value.message == f"no follow-up is open at {address}"
    assert caught.value.hint == hint
    assert caught.value.detail.startswith("what is open is listed by reconciler show")
    assert (place.open(), place.entries()) == (OPEN, [])


def test_an_address_to_copy_is_quoted_for_the_shell(place: Place) -> None:
    odd = a_follow_up("acme/administrator/o'hara@acme.example")
    with closing(open_store(place.request.state, create=False)) as store:
        put(store, an_organization(), odd)
    with pytest.raises(NothingOpenError) as caught:
        place.attest("acme/administrator/ohara@acme.example")
    assert caught.value.hint == """reconciler attest 'acme/administrator/o'"'"'hara@acme.example' --note TEXT"""


def test_without_a_state_there_is_nothing_to_attest_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(MissingStateError, match="there is no stored state"):
        Place(tmp_path).attest("acme")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_somebody_else_is_waited_for_but_not_to_learn_of_a_typing_error(place: Place) -> None:
    with (
        closing(open_store(place.request.state, create=False)) as store,
        store.lock(["acme"], HOLDER, timeout=0 * SECOND, record=a_record(kind=EntryKind.LOCK)),
    ):
        with pytest.raises(LockedError):
            place.attest(A_BOB)
        with pytest.raises(NothingOpenError):
            place.attest("acme/organisation")
        assert place.attest("globex").left == {"globex": 0}
    assert place.open() == OPEN


def test_what_another_run_closed_meanwhile_is_not_closed_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = SqlStore._wait_for

    def closes(store: SqlStore, *arguments: object) -> object:
        monkeypatch.undo()
        place.attest(A_BOB)
        return waits(store, *arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(SqlStore, "_wait_for", closes)
    with pytest.raises(NothingOpenError):
        place.attest(A_BOB)
    assert len(place.entries()) == 2


def test_a_writer_that_lost_its_lock_closes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    attests = SqlStore.attest

    def late(store: SqlStore, lock: object, organization: str, **what: object) -> None:
        monkeypatch.undo()
        store._release(lock)  # type: ignore[arg-type]  # as if somebody had unlocked it
        with store.lock([organization], HOLDER, timeout=0 * SECOND, record=a_record(kind=EntryKind.LOCK)):
            attests(store, lock, organization, **what)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(SqlStore, "attest", late)
    with pytest.raises(FencedError):
        place.attest(A_BOB)
    assert (place.open(), place.entries()) == (OPEN, [])
