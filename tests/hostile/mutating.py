"""Mutations that know what they mutate: JSON trees and YAML texts, a little wrong in one place."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.yaml"))]
"""The text of every example manifest."""

TEXTS = st.sampled_from([
    "",
    "x",
    "a/b",
    "../../etc/passwd",
    "acme-health",
    "acme-health/organization",
    "create",
    "full-administrator",
    "=1+1",
    "\n::error::x",
    "##[error]",
    "\u202e\u200b\ud800\x00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "2026-11-20T09:00:00+23:59",
    "sha256:" + "0" * 64,
    "Kelvin \u212a",
    "x" * 5000,
])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**64, -(2**63)]),
    TEXTS,
    st.text(max_size=8),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5)
"""What JSON may hold, with a liking for what has a meaning somewhere."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every node below *value*, its own left out."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    for key, inner in entries:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, document: Any, *, most: int = 3) -> Any:
    """Return *document* with one to *most* of its nodes replaced, taken away, doubled, or swapped with a node from elsewhere in it."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, most))):
        known = list(places(made))
        if not known:
            return draw(VALUES)
        path = draw(st.sampled_from(known))
        holder = made
        for key in path[:-1]:
            holder = holder[key]
        how = draw(st.sampled_from(["replace", "replace", "remove", "double", "swap"]))
        if how == "replace":
            holder[path[-1]] = draw(VALUES)
        elif how == "remove":
            del holder[path[-1]]
        elif how == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        else:
            other = made
            for key in draw(st.sampled_from(known)):
                other = other[key]
            holder[path[-1]] = copy.deepcopy(other)
    return made


TOKENS = st.sampled_from([
    *("---\n", "...\n", "- ", "? ", ": ", ", ", "{", "}", "[", "]", "&a ", "*a", "!", "!!str ", "|\n", ">-\n", "'", '"', "# ", "%"),
    *("@", "`", "<<: ", "null", "~", "yes", "0x1F", "1e3", ".inf", "12:30", "\t", "\r", "\n", "\\"),
    *("\x00", "\u0085", "\u2028", "\ufeff", "\u202e"),
])


@st.composite
def garbled(draw: st.DrawFn, text: str) -> bytes:
    """Return *text* with a few pieces cut out, doubled, or replaced by what means something in YAML; the bytes may be no UTF-8."""
    made = text
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(made)))
        end = min(len(made), start + draw(st.integers(0, 20)))
        made = made[:start] + draw(TOKENS | st.just("") | st.just(made[start:end] * 2) | st.text(max_size=3)) + made[end:]
    data = made.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at:]
    return data


def as_yaml(document: Any) -> bytes:
    """Return a JSON value as YAML: flow style is JSON, but for what JSON escapes and YAML does not know."""
    return json.dumps(document, ensure_ascii=True, indent=1).encode()
