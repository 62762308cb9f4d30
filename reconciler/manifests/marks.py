"""Where each node of a document stands in its file."""

from dataclasses import dataclass, field

from reconciler.model.findings import Path, Position, Range

Span = tuple[int, int, int, int]
"""First line and column, end line and column; counted from 1, columns in code points, the end exclusive."""


def range_of(filename: str, span: Span) -> Range:
    """Return the stretch of the file *filename* that *span* is."""
    line, column, end_line, end_column = span
    return Range(filename=filename, start=Position(line=line, column=column), end=Position(line=end_line, column=end_column))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The places of one document's nodes.

    Attributes:
        nodes: by path of field names and list positions; `()` is the document itself.
        keys: the places of mapping keys, by the path of their values.
    """

    filename: str
    nodes: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)

    def range(self, path: Path, *, at_key: bool = False) -> Range:
        """Return the place of the node at *path* or of its nearest existing ancestor; of its key when *at_key* is set and there is one."""
        if at_key and path in self.keys:
            return range_of(self.filename, self.keys[path])
        while path and path not in self.nodes:
            path = path[:-1]
        return range_of(self.filename, self.nodes.get(path, (1, 1, 1, 1)))
