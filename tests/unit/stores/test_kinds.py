"""What columns hold, as it is checked when they are read, is what the tables say."""

from types import NoneType

import pytest
from sqlalchemy import Table

from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores.rows import BASIS, CHAIN, DOCUMENT, ENTRY, HEAD, LAST, LAST_CHANGE, LOCK, PLACE, VERDICT, Kinds
from reconciler.stores.schema import chains, journal, locks, organizations, verdicts

READ: list[tuple[Kinds, Table]] = [
    (HEAD, organizations),
    (DOCUMENT, organizations),
    (PLACE, organizations),
    (CHAIN, chains),
    (LAST, journal),
    (ENTRY, journal),
    (LOCK, locks),
    (VERDICT, verdicts),
    (BASIS, verdicts),
]


@pytest.mark.parametrize(("kinds", "table"), READ)
def test_a_column_may_hold_what_its_table_says(kinds: Kinds, table: Table) -> None:
    for name, allowed in kinds.columns.items():
        column = table.c[name]
        assert set(allowed) == {column.type.python_type, *([NoneType] if column.nullable else [])}, name


def test_whole_rows_are_checked_column_for_column() -> None:
    assert list(ENTRY.columns) == list(journal.c.keys())
    assert list(LOCK.columns) == list(locks.c.keys())
    assert tuple(VERDICT.columns) == Verdict._fields
    assert tuple(BASIS.columns) == Basis._fields
    assert set(LAST_CHANGE.columns) < set(journal.c.keys())


def test_a_value_of_another_kind_is_named_by_its_column() -> None:
    for _ in range(2):
        CHAIN.check(("acme", 1, "0" * 64))
        with pytest.raises(TypeError, match="its seq is of type str"):
            CHAIN.check(("acme", "1", "0" * 64))
    with pytest.raises(ValueError, match="zip"):
        CHAIN.check(("acme", 1))
