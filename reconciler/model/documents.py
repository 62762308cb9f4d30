"""Canonical documents: the one JSON shape of every resource, in state, plan and reports, and its way back.

Keys are snake_case, sets are sorted lists, instants are RFC 3339 in UTC, and whatever has its default is left out,
so that equal resources have equal bytes. `compact` gives those bytes.

What is read back may have been forged with every digest in order: a value of another kind than was written is refused, never passed on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT, ORGANIZATION
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.resources import (
    Administrator,
    EndReason,
    Grant,
    GrantEnd,
    Home,
    Organization,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)

T = TypeVar("T")

Document = dict[str, Any]
"""A JSON object. Values are what `json.loads` gives; the shape is fixed by the functions below."""

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What reading a document of another shape may raise."""

_GRANT_TEXTS: Final = ("ticket", "approved_by", "denied_by")
_GRANT_INSTANTS: Final = ("approved_at", "expires_at", "denied_at", "revoked_at")


# Made once, and without looking for circles, which no document has: a quarter less time.
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False)


def compact_text(value: object) -> str:
    """Return *value* as canonical JSON: sorted keys, no blanks, ASCII only."""
    return _ENCODER.encode(value)


def compact(value: object) -> bytes:
    """Return the bytes of `compact_text`."""
    return _ENCODER.encode(value).encode("ascii")


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of *data* as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """Return `sha256:…` over the canonical bytes of *value*."""
    return "sha256:" + sha256_hex(compact(value))


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def _read_instant(document: Mapping[str, Any], key: str) -> datetime | None:
    text = document.get(key)
    return None if text is None else parse_instant(text)


def _without_defaults(items: Iterable[tuple[str, Any]]) -> Document:
    return {key: value for key, value in items if value is not None and value is not False and value not in ([], {})}


_NOWHERE: Final[frozenset[str]] = frozenset()
_TEXT: Final = frozenset({str})


def _of(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{compact_text(value)[:40]} is not of type {kind.__name__}")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _of(str, value)


def _texts(value: Any) -> frozenset[str]:
    if not _TEXT.issuperset(map(type, _of(list, value))):
        raise TypeError(f"{compact_text(value)[:40]} is no list of texts")
    return frozenset(value)


def settings_document(settings: Settings) -> Document:
    """Return the canonical document of an organization's settings."""
    mode = settings.restricted_mode
    document = _without_defaults((
        ("display_name", settings.display_name),
        ("webex_id", settings.webex_id),
        ("labels", dict(sorted(settings.labels.items()))),
        ("managed_by", settings.managed_by),
        ("services", sorted(settings.services)),
        ("sites", {site: {"managed_in": where} for site, where in sorted(settings.sites.items())}),
        ("locations", sorted(settings.locations)),
    ))
    document["type"] = settings.type.value
    document["support"] = {"cisco_read_only_access": settings.cisco_read_only_access}
    if mode is not None:
        document["restricted_mode"] = {"enabled": mode.enabled, "exempt": sorted(mode.exempt)}
    return document


def read_settings(document: Mapping[str, Any]) -> Settings:
    """Return the settings that `settings_document` wrote."""
    get = document.get
    mode = get("restricted_mode")
    return Settings(
        type=OrganizationType(document["type"]),
        display_name=_text_or_none(get("display_name")),
        webex_id=_text_or_none(get("webex_id")),
        labels={key: _of(str, value) for key, value in get("labels", {}).items()},
        managed_by=_text_or_none(get("managed_by")),
        restricted_mode=None if mode is None else RestrictedMode(enabled=_of(bool, mode["enabled"]), exempt=_texts(mode["exempt"])),
        cisco_read_only_access=_of(bool, document["support"]["cisco_read_only_access"]),
        services=_texts(get("services", [])),
        sites={site: _of(str, facts["managed_in"]) for site, facts in get("sites", {}).items()},
        locations=_texts(get("locations", [])),
    )


def administrator_document(administrator: Administrator) -> Document:
    """Return the canonical document of an administrator; `email` and `roles` are always there."""
    # Most of this is not there for most people, of whom a fleet has hundreds of thousands: it is asked for before anything is made of it.
    # Keys in the order of `compact`, which then sorts them in half the time.
    document: Document = {}
    if administrator.customers is not None:
        document["customers"] = sorted(administrator.customers)
    document["email"] = administrator.email
    if administrator.expires_at is not None:
        document["expires_at"] = format_instant(administrator.expires_at)
    home = _home_document(administrator.home)
    if home:
        document["home"] = home
    if administrator.locations:
        document["locations"] = sorted(administrator.locations)
    if administrator.name is not None:
        document["name"] = administrator.name
    if administrator.protect:
        document["protect"] = True
    document["roles"] = sorted(administrator.roles)
    if administrator.sites:
        document["sites"] = {site: _assignment_document(held) for site, held in sorted(administrator.sites.items())}
    return document


def _assignment_document(held: SiteAssignment) -> Document:
    document: Document = {} if held.role is None else {"role": held.role}
    if held.meeting_content_manager:
        document["meeting_content_manager"] = True
    return document


def _home_document(home: Home | None) -> Document:
    return {} if home is None else _without_defaults((("organization", home.organization), ("type", home.type)))


def read_administrator(document: Mapping[str, Any]) -> Administrator:
    """Return the administrator that `administrator_document` wrote."""
    # A fleet has hundreds of thousands of people, and most have none of these: what is not there is not built.
    get = document.get
    home, sites, locations, customers, end = get("home"), get("sites"), get("locations"), get("customers"), get("expires_at")
    return Administrator(
        email=_of(str, document["email"]),
        name=_text_or_none(get("name")),
        roles=_texts(document["roles"]),
        sites={} if sites is None else {site: _read_assignment(held) for site, held in sites.items()},
        locations=_NOWHERE if locations is None else _texts(locations),
        customers=None if customers is None else _texts(customers),
        home=None if home is None else Home(organization=_text_or_none(home.get("organization")), type=_text_or_none(home.get("type"))),
        expires_at=None if end is None else parse_instant(end),
        protect=_of(bool, get("protect", False)),
    )


def _read_assignment(document: Mapping[str, Any]) -> SiteAssignment:
    role, manages = document.get("role"), document.get("meeting_content_manager", False)
    return SiteAssignment(role=_text_or_none(role), meeting_content_manager=_of(bool, manages))


def grant_document(grant: Grant) -> Document:
    """Return the canonical document of a grant; `name` and `organization` stand in its address as well."""
    document = _without_defaults((
        *((key, getattr(grant, key)) for key in _GRANT_TEXTS),
        *((key, _instant(getattr(grant, key))) for key in _GRANT_INSTANTS),
    ))
    document["name"] = grant.name
    document["organization"] = grant.organization
    document["agent"] = {"email": grant.agent_email, "type": grant.agent_type}
    document["reason"] = grant.reason
    document["requested_at"] = format_instant(grant.requested_at)
    if grant.ended is not None:
        end = grant.ended
        document["ended"] = {"reason": end.reason.value, "at": format_instant(end.at), "recorded_at": format_instant(end.recorded_at)}
    return document


def read_grant(document: Mapping[str, Any]) -> Grant:
    """Return the grant that `grant_document` wrote."""
    end = document.get("ended")
    return Grant(
        name=_of(str, document["name"]),
        organization=_of(str, document["organization"]),
        agent_email=_of(str, document["agent"]["email"]),
        agent_type=_of(str, document["agent"]["type"]),
        reason=_of(str, document["reason"]),
        requested_at=parse_instant(document["requested_at"]),
        ticket=_text_or_none(document.get("ticket")),
        approved_by=_text_or_none(document.get("approved_by")),
        approved_at=_read_instant(document, "approved_at"),
        expires_at=_read_instant(document, "expires_at"),
        denied_by=_text_or_none(document.get("denied_by")),
        denied_at=_read_instant(document, "denied_at"),
        revoked_at=_read_instant(document, "revoked_at"),
        ended=None
        if end is None
        else GrantEnd(reason=EndReason(end["reason"]), at=parse_instant(end["at"]), recorded_at=parse_instant(end["recorded_at"])),
    )


def organization_document(organization: Organization) -> Document:
    """Return the canonical document of a whole organization.

    Shape: `{name, settings, administrators, grants}`; administrators and grants are lists in the order of their keys;
    `settings` and `administrators` are null where nothing is known.
    """
    people = organization.administrators
    return {
        "name": organization.name,
        "settings": None if organization.settings is None else settings_document(organization.settings),
        "administrators": None if people is None else [administrator_document(people[key]) for key in sorted(people)],
        "grants": [grant_document(organization.grants[name]) for name in sorted(organization.grants)],
    }


def read_organization(document: Mapping[str, Any]) -> Organization:
    """Return the organization that `organization_document` wrote, or a manifest declares: only that says what had another name.

    Raises:
        KeyError, TypeError, ValueError: the document is not of that shape.
    """
    people = document["administrators"]
    # A list, and nothing else that could be gone through: what is empty in another way would be an organization without administrators.
    administrators = None if people is None else {person.key: person for person in map(read_administrator, _of(list, people))}
    return Organization(
        name=_of(str, document["name"]),
        settings=None if document["settings"] is None else read_settings(document["settings"]),
        administrators=administrators,
        grants={grant.name: grant for grant in map(read_grant, _of(list, document["grants"]))},
        former_name=_text_or_none(document.get("former_name")),
        renamed={_of(str, key): _of(str, former) for key, former in document.get("renamed", {}).items()},
    )


def refuse_misshapen(type_: str, document: Mapping[str, Any]) -> None:
    """Make sure that *document* is that of a resource of *type_*, for one who shows it without reading it.

    Raises:
        UNREADABLE: it is not, or there is no such type.
    """
    reader = _READERS.get(type_)
    if reader is None:
        raise ValueError(f"there is no resource of type {type_}")
    _refuse_null(document)
    reader(document)


def _refuse_null(document: Mapping[str, Any]) -> None:
    """A canonical document leaves out what is not there; who shows one looks for the key alone."""
    left: list[Any] = [document]
    while left:  # not by recursion: a forged one may be deep
        value = left.pop()
        if value is None:
            raise ValueError("null stands in a document")
        left.extend(value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ())


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    ORGANIZATION: read_settings,
    ADMINISTRATOR: read_administrator,
    ELEVATION_GRANT: read_grant,
}
