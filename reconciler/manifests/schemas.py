"""The published JSON Schemas: where their files are. In a wheel they lie inside the package, in a checkout beside it."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from reconciler.model.errors import ReconcilerError, UsageError

SUFFIX = ".schema.json"
API_VERSION: Final = "reconciler/v1"
SCHEMA_OF_KIND: Final[Mapping[str, str]] = {"Organization": "organization.v1", "ElevationGrant": "elevation-grant.v1"}
"""Of each kind of manifest, the name of its schema."""


class MissingSchemasError(ReconcilerError):
    """The installation is incomplete: there are no schema files."""

    rule = "schemas-missing"


def schema_names() -> tuple[str, ...]:
    """Return the names of all schemas, sorted, such as `organization.v1`.

    Raises:
        MissingSchemasError: there are none.
    """
    return tuple(sorted(entry.name.removesuffix(SUFFIX) for entry in _folder().iterdir() if entry.name.endswith(SUFFIX)))


def schema_text(name: str) -> str:
    """Return the text of one schema, byte for byte as published.

    Args:
        name: as in `schema_names`.

    Raises:
        KeyError: no schema has this name.
        MissingSchemasError: there are no schemas at all.
    """
    if name not in schema_names():
        raise KeyError(name)
    return _folder().joinpath(name + SUFFIX).read_bytes().decode("utf-8")


def find_schema(kind: str) -> str:
    """Return the name of the schema of *kind*, written as in a manifest (`ElevationGrant`) or in a report (`plan`).

    Raises:
        UsageError: there is none; with the kinds there are.
    """
    wanted = _comparable(kind)
    kinds = {_comparable(name.partition(".")[0]): name for name in schema_names()}
    if wanted in kinds:
        return kinds[wanted]
    from difflib import get_close_matches  # noqa: PLC0415 - most names are right

    names = [name.partition(".")[0] for name in schema_names()]
    close = get_close_matches(kind.lower(), names, n=1)
    hint = f"reconciler schema {close[0]}" if close else None
    raise UsageError(f"no schema of kind {kind}", detail=f"kinds: {', '.join(names)}", hint=hint)


def _comparable(kind: str) -> str:
    return kind.lower().replace("-", "")


@cache
def _folder() -> Path:
    for folder in _candidates():
        if folder.is_dir():
            return folder
    raise MissingSchemasError("the JSON Schemas are missing from this installation", hint="install reconciler again")


def _candidates() -> Iterator[Path]:
    package = Path(__file__).resolve().parents[1]
    yield package / "schemas"
    yield package.parent / "schemas"
