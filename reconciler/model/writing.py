"""Writing JSON documents as they come: one document, sorted keys, two blanks, ASCII only, a final newline.

A list given as an iterator is written element by element, so that a fleet or a journal is never held in memory.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TextIO

from reconciler.model.changes import FollowUp, ManualStep
from reconciler.model.documents import Document, compact
from reconciler.model.findings import Finding, Range, Waived
from reconciler.model.instants import format_instant

Members = Mapping[str, Any]
"""The members of one document. An iterator as a value is a list that is written as it comes."""

_REMEMBERED: Final = 4096
"""So many shared lists are kept as text."""


class Shared(list[Any]):
    """A list that many elements of one list in a document have in common; it is made text once for all of them."""


def write_document(members: Members, out: TextIO) -> None:
    """Write *members* as one document; the bytes are those of `json.dumps` over the whole, with `##[` made inert."""
    separator = "{\n  "
    for key in sorted(members):
        value = members[key]
        out.write(f"{separator}{_dumps(key)}: ")
        if isinstance(value, Iterator):
            _write_list(value, out)
        else:
            out.write(_dumps(value, indent="  "))
        separator = ",\n  "
    out.write("\n}\n")


def json_text(value: Any) -> str:
    """Return any JSON *value*, written like the inside of a document."""
    return _dumps(value) + "\n"


def hash_document(members: Members) -> str:
    """Return `sha256:…` over the compact form of the document that `write_document` would write."""
    digest = hashlib.sha256()
    separator = b"{"
    for key in sorted(members):
        value = members[key]
        digest.update(separator + compact(key) + b":")
        if isinstance(value, Iterator):
            _hash_list(value, digest.update)
        else:
            digest.update(compact(value))
        separator = b","
    digest.update(b"}")
    return f"sha256:{digest.hexdigest()}"


def _write_list(elements: Iterator[Any], out: TextIO) -> None:
    empty = True
    known: dict[int, tuple[Shared, str]] = {}
    for element in elements:
        out.write("[\n    " if empty else ",\n    ")
        out.write(_element(element, known))
        empty = False
    out.write("[]" if empty else "\n  ]")


def _element(element: Any, known: dict[int, tuple[Shared, str]]) -> str:
    if not isinstance(element, dict) or not any(type(value) is Shared for value in element.values()):
        return _dumps(element, indent="    ")
    members = (f"{_dumps(key)}: {_member(element[key], known)}" for key in sorted(element))
    return "{\n      " + ",\n      ".join(members) + "\n    }"


def _member(value: Any, known: dict[int, tuple[Shared, str]]) -> str:
    if type(value) is not Shared:
        return _dumps(value, indent="      ")
    found = known.get(id(value))
    if found is None:
        if len(known) >= _REMEMBERED:
            known.clear()
        # The list is kept beside its text: nothing else can have its id meanwhile.
        found = known[id(value)] = (value, _dumps(value, indent="      "))
    return found[1]


def _hash_list(elements: Iterator[Any], update: Any) -> None:
    separator = b"["
    for element in elements:
        update(separator + compact(element))
        separator = b","
    update(b"]" if separator == b"," else b"[]")


def _dumps(value: Any, *, indent: str = "") -> str:
    if isinstance(value, str):  # most values are; the encoder with indentation is made anew each time
        return json.dumps(value).replace("##[", "#\\u0023[")
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False)
    # A raw newline never stands inside a JSON string, and `##[` stands nowhere else: CI runners read it as a command.
    return text.replace("\n", "\n" + indent).replace("##[", "#\\u0023[")


def finding_document(finding: Finding) -> Document:
    """Return a finding as an element of `diagnostics` or `refusals`."""
    return {
        "severity": finding.severity.value,
        "rule_id": finding.rule,
        "summary": finding.message,
        "detail": finding.detail,
        "hint": finding.hint,
        "address": finding.address,
        "pointer": finding.pointer,
        "range": range_document(finding.range),
        "waived": waived_document(finding.waived),
    }


def waived_document(waived: Waived | None) -> Document | None:
    """Return why a finding is waived, or None."""
    if waived is None:
        return None
    return {"severity": waived.severity.value, "reason": waived.reason, "expires": format_instant(waived.expires)}


def range_document(place: Range | None) -> Document | None:
    """Return a place in a file, or None."""
    if place is None:
        return None
    return {
        "filename": place.filename,
        "start": {"line": place.start.line, "column": place.start.column},
        "end": {"line": place.end.line, "column": place.end.column},
    }


def step_document(step: ManualStep) -> Document:
    """Return a step of a plan as an element of `manual_steps`."""
    return {
        "address": step.address,
        "rule_id": step.rule,
        "summary": step.summary,
        "detail": step.detail,
        "follow_up": step.follow_up,
        "since": None,
    }


def open_step_document(follow_up: FollowUp) -> Document:
    """Return an open follow-up as an element of `manual_steps`; the detail was said in the plan that made it necessary."""
    return {**follow_up_document(follow_up), "detail": "", "follow_up": True}


def follow_up_document(follow_up: FollowUp) -> Document:
    """Return an open follow-up, or one that was attested."""
    return {
        "address": follow_up.address,
        "rule_id": follow_up.rule,
        "summary": follow_up.summary,
        "since": format_instant(follow_up.since),
    }
