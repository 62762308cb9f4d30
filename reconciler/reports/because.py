"""The reasons of a right in short, from its document: the same words in a table and in a spreadsheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

Right = Mapping[str, Any]
Reason = Mapping[str, Any]

_REMEMBERED: Final = 4096
_OF_SETTINGS: Final = frozenset({"restriction", "left-open", "cap-unknown"})
_GIVES_NOTHING: Final = frozenset({"none", "not-applicable"})


def access_word(right: Right) -> str:
    """Return the access, and of one that is not exact what is known of it."""
    bounds = [f"{words} {right[key]}" for key, words in (("at_least", "at least"), ("at_most", "at most")) if key in right]
    return f"{right['access']} ({', '.join(bounds)})" if bounds else str(right["access"])


def because(right: Right, *, most_settings: int | None = None, ends: bool = True) -> list[str]:
    """Return the reasons as phrases, not yet visible text; cells that give nothing are left out unless there is nothing else.

    A phrase names the roles, where they are held, until when an elevation lasts, and how it is known unless an article states it.

    Args:
        right: a document with `access` and `because`.
        most_settings: more restricted settings than that are counted, not listed.
        ends: whether the end of an elevation is said each time.
    """
    given = [reason for reason in right["because"] if reason["kind"] != "cell" or reason["access"] not in _GIVES_NOTHING]
    roles: dict[str, list[str]] = {}
    for reason in _merged(given or right["because"]):
        roles.setdefault(_said(reason, right["access"], most_settings), []).extend(_role(reason, ends=ends))
    return [", ".join(dict.fromkeys(named)) + said if named else said for said, named in roles.items()]


class Phrases:
    """`because`, remembered for as long as one report is written: whoever holds a right in the same way shares its list of reasons."""

    def __init__(self, *, most_settings: int | None = None, ends: bool = True) -> None:
        """Take what `because` takes."""
        self._most_settings = most_settings
        self._ends = ends
        self._known: dict[tuple[int, str], tuple[object, list[str]]] = {}

    def of(self, right: Right) -> list[str]:
        """Return what `because` says."""
        reasons = right["because"]
        key = (id(reasons), right["access"])
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            # The list is kept beside its phrases: nothing else can have its id meanwhile.
            known = self._known[key] = (reasons, because(right, most_settings=self._most_settings, ends=self._ends))
        return known[1]


def _merged(reasons: Iterable[Reason]) -> Iterable[Reason]:
    """Return *reasons* with one for all settings that the same becomes of, where the first of them stands."""
    merged: dict[object, Reason] = {}
    for place, reason in enumerate(reasons):
        key = place if reason["kind"] not in _OF_SETTINGS else (reason["kind"], reason["access"])
        settings = [*merged.get(key, {}).get("settings", ()), *reason.get("settings", ())]
        merged[key] = {**reason, "settings": list(dict.fromkeys(settings))}
    return merged.values()


def _said(reason: Reason, access: str, most_settings: int | None) -> str:
    """Return what there is to say behind the role, or instead of one."""
    settings = _settings(reason.get("settings", ()), most_settings)
    match reason["kind"]:
        case "cell":
            return "".join((*_differs(reason, access), *_known(reason)))
        case "restriction":
            return f"restricted mode leaves {reason['access']} of {settings}"
        case "left-open":
            return f"declared open: {settings}"
        case "cap-unknown":
            return f"restricted mode may reach {settings or 'it'}"
        case "out-of-scope":
            return ": bound to other customers"
        case "scope-unknown":
            return ": may be bound to other customers"
        case "undescribed":
            return ": no article says what it gives here"
        case _:
            return "the administrators are not recorded"


def _settings(settings: Sequence[str], most: int | None) -> str:
    return ", ".join(settings) if most is None or len(settings) <= most else f"{len(settings)} settings of it"


def _role(reason: Reason, *, ends: bool) -> Iterator[str]:
    if "role" not in reason:
        return
    role = str(reason["role"])
    if "held_in" in reason:
        role += f" of {reason['held_in']}"
    if "grant" in reason:
        role += f" (grant {reason['grant']}{' until ' + reason['until'] if ends else ''})"
    yield role


def _differs(reason: Reason, access: str) -> Iterator[str]:
    if reason["access"] != access:
        yield f": {reason['access']}"


def _known(reason: Reason) -> Iterator[str]:
    """Yield the evidence where it is weaker than an article, and the condition that a conditional cell prints."""
    evidence = reason.get("evidence", "article")
    if evidence == "unknown":
        yield " (not established)"
    elif evidence != "article":
        yield f" ({evidence}{', ' + reason['confidence'] + ' confidence' if 'confidence' in reason else ''})"
    if reason["access"] == "conditional" and "note" in reason:
        yield f": {reason['note']}"
