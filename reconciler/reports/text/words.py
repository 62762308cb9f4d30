"""Canonical documents in words: what a person holds, what a grant gives, what an organization is, which field changed how."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.model.changes import FieldChange
from reconciler.model.documents import Document, read_grant
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_end
from reconciler.reports.visible import visible

_UNMANAGED: Final = frozenset({"customers", "administrators"})
"""Where a missing list means "not managed here", and an empty one "none"."""


_SHORT_LIST: Final = 3
"""A list up to this length is shown whole on both sides."""
_PHRASE: Final = 48
"""A part up to this length is not broken over two lines."""
_UNCLEAR: Final = re.compile(r'[\s"]')
"""What makes it unclear where a value ends."""


def value(json_value: Any) -> str:
    """Return a JSON value as visible text, in quotes where its ends could not be seen."""
    match json_value:
        case None:
            return "not set"
        case bool():
            return "true" if json_value else "false"
        case str():
            shown = visible(json_value)
            return shown if shown and _UNCLEAR.search(shown) is None else f'"{shown}"'
        case list():
            return ", ".join(map(value, json_value)) or "none"
        case dict():
            return ", ".join(f"{visible(key)}: {_nested(inner)}" for key, inner in sorted(json_value.items())) or "none"
        case _:
            return str(json_value)


def _nested(json_value: Any) -> str:
    return f"({value(json_value)})" if isinstance(json_value, dict) else value(json_value)


def _listed(values: list[Any]) -> str:
    return ", ".join(map(value, values))


def field_change(change: FieldChange) -> list[str]:
    """Return what became of one field, as atoms: `before -> after`, or of a longer list what came (`+`) and what went (`-`)."""
    before, after = change.before, change.after
    if change.path not in _UNMANAGED:
        before = [] if before is None and isinstance(after, list) else before
        after = [] if after is None and isinstance(before, list) else after
    if not (isinstance(before, list) and isinstance(after, list)) or max(len(before), len(after)) <= _SHORT_LIST:
        return [f"{value(before)} -> {value(after)}"]
    came = [f"+ {value(item)}" for item in after if item not in before]
    went = [f"- {value(item)}" for item in before if item not in after]
    return came + went


def holdings(document: Document) -> list[str]:
    """Return what an administrator's document says, as atoms: roles, scopes, home, end, mark, name."""
    parts = [_listed(document["roles"])] if document["roles"] else []
    for site, held in sorted(document.get("sites", {}).items()):
        roles = [value(held["role"])] if "role" in held else []
        roles += ["meeting-content-manager"] if held.get("meeting_content_manager") else []
        parts.append(f"{' + '.join(roles)} on {visible(site)}")
    if document.get("locations"):
        parts.append(f"in {_listed(document['locations'])}")
    if "customers" in document:
        parts.append(f"for {_listed(document['customers']) or 'no customer'}")
    home = document.get("home")
    if home:
        parts.append(f"from {value(home['organization'])}" if home.get("organization") else f"external ({value(home.get('type'))})")
    if document.get("expires_at"):
        parts.append(f"until {visible(document['expires_at'])}")
    if document.get("protect"):
        parts.append("protected")
    if document.get("name"):
        parts.append(f"name {value(document['name'])}")
    return _sentence(parts)


def _agent(document: Document) -> str:
    return f"{visible(document['agent']['email'])} ({visible(document['agent']['type'])})"


def grant_terms(document: Document) -> list[str]:
    """Return what a grant's document says, as atoms: agent, decision, end, reason, ticket."""
    parts = [_agent(document)]
    if "denied_by" in document:
        parts.append(f"denied by {visible(document['denied_by'])}")
    elif "approved_by" in document:
        end = document.get("revoked_at") or document.get("expires_at") or "unknown"
        parts.extend((f"until {visible(end)}", f"approved by {visible(document['approved_by'])}"))
    else:
        parts.append(f"requested {visible(document['requested_at'])}, undecided")
    parts.append(f"reason {value(document['reason'])}")
    if "ticket" in document:
        parts.append(f"ticket {value(document['ticket'])}")
    return _sentence(parts)


def relationship(document: Document) -> list[str]:
    """Return what kind of organization a settings document describes, as atoms."""
    managed_by = document.get("managed_by")
    parts = [f"{value(document['type'])} of {value(managed_by)}" if managed_by else value(document["type"])]
    if document.get("display_name"):
        parts.append(value(document["display_name"]))
    return _sentence(parts)


def settings(document: Document) -> Iterator[tuple[str, list[str]]]:
    """Yield the further settings that say something: a label, and what is set as atoms."""
    if document.get("webex_id"):
        yield "webex id", [value(document["webex_id"])]
    if document.get("labels"):
        yield "labels", _items(f"{visible(key)}={visible(text)}" for key, text in sorted(document["labels"].items()))
    mode = document.get("restricted_mode")
    if mode is not None:
        state = "on" if mode["enabled"] else "off"
        yield "restricted mode", [f"{state}, declared open: {_listed(mode['exempt'])}" if mode.get("exempt") else state]
    if document.get("support", {}).get("cisco_read_only_access"):
        yield "cisco support", ["read-only access"]
    if document.get("services"):
        yield "services", _items(map(value, document["services"]))
    if document.get("sites"):
        yield "sites", _items(f"{visible(site)} ({value(facts['managed_in'])})" for site, facts in sorted(document["sites"].items()))
    if document.get("locations"):
        yield "locations", _items(map(value, document["locations"]))


def resource(type_: str, document: Document) -> list[str]:
    """Return in one line what a document of *type_* says, as atoms."""
    if type_ == ADMINISTRATOR:
        return holdings(document)
    if type_ == ELEVATION_GRANT:
        return grant_terms(document)
    return relationship(document)


def loss(type_: str, document: Document) -> list[str]:
    """Return in one line what goes with a document of *type_*, as atoms; a grant is described enough by its agent."""
    return _agent(document).split(" ") if type_ == ELEVATION_GRANT else resource(type_, document)


def end_of(type_: str, document: Document) -> str:
    """Return how and when the access of *document* ended by itself."""
    if type_ == ELEVATION_GRANT:
        grant = read_grant(document)
        word = "expired" if grant.expires_at else "lapsed"
        return f"{word} {format_instant(grant_end(grant))}"
    return f"expired {visible(document.get('expires_at', ''))}".rstrip()


def fields_between(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, prefix: str = "") -> Iterator[FieldChange]:
    """Yield the fields in which two documents differ, by path; lists are compared as a whole."""
    old, new = before or {}, after or {}
    for key in sorted({*old, *new}):
        left, right = old.get(key), new.get(key)
        path = f"{prefix}.{key}" if key.isidentifier() else f'{prefix}["{key}"]'
        path = path.removeprefix(".")
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from fields_between(left, right, path)
        elif left != right:
            yield FieldChange(path=path, before=left, after=right)


def _items(texts: Iterator[str]) -> list[str]:
    return _joined(list(texts), ",")


def _sentence(parts: list[str]) -> list[str]:
    """Return *parts* as atoms at which a line may be broken, every part but the last followed by a semicolon."""
    return [word for part in _joined(parts, ";") for word in (part.split(" ") if len(part) > _PHRASE else [part])]


def _joined(parts: list[str], mark: str) -> list[str]:
    return [part + mark for part in parts[:-1]] + parts[-1:]


def who(actor: str | None, operator: str) -> str:
    """Return who did something: the operator alone answers when nobody was named."""
    return f"{visible(actor)} through {visible(operator)}" if actor else visible(operator)
