"""What a state says against itself: pages, documents against digests, rows against each other."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, and_, bindparam, select, tuple_

from reconciler.model.errors import CorruptStateError
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import next_end
from reconciler.stores.rows import Columns, entry_row, follow_ups_text, read_entry, stored
from reconciler.stores.schema import chains, journal, organizations

_PAGE: Final = 500
_BODIES: Final = select(organizations).where(organizations.c.name > bindparam("after")).order_by(organizations.c.name).limit(_PAGE)
_ENTRIES: Final = (
    select(journal)
    .where(tuple_(journal.c.organization, journal.c.seq) > tuple_(bindparam("organization"), bindparam("seq")))
    .order_by(journal.c.organization, journal.c.seq)
    .limit(_PAGE)
)
# One statement, so that a writer at work is never taken for a contradiction.
_UNRECORDED: Final = (
    select(organizations.c.name, organizations.c.serial)
    .outerjoin(chains, chains.c.organization == organizations.c.name)
    .outerjoin(journal, and_(journal.c.organization == chains.c.organization, journal.c.seq == chains.c.seq))
    .where(
        journal.c.serial.is_distinct_from(organizations.c.serial) | journal.c.digest.is_distinct_from(organizations.c.digest),
    )
    .order_by(organizations.c.name)
)


def problems(connection: Connection) -> Iterator[str]:
    """Yield one line for everything that is wrong, worst first."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        yield from (f"storage: {line}" for line in found if line != "ok")
    after = ""
    while rows := connection.execute(_BODIES, {"after": after}).mappings().all():
        for row in rows:
            yield from _of_organization(row)
        after = rows[-1]["name"]
    place: Columns = {"organization": "", "seq": 0}
    while rows := connection.execute(_ENTRIES, place).mappings().all():
        for row in rows:
            yield from _of_entry(row)
        place = {"organization": rows[-1]["organization"], "seq": rows[-1]["seq"]}
    for name, serial in connection.execute(_UNRECORDED).all():
        yield f"{name}: serial {serial} and its document are not those of the last entry in the journal"


def _of_organization(row: Columns) -> Iterator[str]:
    try:
        place = stored(row["name"], row["serial"], row["digest"], row["follow_ups"], row["body"])
    except CorruptStateError as error:
        yield error.message
        return
    if row["follow_ups"] != follow_ups_text(row["name"], place.follow_ups):
        yield f"the stored state of {row['name']} is damaged: its follow-ups are not in canonical form"
    end = None if place.organization is None else next_end(place.organization)
    if row["next_end"] != (None if end is None else format_instant(end)):
        yield f"the stored state of {row['name']} is damaged: its next end is not that of its document"


def _of_entry(row: Columns) -> Iterator[str]:
    what = f"entry {row['seq']} in the journal of {row['organization']}"
    try:
        written = entry_row(read_entry(row))
    except CorruptStateError as error:
        yield error.message
        return
    # The hash covers what a row means; this covers its very text.
    different = sorted(column for column, value in written.items() if row[column] != value)
    if different:
        yield f"{what} is not in canonical form: {', '.join(different)}"
