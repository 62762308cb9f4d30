"""Diff: the changes that turn one organization into another. Objects are matched by key; DeepDiff explains what changed inside a pair."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.model.changes import Action, Change, FieldChange, Reason
from reconciler.model.documents import Document, administrator_document, compact, grant_document, settings_document
from reconciler.model.identifiers import (
    ADMINISTRATOR,
    ELEVATION_GRANT,
    ORGANIZATION,
    administrator_address,
    grant_address,
    organization_address,
)
from reconciler.model.resources import Administrator, EndReason, Grant, Organization

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)


def diff(before: Organization | None, after: Organization | None, now: datetime) -> Iterator[Change]:
    """Yield the changes that turn *before* into *after*, in no particular order.

    Args:
        before: as stored; None when nothing is stored.
        after: as it is to be; None, or without settings, to forget the organization. Grants that end carry their `ended`.
        now: tells a removal of access that has ended (`expired`) from one that somebody asked for.
    """
    if after is None or (after.settings is None and before is not None and before.settings is not None):
        if before is not None and before.settings is not None:
            yield _organization_change(before.name, settings_document(before.settings), None)
        return
    old_settings = None if before is None or before.settings is None else settings_document(before.settings)
    new_settings = None if after.settings is None else settings_document(after.settings)
    if after.former_name is not None and old_settings is not None and new_settings is not None:
        # Only what renames an organization speaks of its name: it is no setting, but the key.
        old_settings, new_settings = old_settings | {"name": after.former_name}, new_settings | {"name": after.name}
    if new_settings is not None and new_settings != old_settings:
        yield _organization_change(after.name, old_settings, new_settings)
    yield from _administrators(before, after, now)
    yield from _grants(before, after)


def _organization_change(name: str, before: Document | None, after: Document | None) -> Change:
    return _change(
        address=organization_address(name),
        organization=name,
        resource=ORGANIZATION,
        name=name,
        before=before,
        after=after,
        reason=Reason.DECLARED if after is not None else Reason.OMITTED,
    )


def _administrators(before: Organization | None, after: Organization, now: datetime) -> Iterator[Change]:
    old, new = (before.administrators if before else None) or {}, after.administrators or {}
    renamed = {key: old[former] for key, former in after.renamed.items() if key in new and former in old and old[former].live_at(now)}
    for key in (old.keys() | new.keys()) - {person.key for person in renamed.values()}:
        was, will = old.get(key), new.get(key)
        if was == will:
            continue
        if was is not None and not was.live_at(now):
            # What has ended is over, whoever it is declared for again: the end is recorded, and then the access is new.
            yield _administrator_change(after.name, was, None, reason=Reason.EXPIRED)
            was = None
        was = renamed.get(key, was)
        if was is not None or will is not None:
            yield _administrator_change(after.name, was, will, reason=Reason.OMITTED if will is None else Reason.DECLARED)


def _administrator_change(organization: str, was: Administrator | None, will: Administrator | None, *, reason: Reason) -> Change:
    person = will or was
    if person is None:
        raise ValueError("a change has at least one side")
    return _change(
        address=administrator_address(organization, person.email),
        organization=organization,
        resource=ADMINISTRATOR,
        name=person.email,
        before=None if was is None else administrator_document(was),
        after=None if will is None else administrator_document(will),
        reason=reason,
    )


def _grants(before: Organization | None, after: Organization) -> Iterator[Change]:
    old = before.grants if before else {}
    for name, will in after.grants.items():
        was = old.get(name)
        if was == will:
            continue
        if was is not None and _content(was) == _content(will):
            yield _grant_change(was, None, reason=_reason_of_end(will))
        else:
            # Only what was approved can be revoked; an approval that names its early end gives access all the same.
            revoked = was is not None and was.approved_at is not None and was.revoked_at != will.revoked_at
            yield _grant_change(was, will, reason=Reason.REVOKED if revoked else Reason.DECLARED)


def _content(grant: Grant) -> Grant:
    """The grant as people wrote it: recorded ends hold clock times of a run and never reach a change or its digest."""
    return replace(grant, ended=None)


def _reason_of_end(grant: Grant) -> Reason:
    """Whatever ends by itself is `expired`, by which of its instants ever; only a lost declaration is `omitted`."""
    return Reason.OMITTED if grant.ended is not None and grant.ended.reason is EndReason.OMITTED else Reason.EXPIRED


def _grant_change(was: Grant | None, will: Grant | None, *, reason: Reason) -> Change:
    grant = will or was
    if grant is None:
        raise ValueError("a change has at least one side")
    return _change(
        address=grant_address(grant.organization, grant.name),
        organization=grant.organization,
        resource=ELEVATION_GRANT,
        name=grant.name,
        before=None if was is None else grant_document(_content(was)),
        after=None if will is None else grant_document(_content(will)),
        reason=reason,
    )


def _change(
    *, address: str, organization: str, resource: str, name: str, before: Document | None, after: Document | None, reason: Reason
) -> Change:
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    return Change(
        address=address,
        organization=organization,
        type=resource,
        name=name,
        action=action,
        reason=reason,
        before=before,
        after=after,
        fields=explain(before, after) if before is not None and after is not None else (),
    )


def explain(before: Document, after: Document) -> tuple[FieldChange, ...]:
    """Return which fields differ between two documents of one resource, by path; lists are compared and shown as a whole."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - it loads slowly, and most runs change nothing inside a pair

    # threshold 0: never collapse a mostly changed object into one change; private variables: keys may begin with "__".
    delta = DeepDiff(_frozen(before), _frozen(after), view="tree", threshold_to_diff_deeper=0, ignore_private_variables=False)
    changed = {tuple(level.path(output_format="list")) for levels in delta.values() for level in levels}
    return tuple(
        FieldChange(path=_path_text(path), before=_at(before, path), after=_at(after, path))
        for path in sorted(changed, key=lambda keys: [str(key) for key in keys])
    )


def _frozen(value: Any) -> Any:
    """Return *value* with every list as bytes, which no JSON value is: a set of roles is one field and not a row of positions."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return compact(value) if isinstance(value, list) else value


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def _path_text(path: tuple[Any, ...]) -> str:
    text = ""
    for key in map(str, path):
        if _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            quoted = key.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text
