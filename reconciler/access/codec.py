"""Accesses and their differences as JSON values. One way only: they are worked out again, never read back."""

from collections.abc import Iterable
from typing import Any

from reconciler.access.compare import AccessChange
from reconciler.access.holders import PermissionHolder
from reconciler.access.values import Access, Holding, LiveGrant, Reason, Restricted, Right
from reconciler.catalog import Catalog
from reconciler.model.documents import Document
from reconciler.model.instants import format_instant


def access_document(access: Access, catalog: Catalog) -> Document:
    """Return `{organization, person, at, roles, permissions, scoped, restricted, grants}` and what goes with it.

    `held` says of each role where it is held and until when, `undescribed` and `unrecorded` what is not known.
    """
    return {
        "organization": access.organization,
        "person": access.person,
        "at": format_instant(access.at),
        "roles": list(access.roles),
        "held": [_holding(one) for one in access.held],
        "permissions": {permission: right_document(right) for permission, right in access.permissions.items()},
        "scoped": [{"scope": one.scope, "permission": one.permission, **right_document(one.right)} for one in access.scoped],
        "restricted": [_restricted(one, catalog) for one in access.restricted],
        "grants": [_grant(one) for one in access.grants],
        "undescribed": list(access.undescribed),
        "unrecorded": list(access.unrecorded),
    }


def change_document(change: AccessChange) -> Document:
    """Return `{organization, person, permission, before, after, because}`; `before` and `after` are words."""
    document: Document = {
        "organization": change.organization,
        "person": change.person,
        "permission": change.permission,
        "before": change.before.access.value,
        "after": change.after.access.value,
        "direction": change.direction.value,
        "because": [reason_document(reason) for reason in change.because],
        "no_longer": [reason_document(reason) for reason in change.no_longer],
    }
    for side, right in (("before", change.before), ("after", change.after)):
        document |= _present((f"{side}_at_least", right.at_least), (f"{side}_at_most", right.at_most))
    return document | _present(("scope", change.scope))


def holder_document(holder: PermissionHolder, right: Document | None = None) -> Document:
    """Return `{organization, person, access, because}`, with `scope` where it does not hold for the whole organization.

    *right* is what `right_document` says of the holder's, where it is known already: many people share one.
    """
    document = {"organization": holder.organization, "person": holder.person}
    if holder.scope is not None:
        document["scope"] = holder.scope
    return document | (right_document(holder.right) if right is None else right)


def right_document(right: Right) -> Document:
    """Return `{access, because}`, with `at_least` and `at_most` where they say something."""
    return {
        "access": right.access.value,
        **_present(("at_least", right.at_least), ("at_most", right.at_most)),
        "because": [reason_document(reason) for reason in right.because],
    }


def reason_document(reason: Reason) -> Document:
    """Return `{kind, access, …}`; of a cell its matrix, what is printed there, evidence, confidence, sources and note."""
    document = {
        "kind": reason.kind.value,
        "access": reason.access.value,
        **_present(("role", reason.role), ("held_in", reason.held_in), ("matrix", reason.matrix), ("column", reason.column)),
    }
    cell = reason.cell
    if cell is not None:
        document |= {"evidence": cell.evidence.value, **_present(("confidence", cell.confidence)), "sources": list(cell.sources)}
        document |= _present(("cell", cell.level if cell.level is not reason.access else None), ("note", cell.note), ("basis", cell.basis))
        document |= _present(("abilities", {name: level.value for name, level in cell.abilities.items()}))
    if reason.elevation is not None:
        document |= {"grant": reason.elevation.grant, "until": format_instant(reason.elevation.until)}
    return document | _present(("inferred", reason.inferred), ("settings", list(reason.settings)))


def _holding(one: Holding) -> Document:
    until = None if one.until is None else format_instant(one.until)
    return {"role": one.role, **_present(("scope", one.scope), ("held_in", one.held_in), ("grant", one.grant), ("until", until))}


def _restricted(one: Restricted, catalog: Catalog) -> Document:
    setting = catalog.restricted_settings[one.setting]
    return {
        "setting": one.setting,
        "label": setting.label,
        "view": setting.view,
        "effect": setting.effect,
        "reach": one.reach.value,
        "access": one.access.value,
        "permissions": list(one.permissions),
    }


def _grant(one: LiveGrant) -> Document:
    return {
        "name": one.name,
        "agent_type": one.agent_type,
        "reason": one.reason,
        **_present(("ticket", one.ticket), ("approved_by", one.approved_by)),
        "approved_at": format_instant(one.approved_at),
        "until": format_instant(one.until),
    }


def _present(*items: tuple[str, Any]) -> Document:
    return dict(_worth(items))


def _worth(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return ((key, value) for key, value in items if value is not None and value not in ([], {}))
