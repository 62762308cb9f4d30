"""Who gains or loses which permission: the part of a plan that says what the changes mean."""

from collections.abc import Iterator, Mapping, Sequence
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


def effects(page: Page, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write one line for each permission of each person, in columns."""
    if not changes:
        return
    page.line("  access changes:")
    rows = [
        (
            _WORDS.get(change["direction"], visible(change["direction"])),
            visible(change["person"]),
            visible(change["permission"] + (f" ({change['scope']})" if change.get("scope") else "")),
            f"{visible(change['before'])} -> {visible(change['after'])}",
            ", ".join(dict.fromkeys(_because(change))),
        )
        for change in changes
    ]
    for line in columns(rows):
        page.line(f"    {line}")


def _because(change: Mapping[str, Any]) -> Iterator[str]:
    lost = change["direction"] == "lost"
    for reason in change["no_longer"] if lost and change["no_longer"] else change["because"]:
        if lost and change["no_longer"] and reason["access"] == "none":
            continue
        yield ("was " if lost and change["no_longer"] and "role" in reason else "") + _reason(reason)


def _reason(reason: Mapping[str, Any]) -> str:
    text = visible(str(reason["role"])) if "role" in reason else _KINDS.get(reason["kind"], visible(reason["kind"]))
    if "grant" in reason:
        text += f" by grant {visible(str(reason['grant']))}"
    return text
