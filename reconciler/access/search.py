"""Who can do something, over many organizations, straight from their documents.

Most people share everything that their access depends on with many others. It is worked out once, by `who_can`, for a stand-in in the
same circumstances, and looked up for all others. Those whose access depends on more are asked of `who_can` itself.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple

from reconciler.access.holders import PermissionHolder, WhoCan, scoped_permissions, who_can
from reconciler.access.values import Right
from reconciler.access.view import not_recorded
from reconciler.catalog import Catalog, Level
from reconciler.model.documents import Document, read_administrator, read_organization
from reconciler.model.identifiers import identity
from reconciler.model.resources import Administrator, Organization

_OF_NO_EFFECT: Final = frozenset({"display_name", "labels", "locations", "sites", "webex_id"})
"""Settings on which nobody's access depends; one that is not named here is taken to matter."""

_NAMES: Final = frozenset({"email", "name"})
_PLACES: Final = frozenset({"locations", "sites"})
"""What stands in a person's document and is of no effect: names never are, places where the permission never holds within one."""

_PARTNER: Final = "*"
"""Stands for the managing partner, whichever it is; no organization has such a name."""

_REMEMBERED: Final = 4096
"""So many circumstances, people in each of them, and partners are remembered; beyond that, all are worked out anew."""

Answer = tuple[tuple[str | None, Right], ...]
"""What somebody has of the permission, by scope; nothing where that is none."""

_Row = tuple[str, str, str | None, Right]
"""Identity key, e-mail, scope and right."""


class _Asked(NamedTuple):
    """The question: a permission and an instant."""

    permission: str
    now: datetime
    catalog: Catalog

    def rows(self, organization: Organization, partner: Organization | None) -> Iterator[_Row]:
        """Yield what `who_can` says."""
        found = who_can(self.permission, organization, partner=partner, now=self.now, catalog=self.catalog)
        for one in (*found.holders, *found.unknown):
            yield identity(one.person), one.person, one.scope, one.right


class Search:
    """One permission, asked of many organizations at one instant."""

    def __init__(self, permission: str, *, now: datetime, catalog: Catalog) -> None:
        """Prepare to ask for *permission*, an id of `catalog.matrices.labels`, at *now*."""
        self._asked = _Asked(permission, now, catalog)
        self._see_also = catalog.matrices.twins(permission)
        self._irrelevant = _NAMES if permission in scoped_permissions(catalog) else _NAMES | _PLACES
        self._circumstances: dict[str, _Circumstances] = {}
        self._staffs: dict[str, _Staff] = {}

    def in_document(self, document: Document, partner: Organization | None) -> WhoCan:
        """Return what `who_can` says of the organization in *document*; *partner* as there."""
        name, people = document["name"], document["administrators"]
        managed_by = (document["settings"] or {}).get("managed_by")
        here = self._here(document["settings"], recorded=people is not None)
        staff = self._staff(partner)
        agents = {identity(grant["agent"]["email"]) for grant in document["grants"]}
        known_elsewhere = agents | staff.people.keys()
        rows: list[_Row] = []
        apart: list[Document] = []
        for person in people or ():
            email = person["email"]
            key = identity(email)
            if key in known_elsewhere:
                apart.append(person)
                continue
            for scope, right in here.answer(person, managed_by):
                rows.append((key, email, scope, right))
        alone = agents.union(identity(person["email"]) for person in apart)
        if alone:
            organization = read_organization({**document, "administrators": None if people is None else apart})
            rows += self._asked.rows(organization, staff.only(alone))
        rows += [row for row in staff.rows(name, here) if row[0] not in alone]
        rows.sort(key=itemgetter(0))
        holders, unknown = _told_apart(name, rows)
        return WhoCan(
            permission=self._asked.permission,
            holders=holders,
            unknown=unknown,
            see_also=self._see_also,
            unrecorded=not_recorded(name, managed_by, partner, recorded=people is not None),
        )

    def _here(self, settings: Document | None, *, recorded: bool) -> "_Circumstances":
        kept = None if settings is None else {key: value for key, value in settings.items() if key not in _OF_NO_EFFECT}
        if kept is not None and "managed_by" in kept:
            kept["managed_by"] = _PARTNER
        signature = f"{recorded} {kept}"
        found = self._circumstances.get(signature)
        if found is None:
            empty: Document = {"name": "", "settings": kept, "administrators": [] if recorded else None, "grants": []}
            found = _Circumstances(signature, read_organization(empty), self._asked, self._irrelevant)
            _remember(self._circumstances, signature, found)
        return found

    def _staff(self, partner: Organization | None) -> "_Staff":
        name = "" if partner is None else partner.name
        found = self._staffs.get(name)
        if found is None or found.partner is not partner:
            found = _Staff(partner, self._asked)
            _remember(self._staffs, name, found)
        return found


class _Circumstances:
    """What many organizations have in common: the settings that matter, and whether their administrators are recorded."""

    def __init__(self, signature: str, empty: Organization, asked: _Asked, irrelevant: frozenset[str]) -> None:
        self.signature = signature
        self.empty = empty
        self._asked = asked
        self._irrelevant = irrelevant
        self._answers: dict[Hashable, Answer] = {}

    def answer(self, person: Document, managed_by: str | None) -> Answer:
        """Return what an administrator has whose access depends on nothing but *person* and these circumstances."""
        if len(person) == 2:  # e-mail and roles, as most have
            roles = (*person["roles"],)
            found = self._answers.get(roles)
            return self._work_out(roles, person) if found is None else found
        kept = {key: value for key, value in person.items() if key not in self._irrelevant}
        if managed_by is not None and kept.get("home") == {"organization": managed_by}:
            kept["home"] = {"organization": _PARTNER}
        places = _without_places(kept)
        signature = repr(kept)
        found = self._answers.get(signature)
        if found is None:
            found = self._work_out(signature, kept)
        return tuple((places.get(scope, scope), right) for scope, right in found) if places else found

    def _work_out(self, signature: Hashable, person: Document) -> Answer:
        one = read_administrator({**person, "email": ""})
        rows = self._asked.rows(replace(self.empty, administrators={one.key: one}), None)
        found = tuple((scope, right) for _, _, scope, right in rows)
        _remember(self._answers, signature, found)
        return found


def _without_places(person: Document) -> dict[str | None, str]:
    """Number the sites and locations of *person*, since names are hardly ever shared; return the scopes that the numbers stand for."""
    scopes: dict[str | None, str] = {}
    if "sites" in person:
        names = sorted(person["sites"])
        scopes |= {f"site/{number:06}": f"site/{name}" for number, name in enumerate(names)}
        person["sites"] = {f"{number:06}": person["sites"][name] for number, name in enumerate(names)}
    if "locations" in person:
        names = sorted(person["locations"])
        scopes |= {f"location/{number:06}": f"location/{name}" for number, name in enumerate(names)}
        person["locations"] = [f"{number:06}" for number in range(len(names))]
    return scopes


class _Staff:
    """The people of one managing partner who hold roles over customers."""

    def __init__(self, partner: Organization | None, asked: _Asked) -> None:
        self.partner = partner
        self.people: Mapping[str, Administrator] = (None if partner is None else partner.administrators) or {}
        self._asked = asked
        self._bound = [(key, person.customers) for key, person in self.people.items() if person.customers is not None]
        self._rows: dict[Hashable, tuple[_Row, ...]] = {}

    def only(self, keys: Collection[str]) -> Organization | None:
        """Return the partner with nobody but the people of these *keys*."""
        if self.partner is None or self.partner.administrators is None:
            return self.partner
        return replace(self.partner, administrators={key: person for key, person in self.people.items() if key in keys})

    def rows(self, organization: str, here: _Circumstances) -> tuple[_Row, ...]:
        """Return what they have, by that alone, in *organization*, a customer in the circumstances *here*."""
        if self.partner is None or here.empty.settings is None:
            return ()
        signature = (here.signature, *[key for key, customers in self._bound if organization in customers])
        found = self._rows.get(signature)
        if found is None:
            settings = replace(here.empty.settings, managed_by=self.partner.name)
            found = tuple(self._asked.rows(replace(here.empty, name=organization, settings=settings), self.partner))
            _remember(self._rows, signature, found)
        return found


def _told_apart(organization: str, rows: Iterable[_Row]) -> tuple[tuple[PermissionHolder, ...], tuple[PermissionHolder, ...]]:
    """Return those of whom it is known, and those of whom it is not."""
    holders: list[PermissionHolder] = []
    unknown: list[PermissionHolder] = []
    for _, person, scope, right in rows:
        one = PermissionHolder(organization=organization, person=person, scope=scope, right=right)
        (unknown if right.access is Level.UNKNOWN else holders).append(one)
    return tuple(holders), tuple(unknown)


def _remember(known: dict[Any, Any], key: Hashable, value: object) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
