"""What a schema cannot say about one document: characters, instants, repeated people.

These checks also run on documents that the schema refuses, so that all errors come back together; they pass over whatever is not of the
type they expect, since the schema has said so already.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.manifests.characters import invisible, not_in_email
from reconciler.model.findings import Finding, Path, Severity
from reconciler.model.identifiers import identity
from reconciler.model.instants import parse_instant

_EXAMPLE: Final = "2027-03-31T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDurations:
    """How long a request and an elevation live.

    Attributes:
        request: from `requestedAt` to the last instant before which it can be decided.
        access: the most between `approvedAt` and `expiresAt`.

    Source: nbhqds0 (stated): one hour each; that the request's hour counts from `requestedAt` is inferred.
    """

    request: timedelta = timedelta(hours=1)
    access: timedelta = timedelta(hours=1)


At = Callable[[Path], str]
"""Names the place of a node for a person: `FILE:LINE:COLUMN`."""


def check_organization(document: Mapping[str, Any], at: At) -> list[Finding]:
    """Return what is wrong with an Organization document beyond its schema, each finding with `path`."""
    spec = _mapping(document, "spec")
    findings = [
        *_labels(document),
        *_free_text(spec, "displayName", ("spec",)),
        *_thing(spec.get("webexId"), ("spec", "webexId")),
    ]
    for position, location in enumerate(_items(spec, "locations")):
        findings += _thing(location, ("spec", "locations", position))
    people = _items(spec, "administrators")
    findings += _former_emails(people, at)
    if _are_plain(people):
        for position, person in enumerate(people):
            if (
                "locations" in person
                or "expiresAt" in person
                or "formerEmail" in person
                or not (person.get("roles") or _has_a_site_role(person))
            ):
                findings += _administrator(person, ("spec", "administrators", position))
        return findings
    seen: dict[str, int] = {}
    for position, person in enumerate(people):
        if isinstance(person, dict):
            findings += _administrator(person, ("spec", "administrators", position))
            email = person.get("email")
            if isinstance(email, str):
                first = seen.setdefault(identity(email), position)
                if first != position:
                    findings.append(_repeated(email, position, at(("spec", "administrators", first, "email"))))
    return findings


def check_grant(document: Mapping[str, Any], durations: GrantDurations) -> list[Finding]:
    """Return what is wrong with an ElevationGrant document beyond its schema, each finding with `path`."""
    spec = _mapping(document, "spec")
    findings = [*_labels(document), *_free_text(spec, "reason", ("spec",)), *_free_text(spec, "ticket", ("spec",))]
    findings += _email(_mapping(spec, "agent"), "email", ("spec", "agent"))
    for field in ("approvedBy", "deniedBy"):
        findings += _email(spec, field, ("spec",))
    instants: dict[str, datetime] = {}
    for field in ("requestedAt", "approvedAt", "expiresAt", "deniedAt", "revokedAt"):
        findings += _instant(spec, field, ("spec",), instants)
    findings += _decision(instants, "approvedAt", durations)
    findings += _decision(instants, "deniedAt", durations)
    findings += _end(instants, durations)
    return findings


def _are_plain(people: Sequence[Any]) -> bool:
    """Tell at once of most lists that their addresses are in plain letters and all different, and that nothing in a name is invisible.

    All texts are looked at together: this takes a third of the time that looking at each would.
    """
    try:
        emails = [person["email"] for person in people]
        addresses, names = "".join(emails), "".join([person.get("name", "") for person in people])
    except (KeyError, TypeError):
        return False  # the schema has said it
    return (
        addresses.isascii()
        and addresses.isprintable()
        and " " not in addresses
        and len(set(map(identity, emails))) == len(emails)
        and not invisible(names)
    )


def _former_emails(people: Sequence[Any], at: At) -> Iterator[Finding]:
    """A rename leads from one address to one other: nobody else has it, is listed under it, or is renamed on the way."""
    renamed = [
        (position, person)
        for position, person in enumerate(people)
        if isinstance(person, dict) and isinstance(person.get("formerEmail"), str) and isinstance(person.get("email"), str)
    ]
    if not renamed:
        return
    listed = {
        identity(person["email"]): position
        for position, person in enumerate(people)
        if isinstance(person, dict) and isinstance(person.get("email"), str)
    }
    claimed: dict[str, int] = {}
    for position, person in renamed:
        path: Path = ("spec", "administrators", position, "formerEmail")
        former, key = person["formerEmail"], identity(person["formerEmail"])
        first = claimed.setdefault(key, position)
        if key == identity(person["email"]):
            detail = "e-mails are compared without regard to case and compatibility forms; leave formerEmail out"
            yield _finding("former-email", f"{former} is the e-mail itself", path, detail=detail)
        elif key in listed:
            place = at(("spec", "administrators", listed[key], "email"))
            detail = (
                f"at {place}; people cannot become one or change places in one run: rename one after the other, by way of a third address"
            )
            yield _finding("former-email", f"{former} is listed itself", path, detail=detail)
        elif first != position:
            place = at(("spec", "administrators", first, "formerEmail"))
            yield _finding("former-email", f"{former} is claimed twice", path, detail=f"first at {place}; one person has one new e-mail")


def _administrator(person: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    yield from _email(person, "email", path)
    yield from _email(person, "formerEmail", path)
    yield from _free_text(person, "name", path)
    for position, location in enumerate(_items(person, "locations")):
        yield from _thing(location, (*path, "locations", position))
    yield from _instant(person, "expiresAt", path, {})
    if not person.get("roles") and not _has_a_site_role(person):
        who = person["email"] if isinstance(person.get("email"), str) else "this administrator"
        detail = "every administrator has at least one role of any scope, under roles or under sites"
        yield _finding("administrator-without-role", f"{who} has no role", path, detail=detail)


def _has_a_site_role(person: Mapping[str, Any]) -> bool:
    # An unknown role is reported as such; the person is not without one for it.
    sites = _mapping(person, "sites").values()
    return any(isinstance(held, dict) and ("role" in held or held.get("meetingContentManager") is True) for held in sites)


def _repeated(email: str, position: int, first: str) -> Finding:
    detail = f"first at {first}; e-mails are compared without regard to case and compatibility forms"
    return _finding("duplicate-administrator", f"{email} is listed twice", ("spec", "administrators", position, "email"), detail=detail)


def _email(holder: Mapping[str, Any], field: str, path: Path) -> Iterator[Finding]:
    email = holder.get(field)
    if isinstance(email, str):
        found = not_in_email(email)
        if found:
            yield _finding(
                "email-characters", f"{field} contains {', '.join(found)}", (*path, field), detail="no e-mail contains this character"
            )


def _free_text(holder: Mapping[str, Any], field: str, path: Path) -> Iterator[Finding]:
    yield from _visible(holder.get(field), (*path, field), Severity.WARNING, field)


def _thing(value: Any, path: Path) -> Iterator[Finding]:
    """Check the name of a thing: what cannot be seen there makes two things look like one."""
    if isinstance(value, str) and invisible(value):
        yield from _visible(value, path, Severity.ERROR, next(str(step) for step in reversed(path) if isinstance(step, str)))


def _labels(document: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in _mapping(_mapping(document, "metadata"), "labels").items():
        yield from _visible(value, ("metadata", "labels", key), Severity.WARNING, f"label {key}")


def _visible(value: Any, path: Path, severity: Severity, name: str) -> Iterator[Finding]:
    if isinstance(value, str):
        found = invisible(value)
        if found:
            detail = "control, bidirectional and invisible characters; they are always printed escaped"
            yield _finding("invisible-characters", f"{name} contains {', '.join(found)}", path, detail=detail, severity=severity)


def _instant(holder: Mapping[str, Any], field: str, path: Path, instants: dict[str, datetime]) -> Iterator[Finding]:
    """Read one instant into *instants*, or say why that is not possible; never "no end"."""
    text = holder.get(field)
    if not isinstance(text, str):
        return
    instant = read_instant(text, (*path, field))
    if isinstance(instant, Finding):
        yield instant
    else:
        instants[field] = instant


def read_instant(text: str, path: Path) -> datetime | Finding:
    """Return the instant that *text* names, or what is wrong with it; *path* ends with the name of the field."""
    try:
        return parse_instant(text)
    except ValueError as error:
        shown = text if len(text) <= 40 else text[:37] + "..."
        detail = f'RFC 3339 with seconds and an offset, such as "{_EXAMPLE}"'
        return _finding("unreadable-time", f"{path[-1]} {shown}: {error}", path, detail=detail)


def _decision(instants: Mapping[str, datetime], field: str, durations: GrantDurations) -> Iterator[Finding]:
    """A request is decided from `requestedAt` on, before its hour is over."""
    requested, decided = instants.get("requestedAt"), instants.get(field)
    if requested is None or decided is None:
        return
    if decided < requested:
        yield _finding("grant-order", f"{field} is before requestedAt", ("spec", field), detail="a request is decided after it was made")
    elif decided - requested >= durations.request:
        message = f"{field} is {decided - requested} after requestedAt"
        yield _finding(
            "grant-decision-window", message, ("spec", field), detail=f"an undecided request lapses {durations.request} after requestedAt"
        )


def _end(instants: Mapping[str, datetime], durations: GrantDurations) -> Iterator[Finding]:
    approved, expires, revoked = instants.get("approvedAt"), instants.get("expiresAt"), instants.get("revokedAt")
    if approved is None:
        return
    if expires is not None and expires <= approved:
        yield _finding("grant-order", "expiresAt is not after approvedAt", ("spec", "expiresAt"), detail="access begins with the approval")
    elif expires is not None and expires - approved > durations.access:
        message = f"expiresAt is {expires - approved} after approvedAt"
        yield _finding("grant-too-long", message, ("spec", "expiresAt"), detail=f"at most {durations.access}, counted from the approval")
    if revoked is not None and revoked < approved:
        yield _finding(
            "grant-order", "revokedAt is before approvedAt", ("spec", "revokedAt"), detail="only what was approved can be revoked"
        )


def _mapping(holder: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = holder.get(field)
    return value if isinstance(value, dict) else {}


def _items(holder: Mapping[str, Any], field: str) -> list[Any]:
    value = holder.get(field)
    return value if isinstance(value, list) else []


def _finding(rule: str, message: str, path: Path, *, detail: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(rule=rule, severity=severity, message=message, detail=detail, path=path)
