"""Restricted administrator mode: what it takes from whom. It caps single settings, and so makes a permission conditional at most.

Source: 2y8qmt (the list, its effects, and that it is subtracted from the rights of customer administrators; stated); which permission a
setting belongs to is inferred throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reconciler.access.values import STRENGTH, Kind, Reach, Reason, Restricted, Right
from reconciler.catalog import Cap, Catalog, Level, RestrictedSetting

Caps = Mapping[tuple[str, str], tuple[tuple[RestrictedSetting, Cap], ...]]
"""Matrix and permission to the settings that are part of it."""

_UNCAPPABLE = frozenset({Level.NONE, Level.UNKNOWN})
"""Where the roles give this, a cap changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Restricted mode as it meets one kind of person: `certain` for people of the customer, not for anybody else."""

    exempt: frozenset[str]
    certain: bool


@lru_cache(maxsize=4)
def caps_of(catalog: Catalog) -> Caps:
    """Return every mapping of a setting to a permission."""
    found: dict[tuple[str, str], list[tuple[RestrictedSetting, Cap]]] = {}
    for setting in catalog.restricted_settings.values():
        for cap in setting.caps:
            found.setdefault((cap.matrix, cap.permission), []).append((setting, cap))
    return {key: tuple(caps) for key, caps in found.items()}


def restricted(right: Right, matrix: str, permission: str, restriction: Restriction, catalog: Catalog) -> Right:
    """Return *right* with restricted mode subtracted, or with a flag where nothing says that the mode reaches the person."""
    if right.access in _UNCAPPABLE:
        return right
    caps = caps_of(catalog).get((matrix, permission), ())
    if restriction.certain:
        return _capped(right, caps, restriction.exempt)
    settings = tuple(setting.id for setting, _ in caps if setting.id not in restriction.exempt)
    flag = Reason(kind=Kind.CAP_UNKNOWN, access=Level.UNKNOWN, matrix=matrix, settings=settings)
    return Right(access=right.access, because=(*right.because, flag), at_most=right.at_most)


def _capped(right: Right, caps: tuple[tuple[RestrictedSetting, Cap], ...], exempt: frozenset[str]) -> Right:
    """A permission with a lowered setting is conditional; it never drops as a whole, because single settings are taken."""
    touched = [setting for setting, cap in caps if cap.active and STRENGTH[setting.capped_access] < STRENGTH[right.at_most or right.access]]
    if not touched:
        return right
    reasons = tuple(
        Reason(kind=Kind.LEFT_OPEN, access=right.access, settings=(setting.id,))
        if setting.id in exempt
        else Reason(kind=Kind.RESTRICTION, access=setting.capped_access, settings=(setting.id,))
        for setting in touched
    )
    because = right.because + reasons
    if all(setting.id in exempt for setting in touched):
        return Right(access=right.access, because=because, at_most=right.at_most)
    # Part of reading is less than reading, though the word stands above it.
    return Right(access=Level.CONDITIONAL, because=because, at_most=Level.READ if right.access is Level.READ else right.at_most)


def lines(rights: Mapping[str, Right], matrix: str, restriction: Restriction, catalog: Catalog) -> tuple[Restricted, ...]:
    """Return one line for each restricted setting; *rights* are those of the person before the restriction.

    Settings without a row (of Calling and Services) are known to be taken away, though not what the roles would have given.
    """
    return tuple(_line(setting, rights, matrix, restriction) for setting in catalog.restricted_settings.values())


def _line(setting: RestrictedSetting, rights: Mapping[str, Right], matrix: str, restriction: Restriction) -> Restricted:
    permissions = tuple(cap.permission for cap in setting.caps if cap.matrix == matrix and cap.permission in rights)
    given = max((rights[permission].access for permission in permissions), key=STRENGTH.__getitem__, default=Level.UNKNOWN)
    if setting.id in restriction.exempt:
        return Restricted(setting=setting.id, reach=Reach.LEFT_OPEN, access=given, permissions=permissions)
    if not restriction.certain:
        return Restricted(setting=setting.id, reach=Reach.UNKNOWN, access=given, permissions=permissions)
    lower = given
    if setting.capped_access is Level.NONE or (given is not Level.UNKNOWN and STRENGTH[given] > STRENGTH[setting.capped_access]):
        lower = setting.capped_access
    return Restricted(setting=setting.id, reach=Reach.CAPPED, access=lower, permissions=permissions)
