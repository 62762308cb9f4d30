"""Perform: what an organization is after a change. Pure; the stored state and the checks use the same function."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

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
    before = organization or Organization(name=change.organization)
    if change.type == ORGANIZATION:
        return forget(before) if change.after is None else replace(before, settings=read_settings(change.after))
    if change.type == ADMINISTRATOR:
        return _administrator(before, change)
    if change.type == ELEVATION_GRANT:
        return _grant(before, change, at, request_lifetime)
    raise ValueError(f"unknown type {change.type!r}")


def perform_all(
    organization: Organization | None, changes: Iterable[Change], at: datetime, *, request_lifetime: timedelta
) -> Organization | None:
    """Return *organization* after all *changes*, in their order."""
    for change in changes:
        organization = perform(organization, change, at, request_lifetime=request_lifetime)
    return organization


def forget(organization: Organization) -> Organization | None:
    """Return what stays of an organization that is no longer managed: its grants, because their names are used once, for ever."""
    return Organization(name=organization.name, grants=organization.grants) if organization.grants else None


def _administrator(before: Organization, change: Change) -> Organization:
    people = dict(before.administrators or {})
    if change.after is None:
        people.pop(identity(change.name), None)
    else:
        person = read_administrator(change.after)
        people[person.key] = person
    return replace(before, administrators=people)


def _grant(before: Organization, change: Change, at: datetime, request_lifetime: timedelta) -> Organization:
    grants = dict(before.grants)
    if change.action is Action.DELETE:
        if change.name in grants:
            grants[change.name] = close(grants[change.name], at, request_lifetime=request_lifetime)
    elif change.after is not None:
        grants[change.name] = settle(read_grant(change.after), at, request_lifetime=request_lifetime)
    return replace(before, grants=grants)
