"""Whoever can write to the state file: whatever they put there is told as damage or read as what it is. No command breaks, none changes
the file to look at it, and what `verify` calls intact reads as it did before."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.documents import compact, digest_of
from tests.hostile.inside import Answer, folder, run
from tests.hostile.mutating import ROOT, mutated

STATE = Path(".reconciler/state.db")
PAGE = 4096
"""What SQLite reads and writes at once."""
MANIFESTS = "organizations"
ORGANIZATION = "acme-health"
READING = (
    ("show",),
    ("show", "--format", "json"),
    ("show", ORGANIZATION),
    ("show", ORGANIZATION, "--format", "json"),
    ("history",),
    ("history", ORGANIZATION, "--format", "json"),
    ("plan", MANIFESTS),
    ("plan", MANIFESTS, "--recheck", "--format", "json"),
    ("drift", MANIFESTS),
    ("access", ORGANIZATION),
    ("access", "jana.horakova@acme-health.example", "--format", "json"),
    ("who-can", "locations"),
    ("who-can", "locations", "--format", "csv"),
    ("grant", "list"),
)
CHANGING = (
    ("apply", MANIFESTS, "--auto-approve"),
    ("apply", "plan.json"),
    ("sweep",),
    ("attest", ORGANIZATION, "--note", "x", "--actor", "petra.voss@northwind.example"),
    ("state", "forget", ORGANIZATION),
    ("unlock", "elsewhere"),
    ("unlock", "here"),
)
_AT = ("--format", "json", "--now", "2030-01-01T00:00:00Z")
TELLING = (("show", ORGANIZATION, *_AT), ("history", ORGANIZATION, *_AT[:2]), ("access", ORGANIZATION, *_AT))
"""What says all that an organization is made of, and all that verify vouches for."""
NOT_COVERED = {"meta", "locks", "views", "verdicts"}
"""Tables that no entry of the journal speaks of: the identity of the state, who holds a lock, what was remembered to save work."""


class Prepared:
    """A folder with manifests, a state in which they were applied, and a plan of one more change; no value, as Hypothesis shows values.

    Attributes:
        good: the bytes of the state.
        said: what the telling commands answer to it.
    """

    def __init__(self, path: Path, good: bytes, said: dict[tuple[str, ...], Any]) -> None:
        self.path = path
        self.good = good
        self.said = said


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    path = tmp_path_factory.mktemp("state")
    shutil.copytree(ROOT / "examples" / "northwind", path / MANIFESTS)
    with folder(path):
        assert run("apply", MANIFESTS, "--auto-approve").code == 0
        manifest = path / MANIFESTS / f"{ORGANIZATION}.yaml"
        manifest.write_text(manifest.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
        assert run("plan", MANIFESTS, "--out", "plan.json").code == 0
        with closing(sqlite3.connect(STATE)) as raw, raw:
            lock = "INSERT INTO locks VALUES (?, ?, 'u@h', ?, 77, 5.0, 'apply', '1', '2026-11-20T09:30:00Z', '')"
            raw.executemany(lock, [("one", "elsewhere", "h"), ("two", "here", "localhost")])
        yield Prepared(path, STATE.read_bytes(), {command: told(run(*command)) for command in TELLING})


def told(answer: Answer) -> Any:
    """Return what verify vouches for in a report: not the lineage, nor what is left to people."""
    document = json.loads(answer.out)
    return {key: value for key, value in document.items() if key not in {"lineage", "follow_ups", "manual_steps", "at"}}


def look(prepared: Prepared, damaged: bytes, *commands: tuple[str, ...]) -> None:
    """Run reading commands on a damaged state; none may change it, and what verify calls intact reads as before."""
    STATE.write_bytes(damaged)
    for command in (*commands, ("verify",)):
        answer = run(*command)
        assert answer.code in {0, 1, 2}, (command, answer)
        assert STATE.read_bytes() == damaged, command
        assert sorted(entry.name for entry in STATE.parent.iterdir()) == [STATE.name], command
    if run("verify").code == 0:
        for command in TELLING:
            assert told(run(*command)) == prepared.said[command]
    shown = run(*TELLING[0])
    if shown.code == 0:  # never an organization without administrators, or with others
        assert json.loads(shown.out)["administrators"] == prepared.said[TELLING[0]]["administrators"]


def change(damaged: bytes, *commands: tuple[str, ...]) -> None:
    """Run changing commands on a damaged state, each on a copy of its own."""
    for command in commands:
        STATE.write_bytes(damaged)
        assert run(*command).code in {0, 1, 2, 3, 4, 5, 6}, command


FEWER = settings(max_examples=settings().max_examples // 2)
"""Each example is a dozen commands."""
SOME_READING = st.lists(st.sampled_from(READING), min_size=2, max_size=3)
SOME_CHANGING = st.sampled_from(CHANGING)

COLUMNS = st.sampled_from([
    (table, column)
    for table, columns in {
        "meta": "lineage schema_version",
        "organizations": "name serial digest next_end follow_ups body",
        "journal": "organization seq run at kind operation operator version actor address actions reason before after detail plan_hash"
        " serial digest previous hash",
        "chains": "organization seq hash",
        "locks": "organization id operator host pid process_started operation version since",
        "views": "id token at",
        "verdicts": "organization sources outside since until settled declared resources people findings facts marks asked",
    }.items()
    for column in columns.split()
])
CELLS = st.one_of(
    st.sampled_from([None, 0, -1, 5, 2**53, 2**63 - 1, -(2**63), 1.5, float("inf"), "", "x", "[]", "{}", "[1]", "null", "NaN", "\x00"]),
    st.sampled_from(["9" * 5000, "[" * 100_000, "x" * 100_000, b"", b"\xff\xfe", b"\x00", ORGANIZATION.encode()]),
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "2026-11-20T09:30:00+00:00", "soon"]),
    st.text(max_size=5, alphabet=st.characters(exclude_categories=["Cs"])),
    st.binary(max_size=5),
)


def put(good: bytes, table: str, column: str, cell: Any, *, row: int, as_text: bool) -> bytes | None:
    """Return the state with one cell set, bytes perhaps as text that is no UTF-8; None where a constraint forbids it."""
    STATE.write_bytes(good)
    value = "CAST(? AS TEXT)" if as_text and isinstance(cell, bytes) else "?"
    key = "organization" if table == "verdicts" else "rowid"
    where = f"{key} = (SELECT {key} FROM {table} LIMIT 1 OFFSET (SELECT ? % count(*) FROM {table}))"  # noqa: S608 - a test's own text
    with closing(sqlite3.connect(STATE)) as raw, raw:
        try:
            raw.execute(f'UPDATE {table} SET "{column}" = {value} WHERE {where}', (cell, row))  # noqa: S608 - likewise
        except sqlite3.IntegrityError:
            return None
    return STATE.read_bytes()


def rows(state: bytes, table: str) -> list[Any]:
    """Return everything in a table, text as bytes, as it may be no UTF-8."""
    STATE.write_bytes(state)
    with closing(sqlite3.connect(STATE)) as raw:
        raw.text_factory = bytes
        return raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a test's own text


@FEWER
@given(COLUMNS, CELLS, st.integers(0, 100), st.booleans(), SOME_READING, SOME_CHANGING)
def test_a_cell_that_holds_anything_breaks_no_command(  # noqa: PLR0917 - drawn
    prepared: Prepared,
    place: tuple[str, str],
    cell: Any,
    row: int,
    as_text: bool,  # noqa: FBT001 - likewise
    reading: list[tuple[str, ...]],
    changing: tuple[str, ...],
) -> None:
    table, column = place
    with folder(prepared.path):
        damaged = put(prepared.good, table, column, cell, row=row, as_text=as_text)
        if damaged is None:
            return
        covered = table not in NOT_COVERED and column != "follow_ups"
        if covered and rows(damaged, table) != rows(prepared.good, table):
            STATE.write_bytes(damaged)
            assert run("verify").code == 1, "a cell was changed, and nobody noticed"
        look(prepared, damaged, *reading)
        change(damaged, changing)


@FEWER
@given(st.data(), SOME_READING, SOME_CHANGING)
def test_a_forged_document_with_a_fitting_digest_breaks_no_command(
    prepared: Prepared, data: st.DataObject, reading: list[tuple[str, ...]], changing: tuple[str, ...]
) -> None:
    with folder(prepared.path):
        STATE.write_bytes(prepared.good)
        with closing(sqlite3.connect(STATE)) as raw, raw:
            name, body = data.draw(st.sampled_from(raw.execute("SELECT name, body FROM organizations").fetchall()))
            forged = data.draw(mutated(json.loads(body)))
            update = "UPDATE organizations SET body = ?, digest = ? WHERE name = ?"
            raw.execute(update, (compact(forged).decode(), digest_of(forged), name))
        damaged = STATE.read_bytes()
        for command in reading:
            answer = run(*command)
            assert answer.code in {0, 1, 2, 3}, (command, answer)
            assert STATE.read_bytes() == damaged
        if forged != json.loads(body):
            assert run("verify").code == 1
        change(damaged, changing)


@FEWER
@given(st.data(), st.sampled_from([("history",), ("history", "--format", "json"), ("history", ORGANIZATION)]), SOME_CHANGING)
def test_a_forged_entry_breaks_no_command(
    prepared: Prepared, data: st.DataObject, reading: tuple[str, ...], changing: tuple[str, ...]
) -> None:
    with folder(prepared.path):
        STATE.write_bytes(prepared.good)
        with closing(sqlite3.connect(STATE)) as raw, raw:
            known = raw.execute("SELECT rowid, after FROM journal WHERE after IS NOT NULL").fetchall()
            row, after = data.draw(st.sampled_from(known))
            forged = data.draw(mutated(json.loads(after)))
            raw.execute("UPDATE journal SET after = ? WHERE rowid = ?", (compact(forged).decode(), row))
        damaged = STATE.read_bytes()
        assert run(*reading).code in {0, 1}
        if forged != json.loads(after):
            assert run("verify").code == 1
        assert STATE.read_bytes() == damaged
        change(damaged, changing)


@FEWER
@given(st.floats(0, 1, exclude_max=True) | st.floats(0.95, 1, exclude_max=True), SOME_READING, SOME_CHANGING)
def test_a_truncated_state_is_told_and_nothing_in_it_is_read_as_less(
    prepared: Prepared, part: float, reading: list[tuple[str, ...]], changing: tuple[str, ...]
) -> None:
    """Where only a part of the last page is gone, what stands on the others may still be answered."""
    with folder(prepared.path):
        short = prepared.good[: int(part * len(prepared.good))]
        STATE.write_bytes(short)
        assert run("verify").code == 1
        if len(prepared.good) - len(short) < PAGE:
            look(prepared, short, *reading)
            change(short, changing)
            return
        for command in (*reading, changing):
            assert run(*command).code == 1, command
            assert STATE.read_bytes() == short


@FEWER
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=3), SOME_READING, SOME_CHANGING)
def test_flipped_bits_break_no_command(
    prepared: Prepared, flips: list[tuple[float, int]], reading: list[tuple[str, ...]], changing: tuple[str, ...]
) -> None:
    data = bytearray(prepared.good)
    for part, bit in flips:
        data[int(part * len(data))] ^= 1 << bit
    with folder(prepared.path):
        look(prepared, bytes(data), *reading)
        change(bytes(data), changing)


@FEWER
@given(st.integers(0, 99), st.integers(0, 255), SOME_READING, SOME_CHANGING)
def test_a_header_that_says_something_else_breaks_no_command(
    prepared: Prepared, at: int, byte: int, reading: list[tuple[str, ...]], changing: tuple[str, ...]
) -> None:
    data = bytearray(prepared.good)
    data[at] = byte
    with folder(prepared.path):
        look(prepared, bytes(data), *reading)
        change(bytes(data), changing)


@pytest.mark.parametrize("table", ["meta", "organizations", "journal", "chains"])
@pytest.mark.parametrize("how", ["DELETE FROM {}", "DROP TABLE {}", "ALTER TABLE {0} RENAME TO {0}_old"])
def test_a_table_that_is_empty_or_gone_is_damage(prepared: Prepared, table: str, how: str) -> None:
    with folder(prepared.path):
        STATE.write_bytes(prepared.good)
        with closing(sqlite3.connect(STATE)) as raw, raw:
            raw.execute(how.format(table))
        damaged = STATE.read_bytes()
        assert run("verify").code == 1
        look(prepared, damaged, *READING)
        change(damaged, *CHANGING)
        if table == "organizations":
            for command in (("plan", MANIFESTS), ("drift", MANIFESTS), ("apply", MANIFESTS, "--auto-approve"), ("apply", "plan.json")):
                STATE.write_bytes(damaged)
                assert run(*command).code in {1, 4}, command


def test_what_is_no_state_of_ours_is_told_and_left_alone(prepared: Prepared) -> None:
    with folder(prepared.path):
        foreign = prepared.path / "foreign.db"
        with closing(sqlite3.connect(foreign)) as raw, raw:
            raw.execute("CREATE TABLE organizations (name TEXT, serial INTEGER, digest TEXT, next_end TEXT, follow_ups TEXT, body TEXT)")
            raw.execute("INSERT INTO organizations VALUES ('acme-health', 1, NULL, NULL, '[]', NULL)")
        for data in (foreign.read_bytes(), b"", b"\x00" * 4096, b"SQLite format 3\x00", b"{}", prepared.good[:100] + b"\x00" * 4096):
            STATE.write_bytes(data)
            for command in (*READING, ("verify",), *CHANGING):
                assert run(*command).code == 1, command
                assert STATE.read_bytes() == data
