"""Restricted settings: what restricted administrator mode takes away, and which permissions that touches."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.catalog.reading import Facts, only, sources_of, word
from reconciler.catalog.words import Confidence, Level

_LEFT = {"unavailable": Level.NONE, "hidden": Level.NONE, "disabled": Level.NONE, "not-editable": Level.READ, "read-only": Level.READ}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A permission that a restricted setting is a part of; the mapping is always inferred.

    Attributes:
        active: False where it is not established that the mode reaches the holders of that matrix.
    """

    matrix: str
    permission: str
    confidence: Confidence
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedSetting:
    """One setting that restricted administrator mode takes away.

    Attributes:
        effect: how: `unavailable`, `hidden`, `disabled`, `not-editable` or `read-only`.
        capped_access: what is left of it at most: none or read.
        caps: empty when the setting stands in no row of any matrix.
        field: the field under `spec` of a manifest that declares it; None when a manifest cannot.
        later: what a newer text says that is not followed.
    """

    id: str
    view: str
    label: str
    effect: str
    capped_access: Level
    caps: tuple[Cap, ...]
    sources: tuple[str, ...]
    field: str | None = None
    later: str | None = None


def read_settings(facts: Facts, sources: Iterable[str]) -> dict[str, RestrictedSetting]:
    """Return all restricted settings, by id, in the order of the file."""
    return {setting: _setting(setting, one, sources) for setting, one in facts["settings"].items()}


def _setting(setting: str, facts: Facts, sources: Iterable[str]) -> RestrictedSetting:
    place = f"restricted setting {setting}"
    only(facts, ("view", "label", "effect", "capped_access", "caps", "sources", "field", "later"), place)
    left = word(Level, facts["capped_access"], place)
    if _LEFT.get(facts["effect"]) is not left:
        raise ValueError(f"{place}: {facts['effect']!r} does not leave {left.value!r}")
    return RestrictedSetting(
        id=setting,
        view=facts["view"],
        label=facts["label"],
        effect=facts["effect"],
        capped_access=left,
        caps=tuple(_cap(one, place) for one in facts.get("caps", ())),
        sources=sources_of(facts, sources, place),
        field=facts.get("field"),
        later=facts.get("later"),
    )


def _cap(facts: Facts, place: str) -> Cap:
    only(facts, ("matrix", "permission", "confidence", "active"), place)
    confidence = word(Confidence, facts["confidence"], place)
    return Cap(matrix=facts["matrix"], permission=facts["permission"], confidence=confidence, active=facts["active"])
