"""Files of one elevation grant: writing a new one, and adding fields to one that exists.

Adding is insertion at a place that the parser's own marks give; every byte that was there stays, in its order. What comes out is read
again before anybody writes it: it must mean exactly the old documents with the new fields, or it is refused.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.manifests.build import build_grant
from reconciler.manifests.checks import GrantDurations
from reconciler.manifests.emit import grant_manifest
from reconciler.manifests.explain import Explained, explain
from reconciler.manifests.files import STDIN, Source, discover
from reconciler.manifests.judge import Judged, judge
from reconciler.manifests.locate import place
from reconciler.manifests.streams import Chunk, split
from reconciler.model.documents import compact
from reconciler.model.errors import ManifestError, UsageError
from reconciler.model.findings import Finding, Position, Range, Severity, has_errors
from reconciler.model.identifiers import grant_address
from reconciler.model.resources import Grant

_KIND: Final = "ElevationGrant"
_LINE_END: Final = re.compile(r"\r\n?|\n")
# Plain text that YAML 1.1 and 1.2 read as this very text, in block and in flow style; everything else is quoted.
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 @./()+_-]*[A-Za-z0-9.)])?")
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFile:
    """A file with exactly one elevation grant, in which nothing is wrong; other documents may stand beside it.

    Attributes:
        path: as it was given.
        name: for people, relative to the working directory.
        text: the whole file.
        sha256: of its bytes, 64 hexadecimal digits.
    """

    path: str
    name: str
    text: str
    sha256: str
    grant: Grant
    source: Source
    _chunk: Chunk
    _start: int
    _explained: Explained

    def located(self, finding: Finding) -> Finding:
        """Return what is wrong with the grant, with its address and the place that its path has here."""
        at = replace(finding, address=grant_address(self.grant.organization, self.grant.name))
        return place(at, self._explained.value, self._explained.marks)

    def unchanged(self) -> None:
        """Do nothing while the file still has the bytes that were read.

        Raises:
            ManifestError: it has others by now, or is gone.
        """
        self.source.read_again(self.sha256)

    def with_fields(self, fields: Mapping[str, str], *, after: str, durations: GrantDurations) -> str:
        """Return the text of the file with *fields* added to the grant, behind its field *after*.

        Raises:
            ManifestError: the result would be no valid manifest, or would say anything else besides.
        """
        offset, text = self._insertion(fields, after)
        made = self.text[: self._start + offset] + text + self.text[self._start + offset :]
        self._confirm(made, fields, durations)
        return made

    def _insertion(self, fields: Mapping[str, str], after: str) -> tuple[int, str]:
        """Return where in the document to insert, in characters, and what."""
        marks, text = self._explained.marks, self._chunk.data.decode()
        line, column = marks.nodes["spec",][:2]
        end = self._offset(text, *marks.nodes["spec", after][2:])
        quoted = text.startswith('"', self._offset(text, *marks.keys["spec", after][:2]))
        pairs = [_pair(field, said, quoted=quoted) for field, said in fields.items()]
        if text.startswith("{", self._offset(text, line, column)):
            return end, "".join(f", {pair}" for pair in pairs)
        offset = _end_of_line(text, end, column)
        ending = _LINE_END.search(text, offset) or _LINE_END.search(self.text)
        line_end = ending.group() if ending else "\n"
        return offset, "".join(f"{line_end}{' ' * (column - 1)}{pair}" for pair in pairs)

    def _offset(self, text: str, line: int, column: int) -> int:
        start = 0
        for _ in range(line - self._chunk.line):
            found = _LINE_END.search(text, start)
            start = found.end() if found else len(text)
        return start + column - 1

    def _confirm(self, made: str, fields: Mapping[str, str], durations: GrantDurations) -> None:
        before, after = _judged(self.text.encode(), self.name, durations), _judged(made.encode(), self.name, durations)
        if [compact(one.value) for one in after] != [compact(_with(one, fields)) for one in before]:
            lines = "; ".join(_pair(field, said, quoted=False) for field, said in fields.items())
            message = "nothing can be added here without changing something else"
            hint = f"write under spec by hand: {lines}"
            finding = Finding(rule="grant-not-editable", severity=Severity.ERROR, message=message, hint=hint, path=("spec",))
            raise ManifestError(message, findings=[self.located(finding)])
        _refuse_errors([finding for one in after for finding in one.findings])


def read_grant_file(path: str, durations: GrantDurations) -> GrantFile:
    """Read the file of one elevation grant.

    Raises:
        UsageError: *path* is no file.
        ManifestError: it cannot be read, something is wrong in it, or it holds no grant or several.
    """
    if path == STDIN:
        raise UsageError("standard input cannot be written to; name the file of the grant")
    if os.path.isdir(path):  # noqa: PTH112 - a name that no system takes is no folder
        raise UsageError(f"{path} is a folder; name the file of the grant")
    discovery = discover([path])
    if has_errors(discovery.findings):
        raise ManifestError(discovery.findings[0].message, findings=discovery.findings)
    (source,) = discovery.sources
    content = source.read()
    chunks = [chunk for chunk in split(content.data, source.name) if isinstance(chunk, Chunk)]
    judged = _judged(content.data, source.name, durations)
    findings = [finding for one in judged for finding in one.findings]
    if has_errors(findings):
        raise ManifestError("the manifests are invalid", findings=findings)
    found = [(chunk, one) for chunk, one in zip(chunks, judged, strict=True) if one.kind == _KIND]
    if len(found) != 1:
        raise _not_one(source.name, found)
    chunk, one = found[0]
    return GrantFile(
        path=path,
        name=source.name,
        text=content.data.decode(),
        sha256=content.sha256,
        grant=build_grant(one.value or {}),
        source=source,
        _chunk=chunk,
        _start=len(content.data[: chunk.start].decode()),
        _explained=explain(chunk),
    )


def new_grant_text(grant: Grant, durations: GrantDurations, *, schema: str | None = None) -> str:
    """Return the text of a new file that declares *grant*, led by a line for editors when *schema* says where the schema is.

    Raises:
        ManifestError: what *grant* says is no valid manifest.
    """
    lead = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    text = lead + "".join(f"{line}\n" for line in _lines(grant_manifest(grant)))
    (judged,) = _judged(text.encode(), "", durations)
    _refuse_errors(judged.findings)
    if build_grant(judged.value or {}) != grant:
        raise ValueError("a new grant does not read as it was meant")
    return text


def _lines(document: Mapping[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for field, said in document.items():
        if isinstance(said, dict):
            lines += [f"{indent}{field}:", *_lines(said, f"{indent}  ")]
        else:
            lines.append(indent + _pair(field, said, quoted=False))
    return lines


def _pair(field: str, said: str, *, quoted: bool) -> str:
    key = json.dumps(field) if quoted else field
    plain = not quoted and _PLAIN.fullmatch(said) is not None and said.lower() not in _WORDS
    return f"{key}: {said if plain else _quoted(said)}"


def _quoted(said: str) -> str:
    """Return *said* in double quotes, which JSON and YAML read alike; what no manifest may contain as such is escaped."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(said, ensure_ascii=False))


def _end_of_line(text: str, start: int, column: int) -> int:
    """Return where the line of *start* ends; comments that go on below it, further in than *column*, belong to it."""
    found = _LINE_END.search(text, start)
    while found is not None and "#" in text[start : found.start()]:
        following = _LINE_END.search(text, found.end())
        line = text[found.end() : following.start() if following else len(text)]
        comment = line.lstrip(" \t")
        if not comment.startswith("#") or len(line) - len(comment) <= column:
            break
        if following is None:
            return len(text)
        found = following
    return found.start() if found else len(text)


def _judged(data: bytes, name: str, durations: GrantDurations) -> list[Judged]:
    pieces = split(data, name)
    return [Judged(value=None, findings=(piece,)) if isinstance(piece, Finding) else judge(piece, durations) for piece in pieces]


def _with(document: Judged, fields: Mapping[str, str]) -> dict[str, Any] | None:
    value = document.value
    return value if value is None or document.kind != _KIND else {**value, "spec": {**value["spec"], **fields}}


def _refuse_errors(findings: Sequence[Finding]) -> None:
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        # The places are those of a text that nobody will see.
        raise ManifestError(errors[0].message, findings=[replace(finding, range=None) for finding in errors])


def _not_one(name: str, found: Sequence[tuple[Chunk, Judged]]) -> ManifestError:
    start = Position(line=1, column=1)
    range_, message = Range(filename=name, start=start, end=start), "there is no elevation grant in this file"
    if found:
        range_ = explain(found[1][0]).marks.range(())
        message = f"{len(found)} elevation grants stand in this file: {', '.join(str(one.name) for _, one in found)}"
    detail = "a step is taken in a file that holds one grant and no other"
    finding = Finding(rule="grant-file", severity=Severity.ERROR, message=message, detail=detail, range=range_)
    return ManifestError(message, findings=[finding])
