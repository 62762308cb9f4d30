"""Long lists are written as they come."""

import io
from collections.abc import Iterator

from reconciler.model.journal import Entry
from reconciler.model.results import History, Organizations, StoredOrganization
from reconciler.reports import Style, render
from tests.golden.reports.builders import LINEAGE, LOCATION, a_stored, an_entry


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


def test_text_of_a_journal_is_written_run_by_run() -> None:
    out = Watched()

    def entries() -> Iterator[Entry]:
        for index in range(1, 4):
            out.look()
            yield an_entry(index, run=f"run-{index}")

    result = History(location=LOCATION, lineage=LINEAGE, organization=None, entries=entries, head=None)
    render(result, "text", out, exit_code=0, style=Style())
    assert out.seen[0] < out.seen[2]
