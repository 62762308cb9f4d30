"""show, history, verify: what the stored state and its journal say."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.model.errors import CorruptStateError, MissingStateError
from reconciler.model.journal import ChainHead, Entry, EntryKind, overall_head
from reconciler.pipeline import history, show_organization, show_organizations, verify_journal
from reconciler.stores.empty import EmptyState
from tests.fakes.builders import ALICE, BOB, NOW, a_grant, a_record, a_store, an_administrator, an_organization, put, settings
from tests.fakes.store import MemoryStore

EMPTY = EmptyState(location="sqlite:///x.db")


def two() -> MemoryStore:
    store = a_store(an_organization(ALICE), an_organization(administrators=None, name="globex"))
    put(store, an_organization(ALICE, BOB, grants=[a_grant()], settings=settings(display_name="Acme")))
    return store


def problems(store: MemoryStore) -> list[tuple[str | None, int | None, str]]:
    return [(problem.organization, problem.seq, problem.message) for problem in verify_journal(store).problems]


def test_one_organization_is_shown_as_stored() -> None:
    answer = show_organization("acme", two(), NOW)
    assert (answer.serial, answer.organization.name, answer.now) == (2, "acme", NOW)


def test_what_is_not_stored_cannot_be_shown() -> None:
    for reader in (two(), EMPTY):
        with pytest.raises(MissingStateError, match="no organization nobody is stored"):
            show_organization("nobody", reader, NOW)


def test_the_list_counts_and_leaves_out_what_was_forgotten() -> None:
    store = two()
    put(store, None, name="globex")
    listed = [
        (it.head.name, it.type, it.display_name, it.administrators, it.grants) for it in show_organizations(store, NOW).organizations()
    ]
    assert listed == [("acme", "customer", "Acme", 2, 1)]
    assert list(show_organizations(EMPTY, NOW).organizations()) == []


def test_people_who_were_never_recorded_are_not_counted_as_none() -> None:
    assert [it.administrators for it in show_organizations(two(), NOW).organizations()] == [2, None]


def test_the_history_is_of_all_or_of_one() -> None:
    store = two()
    assert [(entry.organization, entry.seq) for entry in history(None, store).entries()] == [("acme", 1), ("acme", 2), ("globex", 1)]
    assert [entry.seq for entry in history("acme", store).entries()] == [1, 2]
    assert history(None, store).head == overall_head(store.chain_heads())
    assert history("acme", store).head == overall_head([store.chain_heads()[0]])
    assert history(None, EMPTY).head is None
    with pytest.raises(MissingStateError, match="nothing is recorded about nobody"):
        history("nobody", store)


# The journal's integrity


def test_an_intact_journal_has_no_problems() -> None:
    answer = verify_journal(two())
    assert (answer.problems, answer.organizations, answer.entries) == ((), 2, 3)
    assert verify_journal(EMPTY).problems == ()


@pytest.mark.parametrize("seq", [1, 2])
def test_an_edited_entry_is_found(seq: int) -> None:
    store = two()
    chain = store._chains["acme"]
    chain[seq - 1] = replace(chain[seq - 1], record=replace(chain[seq - 1].record, actor="mallory@acme.example"))
    assert ("acme", seq, "the entry was changed after it was written") in problems(store)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_removed_entry_is_found(position: int) -> None:
    store = two()
    put(store, an_organization(ALICE, BOB))
    del store._chains["acme"][position]
    assert problems(store)


def test_swapped_entries_are_found() -> None:
    store = two()
    store._chains["acme"].reverse()
    assert problems(store)


def test_an_emptied_journal_under_a_document_is_found() -> None:
    store = two()
    del store._chains["globex"]
    assert problems(store) == [("globex", None, "a document is stored that no entry speaks of")]


def test_a_document_that_was_changed_beside_the_journal_is_found() -> None:
    store = two()
    other = a_store(an_organization(ALICE, an_administrator("mallory@acme.example")))
    serial, _, end = store._rows["acme"]
    store._rows["acme"] = (serial, other._rows["acme"][1], end)
    assert ("acme", None, "the stored document is not one that an entry speaks of") in problems(store)


def test_a_document_that_was_set_back_to_an_earlier_one_is_found() -> None:
    store = two()
    earlier = copy.deepcopy(store._rows["acme"])
    put(store, an_organization(ALICE))
    store._rows["acme"] = earlier
    assert problems(store) == [("acme", 3, "the stored document is older than the last entry that speaks of one")]


def test_notes_beside_a_document_are_no_problem() -> None:
    store = two()
    store.note("acme", [a_record(kind=EntryKind.INTENT)])
    assert problems(store) == []


def test_a_writer_that_goes_on_meanwhile_is_no_problem() -> None:
    class Busy(MemoryStore):
        def entries(self, organization: str | None = None) -> Iterator[Entry]:
            put(self, an_organization(ALICE, BOB))
            return super().entries(organization)

    store = Busy()
    put(store, an_organization(ALICE))
    assert verify_journal(store).problems == ()


def test_a_change_without_an_action_is_found() -> None:
    store = MemoryStore()
    store.note("acme", [a_record()])
    assert ("acme", 1, "a change names no action") in problems(store)


class Remembering(MemoryStore):
    """Keeps its recorded heads apart from its chains, as a database does."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[ChainHead] = []

    def chain_heads(self) -> list[ChainHead]:
        return self.recorded

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        if "unreadable" in self._chains:
            raise CorruptStateError("an entry cannot be read")
        return super().entries(organization)


def remembering() -> Remembering:
    store = Remembering()
    for _ in range(3):
        put(store, an_organization(ALICE))
    store.note("acme", [a_record(kind=EntryKind.INTENT)])
    store.recorded = MemoryStore.chain_heads(store)
    assert problems(store) == []
    return store


def test_a_cut_tail_is_found_by_the_recorded_head() -> None:
    store = remembering()
    store._chains["acme"].pop()
    assert problems(store) == [
        ("acme", 4, "the recorded head, entry 4, is not in the chain, which ends at entry 3"),
    ]


def test_a_chain_that_is_gone_is_found_by_the_recorded_head() -> None:
    store = remembering()
    store._chains.clear()
    assert ("acme", None, "a head is recorded, but its chain is empty") in problems(store)


def test_an_entry_that_was_added_behind_the_recorded_head_is_found() -> None:
    store = remembering()
    store.note("acme", [a_record(kind=EntryKind.INTENT)])
    assert problems(store) == [("acme", 5, "the chain has 5 entries, its recorded head does not know them all")]


def test_an_entry_that_cannot_be_read_is_a_problem_and_not_an_error() -> None:
    store = remembering()
    store._chains["unreadable"] = []
    assert problems(store) == [(None, None, "an entry cannot be read")]
