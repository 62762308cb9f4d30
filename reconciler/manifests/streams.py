"""A stream of bytes, split into documents before anything parses it.

Splitting first means that sizes are checked per document, that a syntax error hides no other document, and that no scanner ever sees
what must not reach it: other encodings, directives, control characters, line breaks that only YAML 1.1 knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.model.findings import Finding, Position, Range, Severity

DOCUMENT_LIMIT: Final = 1024 * 1024
"""The largest document, in bytes."""
DOCUMENTS_LIMIT: Final = 200_000
"""The most documents in one stream."""

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKER: Final = re.compile(rb"(?:---|\.\.\.)(?<![^\r\n]...)(?![^ \t\r\n])")
_LINE_END: Final = re.compile(rb"\r\n?|\n")
# Markers, white space and comments; possessive, so that no input makes it search.
_BLANK: Final = re.compile(rb"(?:---)?(?:[ \t\r\n]++|(?<![^ \t\r\n])#[^\r\n]*+|(?<![^\r\n])\.\.\.)*+")
_DIRECTIVE: Final = re.compile(rb"(?<![^\r\n])%")
# Everything that an ASCII document may not contain.
_CONTROLS: Final = bytes(code for code in range(128) if (code < 32 and code not in b"\t\r\n") or code == 127)
# C0, DEL, C1 (with NEL), line and paragraph separator, a BOM inside, noncharacters.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One document of a stream, not yet parsed.

    Attributes:
        start: offset of `data` in the stream, in bytes.
        line: the line of the stream on which `data` begins, from 1.
    """

    data: bytes
    start: int
    line: int
    filename: str

    def place(self, offset: int) -> Range:
        """Return the place of the character at *offset* bytes into `data`."""
        line, column = _position(self.data, offset)
        start = Position(line=self.line + line, column=column)
        return Range(filename=self.filename, start=start, end=Position(line=start.line, column=column + 1))


def split(data: bytes, filename: str) -> Iterator[Chunk | Finding]:
    """Yield the documents of a stream in order, empty ones left out; a Finding, always the last, says why the rest is not read.

    A document is what stands between `---` or `...` at the beginning of a line.
    """
    position = len(_BOM) if data.startswith(_BOM) else 0
    line, count = 1, 0
    if data.startswith(_UTF16):
        yield _stop("yaml-encoding", "this is UTF-16", filename, line, "manifests are UTF-8")
        return
    while position < len(data):
        end = _end_of_document(data, position)
        if end - position > DOCUMENT_LIMIT:
            yield _stop("yaml-too-large", "this document is larger than 1 MiB", filename, line, "the rest of the file was not read")
            return
        chunk = data[position:end]
        count += 1
        if count > DOCUMENTS_LIMIT:
            message = f"more than {DOCUMENTS_LIMIT:,} documents"
            yield _stop("yaml-too-many-documents", message, filename, line, "the rest of the file was not read")
            return
        if _BLANK.fullmatch(chunk) is None:
            yield Chunk(data=chunk, start=position, line=line, filename=filename)
        line += _breaks(chunk)
        position = end


def refusal(chunk: Chunk) -> Finding | None:
    """Say why *chunk* must not reach a YAML parser, or None: not UTF-8, a forbidden character, a directive."""
    data = chunk.data
    if not data.isascii():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            return _error("yaml-encoding", f"byte 0x{data[error.start]:02x} is not UTF-8", chunk.place(error.start), "manifests are UTF-8")
        found = _FORBIDDEN.search(text)
        if found is not None:
            return _forbidden(chunk, found.group(), len(text[: found.start()].encode()))
    elif len(data.translate(None, _CONTROLS)) != len(data):
        offset = next(at for at, byte in enumerate(data) if byte in _CONTROLS)
        return _forbidden(chunk, chr(data[offset]), offset)
    if b"%" in data:
        directive = _DIRECTIVE.search(data)
        if directive is not None:
            return _error("yaml-directive", "a line starts with %", chunk.place(directive.start()), "YAML directives are not accepted")
    return None


def _forbidden(chunk: Chunk, character: str, offset: int) -> Finding:
    detail = "control characters and foreign line breaks are not accepted as such; inside double quotes an escape can stand for one"
    return _error("yaml-character", f"character U+{ord(character):04X} is not accepted here", chunk.place(offset), detail)


def _end_of_document(data: bytes, start: int) -> int:
    """Return where the document that begins at *start* ends; beyond the limit when it is too large."""
    beyond = min(len(data), start + DOCUMENT_LIMIT + 1)
    if data.find(b"---", start, beyond + 4) < 0 and data.find(b"...", start, beyond + 4) < 0:
        return beyond
    # A window may cut a marker off; then it is found in the next document's window, or the document is too large anyway.
    for marker in _MARKER.finditer(data, start, min(len(data), beyond + 4)):
        if marker.group() == b"...":  # ends a document; what follows on its line is for the parser to refuse
            after = _LINE_END.search(data, marker.end(), beyond)
            return beyond if after is None else after.end()
        if marker.start() > start:
            return marker.start()
    return beyond


def _position(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset]
    begin = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    return _breaks(before), len(before[begin:].decode("utf-8", "replace")) + 1


def _breaks(data: bytes) -> int:
    lines = data.count(b"\n")
    if b"\r" in data:
        lines += data.count(b"\r") - data.count(b"\r\n")
    return lines


def _stop(rule: str, message: str, filename: str, line: int, detail: str) -> Finding:
    start = Position(line=line, column=1)
    return _error(rule, message, Range(filename=filename, start=start, end=start), detail)


def _error(rule: str, message: str, place: Range, detail: str) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, detail=detail, range=place)
