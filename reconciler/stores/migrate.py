"""Older states become today's: one transaction, after a copy was put beside them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from reconciler.model.errors import CorruptStateError, StateVersionError
from reconciler.stores.files import RESTORE

if TYPE_CHECKING:
    from sqlalchemy import Connection

BASE_VERSION: Final = 1
"""The first version of the schema; each migration adds one."""

Migration = Callable[["Connection"], None]
"""Changes tables and rows from one version to the next, within the caller's transaction."""


def _remember(connection: "Connection") -> None:
    """Version 2 keeps what was found out about organizations."""
    from reconciler.stores.schema import metadata, verdicts, views  # noqa: PLC0415 - as in `apply_all`

    metadata.create_all(connection, tables=[views, verdicts])


def _tell_machines_apart(connection: "Connection") -> None:
    """Version 3 notes of a lock's holder among which processes its pid counts."""
    connection.exec_driver_sql("ALTER TABLE locks ADD COLUMN machine TEXT DEFAULT '' NOT NULL")


MIGRATIONS: Final[tuple[Migration, ...]] = (_remember, _tell_machines_apart)
"""The entry at index 0 leads from version 1 to version 2, and so on."""

CURRENT_VERSION: Final = BASE_VERSION + len(MIGRATIONS)
"""The version of a state that is made today."""


def is_current(found: int, migrations: tuple[Migration, ...], location: str) -> bool:
    """Tell whether a state of version *found* is today's (true) or an older one (false).

    Raises:
        StateVersionError: a newer version wrote it.
        CorruptStateError: there is no such version.
    """
    today = BASE_VERSION + len(migrations)
    if found > today:
        raise StateVersionError(
            f"{location} has schema version {found}; this version of reconciler knows {today}",
            hint="use the version of reconciler that wrote it, or a newer one",
        )
    if found < BASE_VERSION:
        raise CorruptStateError(f"{location} names no schema version that ever was: {found}", hint=RESTORE)
    return found == today


def begin(connection: "Connection") -> None:
    """Write the first row into the tables of a new state, of a new lineage."""
    import uuid  # noqa: PLC0415 - likewise

    from sqlalchemy import insert  # noqa: PLC0415 - as in `apply_all`

    from reconciler.stores.schema import meta  # noqa: PLC0415 - likewise

    connection.execute(insert(meta).values(lineage=str(uuid.uuid4()), schema_version=CURRENT_VERSION))


def apply_all(connection: "Connection", found: int, migrations: tuple[Migration, ...]) -> int:
    """Lead a state of version *found* to today's, within the caller's transaction; return today's version."""
    from sqlalchemy import update  # noqa: PLC0415 - readers of today's version need no SQLAlchemy, and ask here what that is

    from reconciler.stores.schema import meta  # noqa: PLC0415 - likewise

    for migration in migrations[found - BASE_VERSION :]:
        migration(connection)
    today = BASE_VERSION + len(migrations)
    connection.execute(update(meta).values(schema_version=today))
    return today
