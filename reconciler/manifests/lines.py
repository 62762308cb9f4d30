"""Documents as most people write them, read line by line: block mappings and lists, one line for each key or item.

Three times as fast as asking a parser for events, of which each costs an object and two marks. Only what every YAML parser reads in one
way is read here: no tags, anchors, escapes, texts over several lines, or flow collections within each other. At the first line that is
anything else this reading gives up, and the events decide; a property test holds the two to the same values and places.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from reconciler.manifests import events
from reconciler.manifests.marks import Span
from reconciler.manifests.scalars import MAY_BE_NUMBER, WORDS, resolve
from reconciler.model.findings import Path

_Line = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, kw_only=True)  # without slots: `people` is kept
class Spots:
    """The places that a plan names, as `Marks.nodes` has them.

    Attributes:
        name: of `metadata.name`; None when that is no scalar.
    """

    name: Span | None
    _lines: list[_Line] = field(repr=False)
    _starts: list[int]  # where the items of `spec.administrators` begin
    _line: int

    def at(self, path: Path) -> Span | None:
        """Return the place of the node at *path*, or None for one that is not among these."""
        if path == ("metadata", "name"):
            return self.name
        match path:
            case ("spec", "administrators", int(position)):
                return self.people[position]
            case _:
                return None

    @cached_property
    def people(self) -> tuple[Span, ...]:
        """The place of each item of `spec.administrators`. Worked out here, since only what is new to a plan is asked for it."""
        if not self._starts:
            return ()
        lines, line = self._lines, self._line
        column = len(lines[self._starts[0]][0])
        stop = self._starts[-1] + 1
        while stop < len(lines) and (len(lines[stop][0]) > column or not lines[stop][2]):
            stop += 1
        spans: list[Span] = []
        for start, after in zip(self._starts, [*self._starts[1:], stop], strict=True):
            last = after - 1
            while not (lines[last][2] or lines[last][4]):  # nothing, or a comment
                last -= 1
            spans.append((line + start, 1 + column + len(lines[start][1]), line + last, 1 + len("".join(lines[last]))))
        return tuple(spans)


# A scalar without quotes begins with nothing that means something to YAML; inside, `:` and `#` mean something beside a blank only.
_FIRST: Final = r"[A-Za-z0-9_./+\u00a1-\U0010ffff]"
_PLAIN: Final = rf"{_FIRST}[^\s:#]*+(?:(?::(?=[0-9A-Za-z/])|[ ]++(?=[^\s:#]))[^\s:#]*+)*+"
_KEY: Final = r"[A-Za-z][-A-Za-z0-9_./]{0,252}+"
# Within brackets less is allowed; without commas, the items can be told apart by them.
_ITEM: Final = rf"""(?:{_FIRST}[-A-Za-z0-9_./+@ \u00a1-\U0010ffff]*+|"[^"\\\t\n,]*+"[ ]*+|'[^'\t\n,]*+'[ ]*+)"""
_LIST: Final = rf"\[[ ]*+(?:{_ITEM}(?:,[ ]*+{_ITEM})*+)?\]"
_MAP: Final = rf"\{{[ ]*+(?:{_KEY}:[ ]++{_ITEM}(?:,[ ]*+{_KEY}:[ ]++{_ITEM})*+)?\}}"
_VALUE: Final = rf"""{_PLAIN}|"[^"\\\t\n]*+"|'[^'\t\n]*+'|{_LIST}|{_MAP}"""
_COMMENT: Final = r"(?<![^ \n])#.*+"
# One match a line: indentation, dash, key, colon, value, and whatever else stands there.
_LINES: Final = re.compile(rf"^([ ]*+)(-[ ]++)?(?:({_KEY})(:(?:[ ]++|$)))?({_VALUE})?[ ]*+(?:{_COMMENT})?$|(.++)", re.MULTILINE)
# What begins with anything else is the text that stands there.
_PERHAPS_NO_TEXT: Final = MAY_BE_NUMBER | frozenset("\"'[{") | {word[0] for word in WORDS if word}
_DEPTH: Final = events.DEPTH_LIMIT - 4  # around what a key opens: less a list, a mapping in it, brackets in that, and the root


def read(data: bytes, line: int) -> tuple[dict[str, Any], Spots] | None:
    """Return the value of a clean document and its places, or None when this reading cannot tell.

    Args:
        data: UTF-8 that `streams.refusal` lets pass.
        line: the line of the file on which it begins, from 1.
    """
    text = data.decode()
    if text.startswith("---\n"):
        text, line = text[4:], line + 1
    if "\r" in text or 3 * text.count("\n") + 2 * text.count(",") + 3 > events.NODES_LIMIT:  # there may be more nodes than are allowed
        return None
    try:
        return _read(_LINES.findall(text), line)
    except ValueError:
        return None


def _read(lines: list[_Line], line: int) -> tuple[dict[str, Any], Spots]:  # noqa: PLR0912, PLR0915 one loop, few calls: here the time goes
    root: dict[str, Any] = {}
    # The collection that is open, the column it stands in, the key that still has no value, and the collections around.
    top: Any = root
    here = 0
    pending: str | None = None
    outer: list[tuple[Any, int]] = []
    people: list[Any] | None = None
    starts: list[int] = []
    name: Span | None = None
    for number, (indent, dash, key, gap, value, other) in enumerate(lines):
        column = len(indent)
        if dash:
            if pending is not None:
                if column < here or len(outer) > _DEPTH:
                    raise ValueError(number)
                items: list[Any] = []
                top[pending] = items
                if pending == "administrators" and top is root.get("spec"):
                    people = items
                outer.append((top, here))
                top, here, pending = items, column, None
            else:
                while here > column:
                    top, here = outer.pop()
                if here != column or type(top) is dict:
                    raise ValueError(number)
            if top is people:
                starts.append(number)
            if not key:
                if not value:
                    raise ValueError(number)
                top.append(_node(value) if value[0] in _PERHAPS_NO_TEXT else value)
                continue
            outer.append((top, here))
            inner: dict[str, Any] = {}
            top.append(inner)
            top, here = inner, column + len(dash)
        elif not key:
            if value or other:
                raise ValueError(number)
            continue  # nothing, or a comment
        elif pending is not None:
            if column <= here or len(outer) > _DEPTH:
                raise ValueError(number)
            inner = {}
            top[pending] = inner
            outer.append((top, here))
            top, here, pending = inner, column, None
        else:
            while here > column or type(top) is list:
                top, here = outer.pop()
            if here != column:
                raise ValueError(number)
        if key in top or key in WORDS:
            raise ValueError(number)
        if not value:
            pending = key
            continue
        if value[0] in _PERHAPS_NO_TEXT:
            if value[0] == "{" and top is root:  # the name might stand inside
                raise ValueError(number)
            top[key] = _node(value)
        else:
            top[key] = value
        if key == "name" and top is root.get("metadata"):
            name = (line + number, 1 + column + len(dash + key + gap), line + number, 1 + len("".join(lines[number])))
    if pending is not None or not root:
        raise ValueError(len(lines))
    return root, Spots(name=name, _lines=lines, _starts=starts, _line=line)


def _node(text: str) -> Any:
    """Return the value of a scalar, or of a flow collection of plain scalars.

    Raises:
        ValueError: null, an integer that is too long, or a flow mapping whose keys are not text or not distinct.
    """
    first = text[0]
    if first in "\"'":
        return text[1:-1]
    if first not in "[{":
        node = resolve(text)
        if node is None:
            raise ValueError(text)
        return node
    inside = text[1:-1].strip(" ")
    parts = inside.split(",") if inside else []
    if first == "[":
        return [_node(part.strip(" ")) for part in parts]
    pairs = [part.partition(":") for part in parts]
    mapping = {key.lstrip(" "): _node(value.strip(" ")) for key, _, value in pairs}
    if len(mapping) < len(pairs) or not WORDS.keys().isdisjoint(mapping):
        raise ValueError(text)
    return mapping
