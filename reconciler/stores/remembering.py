"""Writing verdicts, within the caller's transaction."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from reconciler.model.instants import format_instant
from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores.schema import verdicts as table
from reconciler.stores.schema import views

_VIEWS_KEPT: Final = 8
"""The paths of one state are planned in few ways; what was not used for that long is made anew."""
_AT_ONCE: Final = 500

_TOKEN: Final = select(views.c.token).where(views.c.id == bindparam("view"))
_BY_AGE: Final = select(views.c.id).order_by(views.c.at.desc(), views.c.id)
_DROP: Final = delete(table).where(table.c.view == bindparam("of"), table.c.organization == bindparam("name"))
_FORGET: Final = delete(table).where(table.c.view == bindparam("of"))
_FORGET_VIEW: Final = delete(views).where(views.c.id == bindparam("of"))


def replace(
    connection: Connection,
    view: str,
    verdicts: Iterable[tuple[Verdict, Basis]],
    *,
    gone: Iterable[str],
    expected: str | None,
    at: datetime,
) -> bool:
    """Replace verdicts of *view* if its token is *expected*; tell whether it was."""
    if connection.execute(_TOKEN, {"view": view}).scalar_one_or_none() != expected:
        return False
    _drop(connection, view, gone)
    rows = iter(verdicts)
    while some := [{"view": view} | verdict._asdict() | basis._asdict() for verdict, basis in islice(rows, _AT_ONCE)]:
        if expected is not None:
            _drop(connection, view, (str(row["organization"]) for row in some))
        connection.execute(insert(table), some)
    connection.execute(_FORGET_VIEW, {"of": view})
    connection.execute(insert(views), {"id": view, "token": uuid.uuid4().hex, "at": format_instant(at)})
    others = [other for other in connection.execute(_BY_AGE).scalars() if other != view]
    for old in others[_VIEWS_KEPT - 1 :]:
        connection.execute(_FORGET, {"of": old})
        connection.execute(_FORGET_VIEW, {"of": old})
    return True


def _drop(connection: Connection, view: str, names: Iterable[str]) -> None:
    rows = [{"of": view, "name": name} for name in names]
    if rows:
        connection.execute(_DROP, rows)
