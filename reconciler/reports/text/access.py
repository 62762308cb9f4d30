"""The answers of `access` and `who-can`: somebody's access as a card, everybody's in short, and who has one permission."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from reconciler.model.documents import Document
from reconciler.model.findings import Finding
from reconciler.model.instants import format_instant
from reconciler.model.results import Accesses, AccessOf, HoldersIn, PermissionHolders
from reconciler.reports import style as styles
from reconciler.reports.because import Phrases, access_word
from reconciler.reports.text import words
from reconciler.reports.text.page import Page, columns, count, widest
from reconciler.reports.visible import display_width, pad, visible

_STRONGEST_FIRST: Final = ("full", "conditional", "read", "unknown", "none")
_SHORT: Final = 2
"""Up to so many restricted settings are named among the reasons; the card lists all of them by their labels."""
_REMEMBERED: Final = 4096
_REACH: Final = {"capped": "capped", "left-open": "declared open", "unknown": "reach unknown"}


def access(page: Page, result: AccessOf | Accesses | PermissionHolders) -> None:
    """Write the answer of `access` in any of its forms, or of `who-can`."""
    page.no_stored_state(result.lineage, result.location)
    match result:
        case AccessOf():
            _access_of(page, result)
        case Accesses():
            _accesses(page, result)
        case PermissionHolders():
            _permission_holders(page, result)


def _access_of(page: Page, result: AccessOf) -> None:
    """Write one person's access in one organization: by which roles, to what, why, and until when."""
    one = result.access
    page.heading(f"{visible(one['person'])} in {visible(one['organization'])}", f" at {one['at']}")
    _notes(page, result.findings)
    _roles(page, one)
    _permissions(page, one)
    _scoped(page, one)
    _restricted(page, one)
    _grants(page, one)
    if one["unrecorded"]:
        page.gap()
        _unrecorded(page, one["unrecorded"])


def _accesses(page: Page, result: Accesses) -> None:
    """Write a block for each person of an organization, or for each organization of a person."""
    everywhere = result.organization is None
    page.heading(visible(result.person or result.organization or ""), f" at {format_instant(result.at)}")
    _notes(page, result.findings)
    unrecorded: dict[str, None] = {}
    number = 0
    for part in result.found():
        unrecorded.update(dict.fromkeys(part.unrecorded))
        for access in part.accesses:
            number += 1
            page.gap()
            page.line("  " + page.paint(visible(access["organization" if everywhere else "person"]), styles.BOLD))
            _in_short(page, access)
    page.gap()
    if unrecorded:
        _unrecorded(page, list(unrecorded))
    page.line(f"{count(number, 'organization')}." if everywhere else f"{count(number, 'person', 'people')}.")


def _permission_holders(page: Page, result: PermissionHolders) -> None:
    """Write who has the permission, organization by organization, then of whom it is not known, then where else to look."""
    page.heading(f"Who has {visible(result.permission)}", f" ({visible(result.label)}) at {format_instant(result.at)}")
    _notes(page, result.findings)
    known = _Reasons(page, Phrases(most_settings=_SHORT))
    unknown: list[HoldersIn] = []
    unrecorded: dict[str, None] = {}
    holders = organizations = undecided = 0
    for part in result.found():
        organizations += 1
        unrecorded.update(dict.fromkeys(part.unrecorded))
        if part.unknown:
            unknown.append(part)
            undecided += len(part.unknown)
        if part.holders:
            holders += len(part.holders)
            _holders(page, part.organization, part.holders, known)
    if unknown:
        page.heading("Unknown:")
    for part in unknown:
        _holders(page, part.organization, part.unknown, known)
    if result.see_also:
        page.gap()
        page.hang("See also: ", [f"{visible(twin)} ({visible(label)})" for twin, label in result.see_also.items()], between=", ")
    page.gap()
    if unrecorded:
        _unrecorded(page, list(unrecorded))
    page.line(f"{count(holders, 'holder')}, {undecided} unknown, in {count(organizations, 'organization')}.")


def _notes(page: Page, findings: Iterable[Finding]) -> None:
    for finding in findings:
        page.hang("  note: ", f"{visible(finding.message)}: {visible(finding.detail)}".split())


def _unrecorded(page: Page, names: Sequence[str]) -> None:
    listed = _commas([visible(name) for name in names])
    page.hang("Not recorded, unknown: ", ["the administrators of", *listed])


def _roles(page: Page, access: Document) -> None:
    page.gap()
    if not access["held"]:
        page.line("Roles: none")
        return
    page.line(page.paint("Roles", styles.BOLD))
    for line in columns([("  " + visible(held["role"]), _held(held)) for held in access["held"]]):
        page.line(line)
    if access["undescribed"]:
        page.hang("  ", ["no article says what they give here:", *_commas([visible(role) for role in access["undescribed"]])])


def _held(held: Document) -> str:
    parts = [
        *([f"on {visible(held['scope'])}"] if "scope" in held else []),
        *([f"held in {visible(held['held_in'])}"] if "held_in" in held else []),
        *([f"by grant {visible(held['grant'])}"] if "grant" in held else []),
        *([f"until {held['until']}"] if "until" in held else []),
    ]
    return ", ".join(parts)


def _permissions(page: Page, access: Document) -> None:
    rights: dict[str, Any] = access["permissions"]
    given = [(permission, right) for permission, right in rights.items() if right["access"] != "none"]
    page.gap()
    if not given:
        page.line(f"Permissions: none of {len(rights)}")
        return
    page.line(page.paint("Permissions", styles.BOLD))
    _rights(page, [((permission,), right) for permission, right in given], _Reasons(page, Phrases(most_settings=_SHORT, ends=False)))
    nothing = [visible(permission) for permission, right in rights.items() if right["access"] == "none"]
    if nothing:
        page.hang("  none of ", _commas(nothing))


def _scoped(page: Page, access: Document) -> None:
    if access["scoped"]:
        page.heading("Only within a site, a location or a service")
        known = _Reasons(page, Phrases(most_settings=_SHORT, ends=False))
        _rights(page, [((one["scope"], one["permission"]), one) for one in access["scoped"]], known)


def _restricted(page: Page, access: Document) -> None:
    if not access["restricted"]:
        return
    page.heading("Restricted settings", " (restricted administrator mode is on)")
    groups: dict[str, list[str]] = {}
    for one in access["restricted"]:
        left = f"{_REACH.get(one['reach'], one['reach'])}, {one['access']}"
        groups.setdefault(left, []).append(visible(one["label"]))
    page.details([(visible(left), _commas(settings)) for left, settings in groups.items()], indent=2)


def _grants(page: Page, access: Document) -> None:
    if not access["grants"]:
        return
    page.heading("Running elevations")
    for grant in access["grants"]:
        approver = visible(grant["approved_by"]) if "approved_by" in grant else "unknown"
        parts = [
            f"{visible(grant['agent_type'])};",
            f"until {grant['until']};",
            f"approved by {approver} at {grant['approved_at']};",
            *f"reason {words.value(grant['reason'])}".split(" "),
        ]
        if "ticket" in grant:
            parts[-1] += ";"
            parts.append(f"ticket {words.value(grant['ticket'])}")
        page.hang(f"  {visible(grant['name'])}  ", parts)


def _in_short(page: Page, access: Document) -> None:
    """Write roles, and permissions by access; what is none is counted only."""
    held = [f"{visible(one['role'])}{f' ({_held(one)})' if _held(one) else ''}" for one in access["held"]]
    labeled: list[tuple[str, list[str]]] = [("roles", _commas(held) or ["none"])]
    groups: dict[str, list[str]] = {}
    for permission, right in access["permissions"].items():
        groups.setdefault(right["access"], []).append(visible(permission))
    for one in access["scoped"]:
        groups.setdefault(one["access"], []).append(f"{visible(one['permission'])} on {visible(one['scope'])}")
    nothing = groups.pop("none", [])
    labeled += [(word, _commas(groups[word])) for word in _STRONGEST_FIRST if word in groups]
    if nothing:
        labeled.append(("none", [count(len(nothing), "other permission" if groups else "permission")]))
    if access["undescribed"]:
        labeled.append(("undescribed", _commas([visible(role) for role in access["undescribed"]])))
    if access["restricted"]:
        labeled.append(("restricted", [_caps(access["restricted"])]))
    page.details(labeled, indent=6)


def _caps(lines: Sequence[Document]) -> str:
    numbers = {reach: sum(one["reach"] == reach for one in lines) for reach in _REACH}
    return ", ".join(f"{number} {_REACH[reach]}" for reach, number in numbers.items() if number) + f" of {count(len(lines), 'setting')}"


class _Reasons:
    """What stands behind a name and its access, remembered for one report: whoever shares a right shares its wrapped lines."""

    def __init__(self, page: Page, phrases: Phrases) -> None:
        self._page = page
        self._phrases = phrases
        self._known: dict[tuple[int, str, int], tuple[object, str]] = {}

    def behind(self, right: Document, indent: int) -> str:
        """Return the reasons of *right* as lines that begin in the column *indent*."""
        reasons = right["because"]
        key = (id(reasons), right["access"], indent)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            phrases = [visible(phrase) for phrase in self._phrases.of(right)]
            text = self._page.behind(indent, [atom for phrase in _ended(phrases, ";") for atom in phrase.split(" ")])
            # The list is kept beside its text: nothing else can have its id meanwhile.
            known = self._known[key] = (reasons, text)
        return known[1]


def _holders(page: Page, organization: str, holders: Sequence[Document], known: _Reasons) -> None:
    page.gap()
    page.line("  " + page.paint(visible(organization), styles.BOLD))
    _rights(page, [((one["person"], one.get("scope", "")), one) for one in holders], known, indent=4)


def _rights(page: Page, rights: Sequence[tuple[tuple[str, ...], Document]], known: _Reasons, *, indent: int = 2) -> None:
    """Write names, access and reasons, aligned; the reasons hang behind."""
    rows = [(*map(visible, name), access_word(right)) for name, right in rights]
    used = [index for index in range(len(rows[0])) if any(row[index] for row in rows)]
    widths = [(index, widest([row[index] for row in rows])) for index in used]
    for row, (_, right) in zip(rows, rights, strict=True):
        head = " " * indent + "".join([pad(row[index], width) + "  " for index, width in widths])
        page.line(head + known.behind(right, display_width(head)))


def _commas(items: Sequence[str]) -> list[str]:
    return _ended(items, ",")


def _ended(items: Sequence[str], mark: str) -> list[str]:
    return [item + mark for item in items[:-1]] + list(items[-1:])
