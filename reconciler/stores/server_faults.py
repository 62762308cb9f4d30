"""Errors of PostgreSQL in our words, by their SQLSTATE; psycopg is not needed to tell them.

Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
"""

from typing import Final

from reconciler.model.errors import CorruptStateError, LockedError, StorageFaultError, StoreError

NO_SCHEMA: Final = "create the schema, grant its usage to the role, or name another one with options=-csearch_path%3DNAME"
"""The way out where nothing on the search path can be used."""

_AGAIN: Final = "run the command again; the last change may or may not be stored"
_GRANTS: Final = (
    "use a role that may do this: checks need to read, apply and sweep to write, and the first apply and migrations to own the tables"
)
_LET_IN: Final = "check the user of the URL or PGUSER, and the password of PGPASSFILE, PGPASSWORD or the URL"

_LOST: Final = ("the connection to the server was lost", _AGAIN)

_STORAGE: Final[dict[str, tuple[str, str | None]]] = {
    "25006": ("it cannot be written", "the server is a standby, or the role or database is set to read only"),
    "53100": ("the disk of the server is full", "free some space and run again; the state is as it was before"),
    "53200": ("the server has not enough memory", None),
    "58030": ("the server could not read or write", "check its disk, then run again; the last change may or may not be stored"),
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": ("the server takes no connections now", "it is starting or stopping; run the command again"),
    "57P05": _LOST,
    "25P03": ("this run was stopped for too long in the middle of a change, and the server undid it", "run the command again"),
}
"""What is wrong with the server rather than with this state: nothing else of the run would go better."""

_OTHERS: Final[dict[str, tuple[str, str | None]]] = {
    "3D000": ("there is no such database", "createdb makes one; the first apply makes the tables"),
    "3F000": ("there is no schema that this role may use", NO_SCHEMA),
    "42501": ("the role may not do this", _GRANTS),
    "53300": ("the server has no connection to spare", "run fewer commands at once, or raise max_connections"),
    "42P07": ("a table of that name is there already, and none of ours", "give the state a database or a schema of its own"),
}
_BUSY: Final = frozenset({"55P03", "57014", "40001", "40P01"})
_DAMAGE: Final = frozenset({"42P01", "42703", "42883", "XX001", "XX002", "22021"})


def is_postgresql(error: BaseException) -> bool:
    """Tell whether psycopg raised *error*."""
    return type(error).__module__.partition(".")[0] == "psycopg"


def lost(location: str) -> StoreError:
    """Return the error for work on a connection that broke before."""
    words, hint = _LOST
    return StorageFaultError(f"{location}: {words}", hint=hint)


def of_postgresql(error: BaseException, location: str) -> StoreError:
    """Return *error*, which psycopg raised, as ours."""
    state: str | None = getattr(error, "sqlstate", None)
    said = " ".join(str(error).split())
    if (state is None and type(error).__name__ == "OperationalError") or (state is not None and state.startswith("08")):
        # libpq itself says this, without a number: before there is a connection, or when it breaks.
        return _without_a_number(said, location)
    if state in _STORAGE:
        words, hint = _STORAGE[state]
        return StorageFaultError(f"{location}: {words} ({said})", hint=hint)
    if state in _OTHERS:
        words, hint = _OTHERS[state]
        return StoreError(f"{location}: {words} ({said})", hint=hint)
    if state in _BUSY:
        return LockedError(f"{location}: other runs keep the rows busy ({said})", hint="run again when they have ended")
    if state in _DAMAGE:
        return CorruptStateError(f"{location} is damaged: {said}", hint="restore a backup of the database")
    return StoreError(f"{location}: {said}")


_CONNECTING: Final[tuple[tuple[str, tuple[str, str | None]], ...]] = (
    ("authentication failed", ("the server does not let this user in", _LET_IN)),
    ("no password supplied", ("the server does not let this user in", _LET_IN)),
    ("no pg_hba.conf entry", ("the server does not let this user in", _LET_IN)),
    ("permission denied for database", _OTHERS["42501"]),
    ("too many", _OTHERS["53300"]),
    ('database "', _OTHERS["3D000"]),
    ('role "', ("the server does not let this user in", _LET_IN)),
)


def _without_a_number(said: str, location: str) -> StoreError:
    for sign, (words, hint) in _CONNECTING:
        if sign in said:
            return StoreError(f"{location}: {words} ({said})", hint=hint)
    if said.startswith(("connection failed", "connection timeout", "connection is bad", "failed to resolve host")):
        return StorageFaultError(
            f"{location}: the server cannot be reached ({said})", hint="check host and port, and whether it is running"
        )
    words, hint = _LOST
    return StorageFaultError(f"{location}: {words} ({said})", hint=hint)
