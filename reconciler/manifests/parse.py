"""Documents from text: quickly while nothing is wrong, and once more with every place and reason when something is.

`value_of` takes what is clean and says nothing else: line by line where `lines` can, else from the events of `events`. `explain` takes the
same documents, gives the same values, and finds places and problems. All resolve scalars by `scalars`; property tests hold them together.
"""

import re
from typing import Any, Final

from reconciler.manifests import events, lines
from reconciler.manifests.explain import Explained, explain
from reconciler.manifests.scalars import MAY_BE_NUMBER, WORDS, resolve
from reconciler.manifests.streams import Chunk, refusal

__all__ = ["EMPTY", "Explained", "UncleanError", "explain", "value_of"]

EMPTY: Final = object()
"""The value of a document that holds comments only."""

# The parser drops a tag that is "!" alone and says nothing; the same character may also stand in text.
_LONELY_TAG: Final = re.compile(rb"(?<![^ \t\r\n\[{,])!(?![^ \t\r\n\]},])")


class UncleanError(Exception):
    """The document is not clean, or cannot be told to be; `explain` says what it is."""


def value_of(chunk: Chunk) -> Any:
    """Return the value of one document as plain text, integers, booleans, lists and dicts, or `EMPTY`.

    Raises:
        UncleanError: something is wrong with it, or may be.
    """
    if refusal(chunk) is not None:
        raise UncleanError
    read = lines.read(chunk.data, chunk.line)
    return _value_of(chunk.data) if read is None else read[0]


def _value_of(data: bytes) -> Any:
    if b"!" in data and _LONELY_TAG.search(data) is not None:
        raise UncleanError
    try:
        return _build(data)
    except UncleanError:
        raise
    except Exception as error:  # whatever the parser raises (it is not always a YAMLError) means the same
        raise UncleanError from error


def _build(data: bytes) -> Any:
    get = events.Loader(data).get_event
    get()  # the start of the stream
    if type(get()) is events.StreamEndEvent:
        return EMPTY
    first = get()
    if type(first) is not events.MappingStartEvent or first.anchor or first.tag:
        if _is_empty(first) and type(get()) is events.DocumentEndEvent and type(get()) is events.StreamEndEvent:
            return EMPTY
        raise UncleanError  # a manifest is a mapping; `explain` gives whatever else it is
    root = _content(get, has_properties=b"&" in data or b"!" in data)
    if type(get()) is not events.DocumentEndEvent or type(get()) is not events.StreamEndEvent:
        raise UncleanError
    return root


def _is_empty(event: Any) -> bool:
    return type(event) is events.ScalarEvent and not (event.value or event.style or event.tag or event.anchor)


def _content(get: Any, *, has_properties: bool) -> dict[str, Any]:  # noqa: PLR0912 one loop, few calls: this is where the time goes
    scalar_event, mapping_event, sequence_event = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
    root: dict[str, Any] = {}
    # Where the next node goes: into `mapping` under `key`, or, while `mapping` is None, onto `items`.
    mapping: dict[str, Any] | None = root
    items: list[Any] = []
    key: Any = None
    outer: list[tuple[dict[str, Any] | None, list[Any]]] = []
    nodes = 1
    while True:
        event = get()
        kind = type(event)
        if has_properties and (getattr(event, "anchor", None) or getattr(event, "tag", None)):
            raise UncleanError
        if kind is scalar_event:
            node = event.value
            if not event.style and (not node or node[0] in MAY_BE_NUMBER or node in WORDS):
                node = resolve(node)
            if mapping is not None and key is None:
                if type(node) is not str or node in mapping or node == "<<":
                    raise UncleanError
                key = node
                nodes += 1
                continue
            if node is None:
                raise UncleanError
        elif kind is mapping_event or kind is sequence_event:
            if mapping is not None and key is None:
                raise UncleanError
            node = {} if kind is mapping_event else []
        elif kind is events.AliasEvent:
            raise UncleanError
        elif outer:  # the end of a list or mapping
            mapping, items = outer.pop()
            continue
        else:
            return root
        nodes += 1
        if nodes > events.NODES_LIMIT:
            raise UncleanError
        if mapping is None:
            items.append(node)
        else:
            mapping[key] = node
            key = None
        if kind is not scalar_event:
            outer.append((mapping, items))
            if len(outer) >= events.DEPTH_LIMIT:
                raise UncleanError
            mapping, items = (node, []) if kind is mapping_event else (None, node)
