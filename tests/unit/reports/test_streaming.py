"""Long lists are written as they come."""

import io
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.model.changes import FollowUp
from reconciler.model.documents import Document
from reconciler.model.journal import Entry
from reconciler.model.results import Accesses, AccessIn, History, HoldersIn, Organizations, PermissionHolders, StoredOrganization
from reconciler.reports import Style, render
from tests.golden.reports.builders import LINEAGE, LOCATION, OPEN, STORED, a_fleet_plan, a_stored, access_of, an_entry, holders_in


class Watched(io.StringIO):
    """A stream that knows how much was written, without keeping anybody from writing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def look(self) -> None:
        self.seen.append(self.tell())


def test_json_of_a_fleet_is_never_held() -> None:
    out = Watched()

    def organizations() -> Iterator[StoredOrganization]:
        for index in range(3):
            out.look()
            yield a_stored(f"org-{index}")

    render(Organizations(location=LOCATION, lineage=LINEAGE, organizations=organizations), "json", out, exit_code=0, style=Style())
    assert out.seen == sorted(set(out.seen))


def test_json_of_what_a_fleet_has_open_is_never_held() -> None:
    out = Watched()

    def open_steps() -> Iterator[FollowUp]:
        for follow_up in OPEN:
            out.look()
            yield follow_up

    render(a_fleet_plan(open_steps=open_steps), "json", out, exit_code=0, style=Style())
    assert len(out.seen) == len(OPEN)
    assert out.seen == sorted(set(out.seen))


def test_text_of_a_journal_is_written_run_by_run() -> None:
    out = Watched()

    def entries() -> Iterator[Entry]:
        for index in range(1, 4):
            out.look()
            yield an_entry(index, run=f"run-{index}")

    result = History(location=LOCATION, lineage=LINEAGE, organization=None, entries=entries, head=None)
    render(result, "text", out, exit_code=0, style=Style())
    assert out.seen[0] < out.seen[2]


@pytest.mark.parametrize("format_", ["text", "json", "csv"])
def test_holders_are_written_organization_by_organization(format_: str) -> None:
    out = Watched()

    def found() -> Iterator[HoldersIn]:
        for _ in range(3):
            out.look()
            yield holders_in("user-management")

    facts: dict[str, Any] = {"permission": "user-management", "label": "User management", "see_also": {}}
    render(PermissionHolders(found=found, **facts, **STORED), format_, out, exit_code=0, style=Style())
    assert out.seen == sorted(set(out.seen))


@pytest.mark.parametrize("format_", ["text", "json", "csv"])
def test_accesses_are_written_person_by_person(format_: str) -> None:
    out = Watched()

    def documents() -> Iterator[Document]:
        for _ in range(3):
            out.look()
            yield access_of("bob@acme.example")

    result = Accesses(
        organization="acme-health",
        person=None,
        found=lambda: iter([AccessIn(organization="acme-health", accesses=documents(), unrecorded=())]),
        **STORED,
    )
    render(result, format_, out, exit_code=0, style=Style())
    assert out.seen == sorted(set(out.seen))
