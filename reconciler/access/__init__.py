"""Effective access: role rights, minus restrictions, plus live grants, with the reason for every cell.

Belongs here: the calculation over catalog and model. Does not belong here: input, output, the clock, rules.
"""

from reconciler.access.codec import access_document, change_document, holder_document, reason_document, right_document
from reconciler.access.compare import AccessChange, Direction, diff_access
from reconciler.access.customers import EVERY_CUSTOMER, diff_over_customers
from reconciler.access.effective import effective, effective_if_any, everybody, people_with_access, staff_over_customers, unrecorded
from reconciler.access.holders import PermissionHolder, WhoCan, who_can
from reconciler.access.search import Search
from reconciler.access.values import (
    Access,
    Elevation,
    Holding,
    Kind,
    LiveGrant,
    Reach,
    Reason,
    Restricted,
    Right,
    Scoped,
)
from reconciler.access.words import sentence

__all__ = [
    "EVERY_CUSTOMER",
    "Access",
    "AccessChange",
    "Direction",
    "Elevation",
    "Holding",
    "Kind",
    "LiveGrant",
    "PermissionHolder",
    "Reach",
    "Reason",
    "Restricted",
    "Right",
    "Scoped",
    "Search",
    "WhoCan",
    "access_document",
    "change_document",
    "diff_access",
    "diff_over_customers",
    "effective",
    "effective_if_any",
    "everybody",
    "holder_document",
    "people_with_access",
    "reason_document",
    "right_document",
    "sentence",
    "staff_over_customers",
    "unrecorded",
    "who_can",
]
