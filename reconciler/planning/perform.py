"""Perform: what an organization is after a change. Pure; the stored state and the checks use the same function."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from reconciler.model.changes import Action, Change
from reconciler.model.documents import read_administrator, read_grant, read_settings
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT, ORGANIZATION, identity
from reconciler.model.resources import Organization
from reconciler.planning.scope import close, settle


def perform(organization: Organization | None, change: Change, at: datetime, *, request_lifetime: timedelta) -> Organization | None:
    """Return *organization* after *change* was performed at *at*.

    Raises:
        ValueError: the change is not of a known type, or its document is not of the right shape.
    """
    return perform_all(organization, [change], at, request_lifetime=request_lifetime)


def perform_all(
    organization: Organization | None, changes: Iterable[Change], at: datetime, *, request_lifetime: timedelta
) -> Organization | None:
    """Return *organization* after all *changes*, in their order.

    Raises:
        ValueError: as for `perform`.
    """
    # Changes of one type stand together: what they change is copied once for all of them, not once for each.
    for kind, group in groupby(changes, key=lambda change: change.type):
        alike = list(group)
        before = organization or Organization(name=alike[0].organization)
        if kind == ORGANIZATION:
            organization = _settings(before, alike)
        elif kind == ADMINISTRATOR:
            organization = _administrators(before, alike)
        elif kind == ELEVATION_GRANT:
            organization = _grants(before, alike, at, request_lifetime)
        else:
            raise ValueError(f"unknown type {kind!r}")
    return organization


def forget(organization: Organization) -> Organization | None:
    """Return what stays of an organization that is no longer managed: its grants, because their names are used once, for ever."""
    return Organization(name=organization.name, grants=organization.grants) if organization.grants else None


def _settings(before: Organization, changes: Iterable[Change]) -> Organization | None:
    organization: Organization | None = before
    for change in changes:
        known = organization or Organization(name=change.organization)
        if change.after is None:
            organization = forget(known)
        else:
            organization = replace(known, settings=read_settings(change.after), former_name=change.former)
    return organization


def _administrators(before: Organization, changes: Iterable[Change]) -> Organization:
    people, renamed = dict(before.administrators or {}), dict(before.renamed)
    for change in changes:
        if change.after is None:
            people.pop(identity(change.name), None)
            continue
        person = read_administrator(change.after)
        if change.former is not None:
            renamed[person.key] = identity(change.former)
            people.pop(renamed[person.key], None)
        people[person.key] = person
    return replace(before, administrators=people, renamed=renamed)


def _grants(before: Organization, changes: Iterable[Change], at: datetime, request_lifetime: timedelta) -> Organization:
    grants = dict(before.grants)
    for change in changes:
        if change.action is Action.DELETE:
            if change.name in grants:
                grants[change.name] = close(grants[change.name], at, request_lifetime=request_lifetime)
        elif change.after is not None:
            grants[change.name] = settle(read_grant(change.after), at, request_lifetime=request_lifetime)
    return replace(before, grants=grants)
