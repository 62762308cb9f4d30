"""Reading one data file and checking what it says. A broken catalog is a bug: every problem is a ValueError that names the place."""

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import yaml

# Not importlib.resources, which takes longer to load than the facts do to read.
_FOLDER = Path(__file__).parent / "data"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Word = TypeVar("_Word", bound=Enum)

Facts = Mapping[str, Any]
"""A mapping of a data file, as YAML gives it."""


def data(name: str) -> Any:
    """Return the content of the file *name*, a path under `data/`."""
    return yaml.load((_FOLDER / name).read_bytes(), Loader=_Loader)  # noqa: S506, TID251 -- our own data files, with the safe loader


def word(kind: type[_Word], value: object, place: str) -> _Word:
    """Return *value* as a word of the vocabulary *kind*."""
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{place}: {value!r} is none of {', '.join(str(one.value) for one in kind)}") from None


def known(values: Iterable[str], names: Iterable[str], place: str) -> tuple[str, ...]:
    """Return *values* as a tuple; each is among *names*."""
    found = tuple(values)
    strange = [value for value in found if value not in names]
    if strange:
        raise ValueError(f"{place}: unknown {', '.join(map(repr, strange))}")
    return found


def sources_of(facts: Facts, names: Iterable[str], place: str) -> tuple[str, ...]:
    """Return the sources of a fact; there is at least one, and each stands in `sources.yaml`."""
    found = known(facts.get("sources", ()), names, place)
    if not found:
        raise ValueError(f"{place}: a source is missing")
    return found


def only(facts: Facts, keys: Iterable[str], place: str) -> Facts:
    """Return *facts*; nothing stands in them that nobody reads."""
    known(facts, keys, place)
    return facts
