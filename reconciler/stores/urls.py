"""URLs of stored states: which are allowed, where they lead, and how they are shown. No database library is needed for that."""

import difflib
import os
import re
from pathlib import Path
from typing import Final, NoReturn

from reconciler.model.errors import UsageError

ALLOWED: Final = "allowed: sqlite:///relative/path.db, sqlite:////absolute/path.db, postgresql://user@host:port/database"
_SCHEMES: Final = ("sqlite", "postgresql")
_PASSWORD: Final = re.compile(r"(?P<user>^[^:/]+://[^:@/]*):.*@", re.DOTALL)
_SECRET_OPTION: Final = re.compile(r"(?P<key>[?&](?:ssl)?password=)[^&#]*", re.IGNORECASE)


def masked(url: str) -> str:
    """Return *url* with every password in it replaced by `***`; fit for any output."""
    return _SECRET_OPTION.sub(r"\g<key>***", _PASSWORD.sub(r"\g<user>:***@", url))


def is_postgresql(url: str) -> bool:
    """Tell whether *url* names a PostgreSQL database; libpq reads the rest of it."""
    return url.startswith("postgresql://")


def path_of(url: str) -> Path:
    """Return the absolute path, links resolved, of the SQLite file that *url* names.

    Raises:
        UsageError: *url* names another engine, or no file.
    """
    scheme, separator, rest = url.partition("://")
    engine = scheme.partition("+")[0].lower()
    name = rest[1:]
    if not separator or scheme != "sqlite" or not rest.startswith("/"):
        _refuse(url, _correction(url, engine, rest) if separator else f"sqlite:///{url}")
    if not name or name.endswith("/") or "?" in name or "\0" in name or name == ":memory:":
        _refuse(url, None)
    # SQLite names the rollback journal after the file itself, never after a link to it.
    return Path(os.path.realpath(name))


def _correction(url: str, engine: str, rest: str) -> str | None:
    close = difflib.get_close_matches(engine, _SCHEMES, n=1)
    if not close:
        return None
    slashes = "//" if close[0] == "postgresql" or rest.startswith("/") else "///"
    return masked(f"{close[0]}:{slashes}{rest}")


def _refuse(url: str, hint: str | None) -> NoReturn:
    raise UsageError(f"{masked(url)!r} names no stored state", detail=ALLOWED, hint=hint)
