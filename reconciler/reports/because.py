"""The reasons of a right in short, from its document: the same words in a table and in a spreadsheet."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Right = Mapping[str, Any]
Reason = Mapping[str, Any]

_GIVES_NOTHING: Final = frozenset({"none", "not-applicable"})


def access_word(right: Right) -> str:
    """Return the access, and of one that is not exact what is known of it."""
    bounds = [f"{words} {right[key]}" for key, words in (("at_least", "at least"), ("at_most", "at most")) if key in right]
    return f"{right['access']} ({', '.join(bounds)})" if bounds else str(right["access"])


def because(right: Right) -> list[str]:
    """Return the reasons as phrases, not yet visible text; cells that give nothing are left out unless there is nothing else.

    A phrase names the role, where it is held, until when an elevation lasts, and how it is known unless an article states it.
    """
    reasons = [reason for reason in right["because"] if reason["kind"] != "cell" or reason["access"] not in _GIVES_NOTHING]
    return list(dict.fromkeys(_phrase(reason, right["access"]) for reason in reasons))


def _phrase(reason: Reason, access: str) -> str:
    settings = ", ".join(reason.get("settings", ()))
    match reason["kind"]:
        case "cell":
            return "".join((_role(reason), *_differs(reason, access), *_known(reason)))
        case "restriction":
            return f"restricted mode leaves {reason['access']} of {settings}"
        case "left-open":
            return f"declared open: {settings}"
        case "cap-unknown":
            return f"restricted mode may reach {settings}" if settings else "restricted mode may reach it"
        case "out-of-scope":
            return f"{_role(reason)} is bound to other customers"
        case "scope-unknown":
            return f"{_role(reason)} may be bound to other customers"
        case "undescribed":
            return f"{_role(reason)}: no article says what it gives here"
        case _:
            return "the administrators are not recorded"


def _role(reason: Reason) -> str:
    role = reason.get("role", "")
    if "held_in" in reason:
        role += f" of {reason['held_in']}"
    return f"{role} (grant {reason['grant']} until {reason['until']})" if "grant" in reason else role


def _differs(reason: Reason, access: str) -> Iterator[str]:
    if reason["access"] != access:
        yield f": {reason['access']}"


def _known(reason: Reason) -> Iterator[str]:
    """Yield the evidence where it is weaker than an article, and the condition that a conditional cell prints."""
    evidence = reason.get("evidence", "article")
    if evidence not in {"article", "unknown"}:
        yield f" ({evidence}{', ' + reason['confidence'] + ' confidence' if 'confidence' in reason else ''})"
    elif evidence == "unknown":
        yield " (not established)"
    if reason["access"] == "conditional" and "note" in reason:
        yield f": {reason['note']}"
