"""An organization keeps somebody who can administer it."""

from collections.abc import Iterator

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.model.resources import Administrator
from reconciler.rules.base import Context, Violation
from reconciler.rules.subject import Subject

_HINT = "give somebody full-administrator without expiresAt"


def standing_full_administrator(person: Administrator) -> bool:
    """Tell whether *person* holds full administrator by a right that does not end."""
    return FULL_ADMINISTRATOR in person.roles and person.expires_at is None


def no_full_administrator(organization: Subject, context: Context) -> Iterator[Violation]:
    """A declared list of administrators has at least one full administrator without an end.

    Source: fs78p5 (stated: more than one is recommended); that none is refused is our choice (inferred).
    Why: without one nobody can let anybody in again; people from outside count, access with an end does not.
    """
    if organization.administrators is None:
        return
    if any(map(standing_full_administrator, organization.people)):
        return
    ending = [person.email for person in organization.people if FULL_ADMINISTRATOR in person.roles]
    yield Violation(
        message=f"{organization.name} declares no full administrator without an end",
        detail=f"{', '.join(ending)} will lose the role at expiresAt" if ending else "nobody in the list holds full-administrator",
        hint=_HINT,
        path=("spec", "administrators"),
    )


def few_full_administrators(organization: Subject, context: Context) -> Iterator[Violation]:
    """An organization has at least two full administrators without an end.

    Source: fs78p5 (stated, R042): more than one, so that one is available.
    Why: one person can leave, lose a phone, or be on holiday.
    """
    if organization.administrators is None:
        return
    holders = [person for person in organization.holding({FULL_ADMINISTRATOR}) if standing_full_administrator(person)]
    if len(holders) == 1:
        yield Violation(
            message=f"{holders[0].email} is the only full administrator of {organization.name}",
            detail="two or more are recommended, so that one is always available",
            hint=_HINT,
            path=("spec", "administrators"),
        )
