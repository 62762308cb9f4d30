"""Several answers to one question: within one matrix, and over several."""

from collections.abc import Sequence

from reconciler.access.values import NOTHING, STRENGTH, Reason, Right
from reconciler.catalog import Level


def combined(reasons: Sequence[Reason]) -> Right:
    """Return what the reasons of one matrix give together: the widest of them; roles add up.

    Where it is not full already, one unknown makes the whole unknown, and what is known stays as `at_least`. `not-applicable` gives
    nothing and stays as a reason.
    Source: fs78p5 (several roles at once; that they add up is inferred).
    """
    if not reasons:
        return NOTHING
    levels = [Level.NONE if reason.access is Level.NOT_APPLICABLE else reason.access for reason in reasons]
    known = max((level for level in levels if level is not Level.UNKNOWN), key=STRENGTH.__getitem__, default=Level.NONE)
    if known is not Level.FULL and Level.UNKNOWN in levels:
        return Right(access=Level.UNKNOWN, because=tuple(reasons), at_least=None if known is Level.NONE else known)
    return Right(access=known, because=tuple(reasons))


def widest(rights: Sequence[Right]) -> Right:
    """Return the greatest of the answers that several matrices give, in the order full, conditional, read, unknown, none.

    The reasons are those of all matrices: what is not the greatest is still held.
    """
    if len(rights) == 1:
        return rights[0]
    best = max(rights, key=lambda right: (STRENGTH[right.access], right.at_most is None, STRENGTH[right.at_least or Level.NONE]))
    because = tuple(reason for right in rights for reason in right.because)
    return Right(access=best.access, because=because, at_least=best.at_least, at_most=best.at_most)
