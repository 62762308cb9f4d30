"""From the path in a finding to a JSON pointer and a place in the file."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from reconciler.model.findings import Finding, Path, Range
from reconciler.model.identifiers import identity

# Findings about a field that should not be there point at its name, all others at the value.
_AT_KEY: Final = frozenset({"schema-unknown-field", "schema-conflict"})


class HasPlaces(Protocol):
    """The places of one document's nodes, as `Marks` gives them."""

    def range(self, path: Path, *, at_key: bool = False) -> Range:
        """Return the place of the node at *path*, or of its key."""
        ...


def place(finding: Finding, value: Any, marks: HasPlaces) -> Finding:
    """Return *finding* with the pointer and range that its path has in the document *value*; both name what exists."""
    path = resolve_path(value, finding.path)
    return replace(finding, pointer=pointer(path), range=marks.range(path, at_key=finding.rule in _AT_KEY))


def pointer(path: Sequence[str | int]) -> str:
    """Return *path* as a JSON pointer. Source: RFC 6901, section 3."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def resolve_path(value: Any, path: Path) -> Path:
    """Return the longest existing part of *path* in *value*, with the values of list items turned into their positions.

    A person is found by the identity key of the e-mail, any other item by its value.
    """
    steps: list[str | int] = []
    for step in path:
        position = _step_into(value, step)
        if position is None:
            break
        steps.append(position)
        value = value[position]
    return tuple(steps)


def _step_into(value: Any, step: str | int) -> str | int | None:
    if isinstance(value, dict):
        return step if step in value else None
    if not isinstance(value, list):
        return None
    if isinstance(step, int):
        return step if 0 <= step < len(value) else None
    return next((position for position, item in enumerate(value) if _is_item(item, step)), None)


def _is_item(item: Any, step: str) -> bool:
    if isinstance(item, dict):
        email = item.get("email")
        return isinstance(email, str) and identity(email) == identity(step)
    return bool(item == step)
