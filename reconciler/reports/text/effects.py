"""Who gains or loses which permission: the part of a plan that says what the changes mean."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.reports.text.page import Page, columns
from reconciler.reports.visible import visible

_WORDS: Final = {"gained": "gains", "lost": "loses", "became-known": "known", "became-unknown": "unknown", "changed": "alters"}
_KINDS: Final = {
    "restriction": "restricted mode",
    "left-open": "declared open in restricted mode",
    "cap-unknown": "restricted mode may reach it",
    "undescribed": "not described",
    "unrecorded": "administrators not recorded",
}


_CUSTOMER: Final = "customer/"
_EVERY: Final = "*"
_NAMED: Final = 3
"""So many customers are named; of more, the first two."""


def effects(page: Page, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write one line for each permission of each person, in columns; what changes alike in several customers shares one line."""
    if not changes:
        return
    page.line("  access changes:")
    for line in columns(list(rights(changes))):
        page.line(f"    {line}")
    freed = sorted({setting for change in changes for setting in _freed(change)})
    if freed:
        *others, last = map(visible, freed)
        page.hang("    no longer restricted: ", [*(f"{setting}," for setting in others), last])


def rights(changes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what `said` returns of each change, once for all customers in which it is alike, with where that is."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for change in changes:
        scope = change.get("scope") or ""
        kind = _CUSTOMER if scope.startswith(_CUSTOMER) else scope
        alike.setdefault((kind, *said(change)), []).append(scope.removeprefix(_CUSTOMER))
    for (kind, word, person, permission, sides, why), scopes in alike.items():
        where = _customers(scopes) if kind == _CUSTOMER else visible(kind)
        yield word, person, f"{permission} ({where})" if where else permission, sides, why


def said(change: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Return a word for the direction, the person, the permission, both sides, and why; all of it visible text."""
    return (
        _WORDS.get(change["direction"], visible(change["direction"])),
        visible(change["person"]),
        visible(change["permission"]),
        f"{visible(change['before'])} -> {visible(change['after'])}",
        ", ".join(dict.fromkeys(_because(change))),
    )


def _customers(names: Sequence[str]) -> str:
    """Return `acme-health, globex and 3 more`; nobody is named beside the one that stands for all others."""
    if _EVERY in names:
        return "every customer"
    shown = list(map(visible, names))
    if len(shown) > _NAMED:
        return f"{', '.join(shown[:2])} and {len(shown) - 2} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _because(change: Mapping[str, Any]) -> Iterator[str]:
    lost = change["direction"] == "lost"
    for reason in change["no_longer"] if lost and change["no_longer"] else change["because"]:
        if lost and change["no_longer"] and reason["access"] == "none":
            continue
        yield ("was " if lost and change["no_longer"] and "role" in reason else "") + _reason(reason)
    if not lost and any(_freed(change)):
        yield "no longer restricted"


def _freed(change: Mapping[str, Any]) -> Iterator[str]:
    """The settings that restricted mode gives back."""
    if change["direction"] != "lost":
        for reason in change["no_longer"]:
            if reason["kind"] == "restriction":
                yield from reason.get("settings", ())


def _reason(reason: Mapping[str, Any]) -> str:
    text = visible(str(reason["role"])) if "role" in reason else _KINDS.get(reason["kind"], visible(reason["kind"]))
    if reason["kind"] == "scope-unknown":
        text += ": may be bound to other customers"
    if "grant" in reason:
        text += f" by grant {visible(str(reason['grant']))}"
    return text
