"""One document, slowly: its value, the place of every node, and everything that is wrong with its YAML.

What is wrong with one node does not end the document, so that all of it is reported together; a syntax error ends it, and a broken
limit ends the whole stream.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.manifests import events
from reconciler.manifests.locate import pointer
from reconciler.manifests.marks import Marks, Span
from reconciler.manifests.scalars import resolve
from reconciler.manifests.streams import Chunk, refusal
from reconciler.model.findings import Finding, Path, Position, Range, Severity

FINDINGS_LIMIT: Final = 1000
"""The most findings of one stream; then one more says that there are more."""

_SKIPPED: Final = object()  # in place of a key whose value goes nowhere
_QUOTES: Final = "text that looks like a number stands in quotes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What was found out about one document.

    Attributes:
        value: None unless *usable*.
        usable: whether the document could be read to its end.
        stops_stream: whether a limit was broken, after which the rest of the stream is not read.
        unreadable: paths of nodes that were refused; whatever else is wrong at them follows from that.
    """

    value: Any
    findings: tuple[Finding, ...]
    marks: Marks
    usable: bool
    stops_stream: bool = False
    unreadable: frozenset[Path] = frozenset()


def explain(chunk: Chunk) -> Explained:
    """Return what one document says and all that is wrong with its YAML; never raises for any input."""
    marks = Marks(filename=chunk.filename)
    problem = refusal(chunk)
    if problem is not None:
        return Explained(value=None, findings=(problem,), marks=marks, usable=False)
    walk = _Walk(chunk, marks)
    usable = False
    try:
        walk.run()
        usable = True
    except _LimitError:
        pass
    except events.MarkedYAMLError as error:
        walk.report_syntax(error)
    except Exception as error:  # noqa: BLE001 the parser raises more than YAMLError; to a user all of it is a syntax error
        walk.report("yaml-syntax", f"cannot be parsed: {error}", walk.last, ())
    return Explained(
        value=walk.value if usable else None,
        findings=tuple(walk.findings),
        marks=marks,
        usable=usable,
        stops_stream=walk.limit_broken,
        unreadable=frozenset(walk.unreadable),
    )


_TOO_DEEP: Final = f"nested deeper than {events.DEPTH_LIMIT} levels"


class _LimitError(Exception):
    """A limit is broken; the finding is already there."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    value: Any
    path: Path
    start: Span
    flow: bool
    key: Any = None
    last: Span | None = None
    first_keys: dict[str, Span] = field(default_factory=dict)


class _Walk:
    def __init__(self, chunk: Chunk, marks: Marks) -> None:
        self.get = events.Loader(chunk.data).get_event
        self.text = chunk.data.decode()
        self.offset = chunk.line
        self.marks = marks
        self.value: Any = None
        self.findings: list[Finding] = []
        self.unreadable: set[Path] = set()
        self.limit_broken = False
        self.open: list[_Open] = []
        self.nodes = 0
        self.last: Span = (chunk.line, 1, chunk.line, 1)

    def run(self) -> None:
        documents = 0
        while True:
            event = self.get()
            self.last = self.span(event)
            match event:
                case events.ScalarEvent():
                    self.scalar(event)
                case events.MappingStartEvent() | events.SequenceStartEvent():
                    self.collection(event)
                case events.MappingEndEvent() | events.SequenceEndEvent():
                    self.close()
                case events.AliasEvent():
                    self.alias(event)
                case events.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self.report("yaml-syntax", "a second document begins without --- at the beginning of a line", self.last, ())
                        return
                case events.StreamEndEvent():
                    return
                case _:
                    pass

    def scalar(self, event: Any) -> None:
        self.count()
        if self.awaits_key():
            self.scalar_key(event)
            return
        path = self.path()
        self.check_properties(event, path)
        value = event.value
        if not event.style and event.tag is None:
            try:
                value = resolve(value)
            except ValueError:
                self.report("yaml-integer-too-long", f"an integer of {len(value)} digits", self.last, path, detail=_QUOTES)
                self.unreadable.add(path)
            if value is None:
                self.null(path)
        self.put(value, path, self.last)

    def scalar_key(self, event: Any) -> None:
        key, top = event.value, self.open[-1]
        path = (*top.path, key)
        self.check_properties(event, path)
        if key == events.MERGE_KEY:
            self.report("yaml-merge-key", "merge keys (<<) are not accepted", self.last, top.path, detail="write the fields out")
            top.key = _SKIPPED
        elif key in top.first_keys:
            line, column = top.first_keys[key][:2]
            self.report(
                "yaml-duplicate-key", f"the key {_shown(key)} is written twice", self.last, path, detail=f"first at {self.at(line, column)}"
            )
            top.key = _SKIPPED
        else:
            if not event.style:
                self.check_key_is_text(key, path)
            top.key = key
            top.first_keys[key] = self.last
            self.marks.keys[path] = self.last

    def check_key_is_text(self, key: str, path: Path) -> None:
        try:
            is_text = resolve(key) is key
        except ValueError:
            is_text = False
        if not is_text:
            quoted = f'"{key}"'
            self.report(
                "yaml-key-type", f"the key {_shown(key) if key else '(empty)'} is not text", self.last, path, detail=_QUOTES, hint=quoted
            )

    def null(self, path: Path) -> None:
        where = self.marks.keys.get(path, self.last) if self.last[:2] == self.last[2:] else self.last
        name = _shown(str(path[-1])) if path and isinstance(path[-1], str) else "this item"
        if path or where is not self.last:
            self.report("yaml-null", f"{name} is null", where, path, detail="leave the key out for the default, or write [] for none")
            self.unreadable.add(path)

    def collection(self, event: Any) -> None:
        self.count()
        is_mapping = isinstance(event, events.MappingStartEvent)
        if self.awaits_key():
            self.report(
                "yaml-key-type", f"a {'mapping' if is_mapping else 'list'} as a key", self.last, self.open[-1].path, detail="keys are text"
            )
            path: Path = (*self.open[-1].path, "?")
        else:
            path = self.path()
        self.check_properties(event, path)
        if len(self.open) >= events.DEPTH_LIMIT:
            self.break_limit("yaml-too-deep", _TOO_DEEP)
        value: Any = {} if is_mapping else []
        self.open.append(_Open(value=value, path=path, start=self.last, flow=bool(event.flow_style)))

    def close(self) -> None:
        done = self.open.pop()
        end = self.last if done.flow or done.last is None else done.last
        span = (*done.start[:2], *end[2:])
        if self.awaits_key():  # it was a key itself
            self.open[-1].key = _SKIPPED
        else:
            self.put(done.value, done.path, span)

    def alias(self, event: Any) -> None:
        self.count()
        if self.awaits_key():
            self.report("yaml-alias", f"the alias *{_shown(event.anchor)}", self.last, self.open[-1].path, detail="write the value out")
            self.open[-1].key = _SKIPPED
            return
        path = self.path()
        self.report("yaml-alias", f"aliases are not accepted: *{event.anchor}", self.last, path, detail="write the value out")
        self.unreadable.add(path)
        self.put(None, path, self.last)

    def put(self, value: Any, path: Path, span: Span) -> None:
        """Store a finished node where it belongs."""
        if not self.open:
            self.value = value
            self.marks.nodes[()] = span
            return
        top = self.open[-1]
        top.last = span
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is _SKIPPED:
            top.key = None
            return
        else:
            top.value[top.key] = value
            top.key = None
        self.marks.nodes[path] = span

    def awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def path(self) -> Path:
        """Return the path of the node that begins now."""
        if not self.open:
            return ()
        top = self.open[-1]
        if isinstance(top.value, list):
            return (*top.path, len(top.value))
        return (*top.path, "?" if top.key is _SKIPPED else top.key)

    def check_properties(self, event: Any, path: Path) -> None:
        start: Any = event.start_mark
        if event.anchor is not None:
            self.report(
                "yaml-anchor",
                f"anchors are not accepted: &{event.anchor}",
                self.last,
                path,
                detail="write the value out where it is needed",
            )
        tag = event.tag
        if tag is None and isinstance(event, events.ScalarEvent) and self.text.startswith("!", start.index):
            tag = "!"  # alone before a scalar the parser drops it
        if tag is not None:
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            self.report(
                "yaml-tag", f"tags are not accepted: {_shown(tag)}", self.last, path, detail="leave the tag out; quotes make a value text"
            )
            self.unreadable.add(path)

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > events.NODES_LIMIT:
            self.break_limit("yaml-too-many-nodes", f"more than {events.NODES_LIMIT:,} values in one document")

    def break_limit(self, rule: str, message: str) -> None:
        self.report(rule, message, self.last, (), detail="the rest of the file was not read")
        self.limit_broken = True
        raise _LimitError

    def report(self, rule: str, message: str, span: Span, path: Path, *, detail: str = "", hint: str | None = None) -> None:
        place = Range(
            filename=self.marks.filename, start=Position(line=span[0], column=span[1]), end=Position(line=span[2], column=span[3])
        )
        self.findings.append(
            Finding(
                rule=rule, severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=path, pointer=pointer(path), range=place
            )
        )
        if len(self.findings) > FINDINGS_LIMIT:
            self.limit_broken = True
            raise _LimitError

    def report_syntax(self, error: events.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        span = self.last if mark is None else (self.offset + mark.line, mark.column + 1, self.offset + mark.line, mark.column + 2)
        if "maximum nesting depth" in str(error.problem):
            # From PyYAML 6.0.4 on libyaml has a limit of its own, and looks ahead further than our first events.
            self.limit_broken = True
            self.report("yaml-too-deep", _TOO_DEEP, span, ())
            return
        detail = str(error.context or "")
        if detail and error.context_mark is not None:
            detail += f" that begins at {self.at(self.offset + error.context_mark.line, error.context_mark.column + 1)}"
        self.report("yaml-syntax", str(error.problem or "this is not YAML"), span, (), detail=detail)

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return (self.offset + start.line, start.column + 1, self.offset + end.line, end.column + 1)

    def at(self, line: int, column: int) -> str:
        return f"{self.marks.filename}:{line}:{column}"


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
