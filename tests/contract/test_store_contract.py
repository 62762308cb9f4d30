"""What every `Store` promises. A new engine is one more parameter of `stores`."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.model.changes import Action, FollowUp, Reason, Recorded
from reconciler.model.documents import digest_of, organization_document
from reconciler.model.errors import FencedError, LockedError, StoreError
from reconciler.model.journal import GENESIS, EntryKind, Record, entry_hash
from reconciler.model.protocols import Commit, Holder, Store, StoredHead
from reconciler.model.resources import Administrator, Grant, Organization, OrganizationType, Settings
from reconciler.model.verdicts import Basis, Verdict, packed
from reconciler.stores import here, open_store
from tests.fakes.store import MemoryStore
from tests.postgres import Server

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLAN = "sha256:" + "a" * 64
AT_ONCE = timedelta(0)
MINE = here("apply", "1.0", NOW)


def a_record(**fields: object) -> Record:
    record = Record(run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0")
    return replace(record, **fields)  # type: ignore[arg-type]  # cases name real fields


LOCKING = a_record(kind=EntryKind.LOCK, operation="lock")


def an_organization(name: str = "acme", **fields: object) -> Organization:
    alice = Administrator(email="alice@acme.example", roles=frozenset({"full-administrator"}))
    organization = Organization(name=name, settings=Settings(type=OrganizationType.CUSTOMER), administrators={"alice@acme.example": alice})
    return replace(organization, **fields)  # type: ignore[arg-type]  # cases name real fields


def a_grant(**fields: object) -> Grant:
    grant = Grant(
        name="inc-1", organization="acme", agent_email="tac@cisco.example", agent_type="cisco-tac", reason="broken", requested_at=NOW
    )
    return replace(grant, **fields)  # type: ignore[arg-type]  # cases name real fields


def elsewhere(**fields: object) -> Holder:
    return replace(MINE, host="another-host", operator="bob@another-host", **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def dead() -> Holder:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return replace(MINE, pid=process.pid, process_started=1.0)


Opening = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Each call gives one more writer of the same state."""
    if request.param == "memory":
        memory = MemoryStore()
        return lambda: memory
    if request.param == "sqlite":
        return lambda: open_store(f"sqlite:///{tmp_path}/state.db", create=True)
    server: Server = request.getfixturevalue("postgres_server")
    url = server.url()
    return lambda: open_store(url, create=True)


@pytest.fixture
def store(opening: Opening) -> Iterator[Store]:
    with closing(opening()) as opened:
        yield opened


def a_step(address: str = "acme/organization", **fields: object) -> FollowUp:
    step = FollowUp(address=address, rule="some-rule", summary="do it ☃", since=NOW + timedelta(microseconds=250))
    return replace(step, **fields)  # type: ignore[arg-type]  # cases name real fields


def a_commit(name: str, **fields: object) -> Commit:
    commit = Commit(organization=name, after=an_organization(name), expected_serial=0, records=[a_record()])
    return replace(commit, **fields)  # type: ignore[arg-type]  # cases name real fields


def put(store: Store, organization: Organization | None, *records: Record, name: str = "acme", follow_ups: Sequence[FollowUp] = ()) -> int:
    name = name if organization is None else organization.name
    with store.lock([name], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        serial = store.read(name).serial
        return store.commit(lock, name, after=organization, expected_serial=serial, records=records or [a_record()], follow_ups=follow_ups)


def test_a_new_state_is_empty_and_has_a_lineage(store: Store) -> None:
    assert store.lineage
    assert (list(store.heads()), store.chain_heads(), store.locks(), list(store.entries()), list(store.problems())) == ([], [], [], [], [])
    assert store.read("acme").serial == 0
    assert store.read("acme").organization is None


def test_what_is_committed_reads_back_the_same(store: Store) -> None:
    organization = an_organization(
        grants={"inc-1": a_grant(approved_by="a@b.example", approved_at=NOW, expires_at=NOW + timedelta(minutes=5))}
    )
    assert put(store, organization) == 1
    found = store.read("acme")
    assert found.organization == organization
    assert (found.serial, found.digest) == (1, digest_of(organization_document(organization)))
    assert list(store.problems()) == []


def test_what_is_read_is_the_readers_own(store: Store) -> None:
    put(store, an_organization(), a_record(after={"email": "alice@acme.example"}))
    entry = next(store.entries())
    assert entry.record.after is not None
    entry.record.after["email"] = "mallory@acme.example"
    assert next(store.entries()).record.after == {"email": "alice@acme.example"}


def test_serials_count_each_organization_by_itself(store: Store) -> None:
    assert [put(store, an_organization()), put(store, an_organization()), put(store, an_organization("beta"))] == [1, 2, 1]


def test_heads_are_in_the_order_of_names_and_carry_the_next_end(store: Store) -> None:
    soon, later = NOW + timedelta(minutes=5), NOW + timedelta(days=2, microseconds=250)
    bob = Administrator(email="bob@acme.example", roles=frozenset({"read-only-administrator"}), expires_at=later)
    put(store, an_organization("b-2"))
    put(store, an_organization("b", administrators={bob.key: bob}))
    put(store, an_organization("b0", grants={"inc-1": a_grant(approved_by="a@b.example", approved_at=NOW, expires_at=soon)}))
    put(store, an_organization("a", grants={"inc-1": a_grant()}))
    heads = list(store.heads())
    assert [(head.name, head.next_end) for head in heads] == [("a", NOW + timedelta(hours=1)), ("b", later), ("b-2", None), ("b0", soon)]
    assert [head.name for head in heads] == sorted(head.name for head in heads)
    assert heads[0] == StoredHead(name="a", serial=1, digest=store.read("a").digest, next_end=NOW + timedelta(hours=1))


def test_a_serial_that_moved_fences(store: Store) -> None:
    put(store, an_organization())
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        for expected in (0, 2):
            with pytest.raises(FencedError, match="serial"):
                store.commit(lock, "acme", after=None, expected_serial=expected, records=[a_record()], follow_ups=())
    assert store.read("acme").organization == an_organization()
    assert [entry.seq for entry in store.entries()] == [1]


def test_a_lock_that_was_lost_fences(store: Store) -> None:
    with store.lock(["acme"], elsewhere(), timeout=AT_ONCE, record=LOCKING) as lost:
        store.unlock(lost.id, a_record(kind=EntryKind.LOCK))
        with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING), pytest.raises(FencedError, match="lock"):
            store.commit(lost, "acme", after=an_organization(), expected_serial=0, records=[a_record()], follow_ups=())
        assert store.read("acme").serial == 0
    assert store.locks() == []


def test_a_lock_covers_only_its_organizations(store: Store) -> None:
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock, pytest.raises(FencedError):
        store.commit(lock, "beta", after=an_organization("beta"), expected_serial=0, records=[a_record()], follow_ups=())


def test_an_aborted_commit_leaves_nothing(store: Store) -> None:
    put(store, an_organization())
    broken = a_record(after={"not json": object()})
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        with pytest.raises((TypeError, StoreError)):
            store.commit(lock, "acme", after=None, expected_serial=1, records=[a_record(), broken], follow_ups=())
        if not isinstance(store, MemoryStore):  # the fake has no transaction to abort
            assert store.read("acme").organization == an_organization()
            assert [entry.seq for entry in store.entries()] == [1]


def test_several_organizations_are_stored_together_each_as_if_alone(store: Store) -> None:
    put(store, an_organization(), follow_ups=[a_step()])
    put(store, an_organization("gone"))
    step = a_step("beta/organization")
    commits = [
        a_commit("beta", follow_ups=[step], records=[a_record(detail="1"), a_record(detail="2")]),
        a_commit("acme", expected_serial=1),
        a_commit("gone", after=None, expected_serial=1),
    ]
    with store.lock([one.organization for one in commits], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        store.commit_all(lock, commits)
    stored = {one.organization: store.read(one.organization) for one in commits}
    assert {name: (it.organization, it.serial) for name, it in stored.items()} == {
        "acme": (an_organization(), 2),
        "beta": (an_organization("beta"), 1),
        "gone": (None, 2),
    }
    assert (stored["acme"].follow_ups, stored["beta"].follow_ups) == ((), (step,))
    for name, serials in {"acme": [1, 2], "beta": [1, 1], "gone": [1, 2]}.items():
        entries = list(store.entries(name))
        assert [(entry.seq, entry.serial) for entry in entries] == list(enumerate(serials, start=1))
        assert [entry.previous for entry in entries] == [GENESIS, *(entry.hash for entry in entries)][: len(entries)]
        assert entries[-1].digest == stored[name].digest
    assert list(store.problems()) == []


@pytest.mark.parametrize("bad", ["not locked", "serial moved", "was never stored", "exists already", "another's name", "another's step"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_refuses_one_of_several_organizations_leaves_all_of_them_as_they_were(store: Store, bad: str, place: int) -> None:
    put(store, an_organization("known"))
    refused = {
        "not locked": a_commit("unlocked"),
        "serial moved": a_commit("known", expected_serial=2),
        "was never stored": a_commit("wrong", expected_serial=1),
        "exists already": a_commit("known"),
        "another's name": a_commit("wrong", after=an_organization("acme")),
        "another's step": a_commit("wrong", follow_ups=[a_step("acme/organization")]),
    }[bad]
    commits = [a_commit("acme"), a_commit("beta")]
    commits.insert(place, refused)
    before = [list(store.heads()), list(store.entries())]
    with store.lock(["acme", "beta", "known", "wrong"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        expected = ValueError if "another" in bad else FencedError
        with pytest.raises(expected, match=refused.organization):
            store.commit_all(lock, commits)
        assert [list(store.heads()), list(store.entries())] == before
        store.commit_all(lock, [one for one in commits if one is not refused])
    assert [head.name for head in store.heads()] == ["acme", "beta", "known"]


def test_a_lock_that_was_lost_in_one_organization_fences_all_that_are_stored_with_it(store: Store) -> None:
    with store.lock(["acme", "beta"], elsewhere(), timeout=AT_ONCE, record=LOCKING) as lost:
        store.unlock(lost.id, a_record(kind=EntryKind.LOCK))
        with store.lock(["beta"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
            with pytest.raises(FencedError, match="lock"):
                store.commit_all(lost, [a_commit("beta")])
            with pytest.raises(FencedError, match="acme: the lock"):
                store.commit_all(lock, [a_commit("beta"), a_commit("acme")])
    assert list(store.heads()) == []


def test_an_organization_is_stored_under_its_own_name(store: Store) -> None:
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock, pytest.raises(ValueError, match="beta is not acme"):
        store.commit(lock, "acme", after=an_organization("beta"), expected_serial=0, records=[a_record()], follow_ups=())


def test_a_second_holder_waits_in_vain_and_is_told_who(opening: Opening) -> None:
    with closing(opening()) as first, closing(opening()) as second:
        with first.lock(["acme", "beta"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
            with pytest.raises(LockedError) as caught, second.lock(["beta", "gamma"], MINE, timeout=AT_ONCE, record=LOCKING):
                pass
            assert [info.organizations for info in second.locks()] == [("acme", "beta")]
        message = caught.value.message
        for part in ("beta", MINE.operator, MINE.host, str(MINE.pid), MINE.operation, "2026-11-20T09:00:00Z", lock.id):
            assert part in message
        assert caught.value.hint == f"reconciler unlock {lock.id}"
        with second.lock(["gamma", "beta"], MINE, timeout=AT_ONCE, record=LOCKING) as later:
            assert later.organizations == {"beta", "gamma"}
            assert later.taken_over == ()
        assert first.locks() == []


def test_different_organizations_are_locked_side_by_side(opening: Opening) -> None:
    with (
        closing(opening()) as first,
        closing(opening()) as second,
        first.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING),
        second.lock(["beta"], MINE, timeout=AT_ONCE, record=LOCKING),
    ):
        assert sorted(info.organizations for info in first.locks()) == [("acme",), ("beta",)]


def test_an_error_in_the_block_lets_go_and_stays_itself(store: Store) -> None:
    with pytest.raises(KeyError, match="mine"), store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING):
        raise KeyError("mine")
    assert store.locks() == []


def test_a_dead_holder_is_taken_over_with_an_entry(store: Store, dead: Holder) -> None:
    put(store, an_organization())
    abandoned = store.lock(["acme", "beta"], dead, timeout=AT_ONCE, record=LOCKING)
    former = abandoned.__enter__()
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        assert [(info.id, info.organizations, info.holder) for info in lock.taken_over] == [(former.id, ("acme",), dead)]
        assert [info.organizations for info in store.locks() if info.id == former.id] == [("beta",)]
    last = list(store.entries("acme"))[-1]
    assert last.record == replace(LOCKING, detail=last.record.detail)
    for part in (former.id, str(dead.pid), dead.host, dead.operator):
        assert part in last.record.detail
    assert (last.serial, last.digest) == (1, store.read("acme").digest)
    assert list(store.problems()) == []
    abandoned.__exit__(None, None, None)


def test_a_pid_that_another_process_has_now_is_no_holder(store: Store) -> None:
    stranger = replace(MINE, process_started=MINE.process_started - 60)
    abandoned = store.lock(["acme"], stranger, timeout=AT_ONCE, record=LOCKING)
    abandoned.__enter__()
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        assert [info.holder for info in lock.taken_over] == [stranger]
    abandoned.__exit__(None, None, None)


def test_a_holder_on_another_host_is_never_taken_over(store: Store, dead: Holder) -> None:
    far = replace(dead, host="not-" + socket.gethostname())
    with store.lock(["acme"], far, timeout=AT_ONCE, record=LOCKING), pytest.raises(LockedError):
        store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING).__enter__()


def test_unlock_releases_what_another_host_left_and_records_it(store: Store) -> None:
    with store.lock(["beta", "acme"], elsewhere(), timeout=AT_ONCE, record=LOCKING) as lock:
        info = store.unlock(lock.id, a_record(kind=EntryKind.LOCK, operation="unlock", detail="asked bob"))
        assert (info.id, info.organizations) == (lock.id, ("acme", "beta"))
        assert store.locks() == []
    entries = list(store.entries())
    assert [(entry.organization, entry.seq, entry.serial, entry.digest) for entry in entries] == [
        ("acme", 1, 0, None),
        ("beta", 1, 0, None),
    ]
    assert entries[0].record.detail.startswith("asked bob; ")
    assert lock.id in entries[0].record.detail


def test_unlock_refuses_the_living_and_the_unknown(store: Store) -> None:
    with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        with pytest.raises(LockedError, match="living"):
            store.unlock(lock.id, a_record())
        assert [info.id for info in store.locks()] == [lock.id]
    with pytest.raises(StoreError, match="no lock has the id"):
        store.unlock(lock.id, a_record())
    assert list(store.entries()) == []


def test_the_chain_holds_together(store: Store) -> None:
    change = a_record(
        actor="alice@acme.example",
        address="acme/administrator/b@acme.example",
        action=Action.UPDATE,
        reason=Reason.DECLARED,
        before={"email": "b@acme.example", "roles": []},
        after={"email": "b@acme.example", "name": "Bě ☃"},
        detail="naïve",
        plan_hash=PLAN,
        at=NOW + timedelta(microseconds=1),
    )
    store.note("acme", [a_record(kind=EntryKind.INTENT)])
    put(store, an_organization(), change, a_record())
    entries = list(store.entries("acme"))
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert entries[1].record == change
    assert entries[0].previous == GENESIS
    assert all(later.previous == earlier.hash for earlier, later in pairwise(entries))
    for entry in entries:
        columns = {"organization": "acme", "seq": entry.seq, "record": entry.record, "serial": entry.serial, "digest": entry.digest}
        assert entry.hash == entry_hash(**columns, previous=entry.previous)  # type: ignore[arg-type]
    assert [(entry.serial, entry.digest) for entry in entries] == [(0, None), *[(1, store.read("acme").digest)] * 2]
    assert [(head.organization, head.seq, head.hash) for head in store.chain_heads()] == [("acme", 3, entries[-1].hash)]


def test_entries_come_by_organization_and_number(store: Store) -> None:
    for name in ("beta", "acme", "a-b"):
        put(store, an_organization(name), *[a_record(run=f"r{number}") for number in range(600)])
    found = [(entry.organization, entry.seq) for entry in store.entries()]
    assert found == [(name, seq) for name in ("a-b", "acme", "beta") for seq in range(1, 601)]
    assert [entry.seq for entry in store.entries("acme")] == list(range(1, 601))
    assert list(store.entries("nobody")) == []
    assert [head.organization for head in store.chain_heads()] == ["a-b", "acme", "beta"]


def test_entries_of_a_plan_are_those_of_no_other(store: Store) -> None:
    put(store, an_organization("beta"), a_record(plan_hash=PLAN), a_record(plan_hash="sha256:" + "b" * 64))
    put(store, an_organization("acme"), a_record(), a_record(plan_hash=PLAN))
    assert [(entry.organization, entry.seq) for entry in store.entries_of_plan(PLAN)] == [("acme", 2), ("beta", 1)]
    assert list(store.entries_of_plan("sha256:" + "c" * 64)) == []


def test_the_last_record_of_every_chain_is_known_by_its_instant(store: Store) -> None:
    assert store.last_recorded() == store.last_recorded("acme") == {}
    store.note("acme", [a_record(at=NOW), a_record(at=NOW + timedelta(hours=1))])
    store.note("globex", [a_record(at=NOW)])
    assert store.last_recorded() == {"acme": NOW + timedelta(hours=1), "globex": NOW}
    assert store.last_recorded("globex") == {"globex": NOW}
    assert store.last_recorded("initech") == {}


def test_the_highest_instant_is_that_of_any_entry_of_any_chain(store: Store) -> None:
    assert store.highest_instant() is None
    later = NOW + timedelta(hours=1)
    store.note("acme", [a_record(at=later), a_record(at=NOW)])
    store.note("globex", [a_record(at=NOW + timedelta(minutes=1), kind=EntryKind.LOCK)])
    assert store.highest_instant() == later
    # A fraction of a second sorts before none as text, and not as an instant.
    store.note("globex", [a_record(at=later + timedelta(microseconds=5)), a_record(at=later)])
    assert store.highest_instant() == later + timedelta(microseconds=5)


def test_the_last_change_of_every_resource_is_known_with_who_answered_for_it(store: Store) -> None:
    assert store.last_changes("acme") == {}
    alice, bob = (f"acme/administrator/{name}@acme.example" for name in ("alice", "bob"))
    put(store, an_organization(), a_record(address=alice, run="r1"), a_record(address=bob, run="r1"))
    put(store, an_organization(), a_record(address=alice, run="r2", at=NOW + timedelta(hours=1), actor="carol@acme.example"))
    store.note("acme", [a_record(kind=EntryKind.INTENT, run="r3"), a_record(kind=EntryKind.FAILURE, run="r3", address=bob)])
    put(store, an_organization("globex"), a_record(address="globex/organization"))
    assert store.last_changes("acme") == {
        alice: Recorded(at=NOW + timedelta(hours=1), run="r2", actor="carol@acme.example", operator=a_record().operator),
        bob: Recorded(at=NOW, run="r1", actor=None, operator=a_record().operator),
    }


def test_a_forgotten_organization_keeps_serial_and_chain_and_may_come_back(store: Store) -> None:
    put(store, an_organization())
    assert put(store, None) == 2
    assert store.read("acme").organization is None
    assert list(store.heads()) == [StoredHead(name="acme", serial=2, digest=None, next_end=None)]
    assert put(store, an_organization()) == 3
    assert store.read("acme").organization == an_organization()
    assert [(entry.seq, entry.serial) for entry in store.entries()] == [(1, 1), (2, 2), (3, 3)]
    assert list(store.problems()) == []


def test_a_note_leaves_document_and_serial_alone(store: Store) -> None:
    put(store, an_organization())
    before = store.read("acme")
    store.note("acme", [a_record(detail="one"), a_record(detail="two")])
    store.note("acme", [])
    assert store.read("acme") == before
    assert [entry.record.detail for entry in store.entries()] == ["", "one", "two"]


def test_open_follow_ups_are_stored_beside_the_document_and_read_back_in_order(store: Store) -> None:
    first, second = a_step("acme/administrator/b@acme.example"), a_step("acme/organization", rule="a-rule")
    third = a_step("acme/organization", rule="b-rule", summary="##[x] \u202e \n \ud800", since=NOW)
    digest = digest_of(organization_document(an_organization()))
    for given in ((first, second, third), (third, first, second)):
        put(store, an_organization(), follow_ups=given)
        found = store.read("acme")
        assert (found.follow_ups, found.digest) == ((first, second, third), digest)
    put(store, an_organization("beta"))
    assert {head.name: head.follow_ups for head in store.heads()} == {"acme": (first, second, third), "beta": ()}
    assert list(store.problems()) == []


def test_a_commit_leaves_open_what_it_is_given_and_nothing_else(store: Store) -> None:
    put(store, an_organization(), follow_ups=[a_step()])
    put(store, an_organization())
    assert store.read("acme").follow_ups == ()
    put(store, an_organization(), follow_ups=[a_step()])
    put(store, None)
    assert store.read("acme").follow_ups == ()
    assert store.read("nobody").follow_ups == ()


@pytest.mark.parametrize(
    ("follow_ups", "after"),
    [
        ([a_step("beta/organization")], an_organization()),
        ([a_step("acme-2/organization")], an_organization()),
        ([a_step("acme")], an_organization()),
        ([a_step(), a_step(summary="the same again")], an_organization()),
        ([a_step()], None),
    ],
    ids=["of-another", "of-one-that-begins-alike", "no-resource", "twice", "of-a-forgotten-one"],
)
def test_a_follow_up_that_cannot_be_is_refused(store: Store, follow_ups: Sequence[FollowUp], after: Organization | None) -> None:
    put(store, an_organization(), follow_ups=[a_step()])
    with pytest.raises(ValueError, match="acme"):
        put(store, after, follow_ups=follow_ups)
    if after is not None:
        with pytest.raises(ValueError, match="acme"):
            close(store, *follow_ups)
    assert (store.read("acme").serial, store.read("acme").follow_ups) == (1, (a_step(),))
    assert len(list(store.entries())) == 1


def close(store: Store, *left: FollowUp, name: str = "acme") -> None:
    record = a_record(kind=EntryKind.ATTEST, operation="attest", address="acme/organization", detail="some-rule: done")
    with store.lock([name], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        store.attest(lock, name, follow_ups=left, records=[record])


def test_attesting_leaves_document_digest_and_serial_alone_and_is_an_entry(store: Store) -> None:
    other = a_step("acme/administrator/b@acme.example")
    put(store, an_organization(), follow_ups=[a_step(), other])
    before = store.read("acme")
    close(store, other)
    assert store.read("acme") == replace(before, follow_ups=(other,))
    assert [head.follow_ups for head in store.heads()] == [(other,)]
    last = list(store.entries())[-1]
    assert (last.seq, last.serial, last.digest) == (2, 1, before.digest)
    assert (last.record.kind, last.record.action, last.record.detail) == (EntryKind.ATTEST, None, "some-rule: done")
    close(store)
    assert store.read("acme") == replace(before, follow_ups=())
    assert list(store.problems()) == []


def test_attesting_needs_the_lock_and_something_stored(store: Store) -> None:
    put(store, an_organization(), follow_ups=[a_step()])
    with store.lock(["acme"], elsewhere(), timeout=AT_ONCE, record=LOCKING) as lost:
        store.unlock(lost.id, a_record(kind=EntryKind.LOCK))
        with store.lock(["acme"], MINE, timeout=AT_ONCE, record=LOCKING), pytest.raises(FencedError, match="lock"):
            store.attest(lost, "acme", follow_ups=(), records=[a_record()])
    with pytest.raises(FencedError, match="nothing is stored"):
        close(store, name="beta")
    assert store.read("acme").follow_ups == (a_step(),)
    assert [entry.record.kind for entry in store.entries()] == [EntryKind.CHANGE, EntryKind.LOCK]


def test_a_note_leaves_follow_ups_alone(store: Store) -> None:
    put(store, an_organization(), follow_ups=[a_step()])
    store.note("acme", [a_record(detail="one")])
    assert store.read("acme").follow_ups == (a_step(),)


def test_ten_thousand_locks_come_and_go_together(store: Store) -> None:
    names = [f"org-{number:05}" for number in range(10_000)]
    with store.lock([*names, names[0]], MINE, timeout=AT_ONCE, record=LOCKING) as lock:
        (info,) = store.locks()
        assert (info.id, len(info.organizations), info.organizations[0]) == (lock.id, 10_000, names[0])
    assert store.locks() == []


def test_close_may_be_called_twice(opening: Opening) -> None:
    store = opening()
    store.close()
    store.close()


# Verdicts


def a_verdict(name: str = "acme", **fields: object) -> tuple[Verdict, Basis]:
    verdict = Verdict(
        organization=name,
        sources="0f orgs/acme.yaml",
        outside="",
        since=1,
        until=None,
        settled="sha256:0f",
        declared=True,
        resources=2,
        people=1,
        findings="",
    )
    basis = Basis(organization=name, facts="[]", marks=packed([7, 2**32 - 1]), asked="northwind")
    return verdict._replace(**fields), basis  # type: ignore[arg-type]  # cases name real fields


def remembered(store: Store, view: str = "a") -> list[tuple[Verdict, Basis]]:
    return list(zip(store.verdicts(view), store.bases(view), strict=True))


def test_verdicts_are_given_back_by_organization_as_they_were_put_in(store: Store) -> None:
    some = [a_verdict("globex", until=2**40, findings='[{"a": 1}]'), a_verdict(settled=None, outside="- umbrella", declared=False)]
    assert (store.token("a"), remembered(store)) == (None, [])
    assert store.remember("a", some, gone=[], expected=None, at=NOW)
    assert remembered(store) == some[::-1]
    assert store.token("a") is not None
    assert (store.token("b"), remembered(store, "b")) == (None, [])


def test_verdicts_take_the_place_of_older_ones_and_drop_who_is_gone(store: Store) -> None:
    store.remember("a", [a_verdict("acme"), a_verdict("globex"), a_verdict("initech")], gone=[], expected=None, at=NOW)
    first = store.token("a")
    newer = a_verdict("globex", people=9)
    assert store.remember("a", [newer, a_verdict("umbrella")], gone=["initech", "unknown"], expected=first, at=NOW)
    assert remembered(store) == [a_verdict("acme"), newer, a_verdict("umbrella")]
    assert store.token("a") != first


def test_verdicts_that_were_found_beside_older_ones_are_not_written_over_newer_ones(store: Store) -> None:
    store.remember("a", [a_verdict()], gone=[], expected=None, at=NOW)
    first = store.token("a")
    store.remember("a", [a_verdict(people=2)], gone=[], expected=first, at=NOW)
    for expected in (None, first, "unknown"):
        assert not store.remember("a", [a_verdict(people=3)], gone=["acme"], expected=expected, at=NOW)
    assert remembered(store) == [a_verdict(people=2)]


def test_the_views_that_were_written_last_are_kept(store: Store) -> None:
    for number in range(10):
        assert store.remember(f"view {number}", [a_verdict()], gone=[], expected=None, at=NOW + timedelta(seconds=number))
    assert [number for number in range(10) if store.token(f"view {number}")] == list(range(2, 10))
    assert [number for number in range(10) if remembered(store, f"view {number}")] == list(range(2, 10))
    # Also when the clock was set back, the one that was just written is among them.
    assert store.remember("late", [a_verdict()], gone=[], expected=None, at=NOW - timedelta(days=1))
    assert store.token("late") is not None


def test_verdicts_are_no_part_of_what_is_stored(store: Store) -> None:
    put(store, an_organization(), a_record())
    before = (list(store.heads()), list(store.entries()), store.chain_heads())
    store.remember("a", [a_verdict()], gone=[], expected=None, at=NOW)
    assert (list(store.heads()), list(store.entries()), store.chain_heads()) == before
