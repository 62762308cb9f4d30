"""Risk: how much a mistake in a change would cost, from what it gives and takes."""

from reconciler.catalog import Catalog
from reconciler.model.changes import Action, Change, Reason, Risk
from reconciler.model.documents import Document
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT

_WEIGHT = {Risk.LOW: 0, Risk.MEDIUM: 1, Risk.HIGH: 2}
_SENSITIVE_SETTINGS = ("type", "managed_by", "restricted_mode", "support")


def risk_of(change: Change, catalog: Catalog) -> Risk:
    """Return the risk of *change*: of the roles it gives or takes for a person, of the settings it touches for an organization."""
    if change.reason is Reason.EXPIRED or (change.type == ELEVATION_GRANT and change.action is Action.DELETE):
        return Risk.LOW
    if change.type == ELEVATION_GRANT:
        return Risk.HIGH if change.after and "expires_at" in change.after and change.reason is not Reason.REVOKED else Risk.LOW
    if change.type == ADMINISTRATOR:
        return _of_person(change, catalog)
    if change.action is not Action.UPDATE:
        return Risk.MEDIUM
    return Risk.HIGH if any(field.path.split(".")[0] in _SENSITIVE_SETTINGS for field in change.fields) else Risk.LOW


def _of_person(change: Change, catalog: Catalog) -> Risk:
    touched = _held(change.before) ^ _held(change.after)
    risks = [catalog.risk_of(role) for role in touched]
    if change.action is Action.UPDATE and _terms(change.before) != _terms(change.after):
        # Where or how long somebody holds what they hold: as much as the roles themselves.
        risks += [catalog.risk_of(role) for role in _held(change.after)]
    return max(risks, key=_WEIGHT.__getitem__, default=Risk.LOW)


def _held(document: Document | None) -> frozenset[str]:
    if document is None:
        return frozenset()
    sites = document.get("sites", {}).values()
    switches = {"meeting-content-manager" for held in sites if held.get("meeting_content_manager")}
    return frozenset(document["roles"]) | {held["role"] for held in sites if "role" in held} | switches


def _terms(document: Document | None) -> Document:
    return {key: value for key, value in (document or {}).items() if key in {"sites", "locations", "customers", "home", "expires_at"}}
