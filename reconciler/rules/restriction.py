"""Restricted administrator mode, as it is declared."""

from collections.abc import Iterator

from reconciler.rules.base import Context, Violation, listing
from reconciler.rules.subject import Subject


def restricted_mode_exemption(organization: Subject, context: Context) -> Iterator[Violation]:
    """Restricted administrator mode takes its whole list of settings away; no setting is exempt from it.

    Said once an organization: it is one fact, however many settings it is about.

    Source: 2y8qmt (stated: a fixed list, R130); that a partner may declare settings it leaves open is our choice (C15).
    Why: the declaration is a promise of the partner, which Control Hub does not know and does not keep.
    """
    mode = organization.settings.restricted_mode if organization.settings else None
    if mode is not None and mode.exempt:
        yield Violation(
            message=f"{organization.name} exempts {listing(sorted(mode.exempt))} from restricted mode, which Control Hub does not know",
            detail="Control Hub restricts its whole list while the mode is on; effective access shows these settings as declared open",
            hint="remove exempt, or open all settings with enabled: false",
            path=("spec", "restrictedMode", "exempt"),
        )
