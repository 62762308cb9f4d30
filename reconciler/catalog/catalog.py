"""Facts as frozen values. The data files are read once and checked while reading: a broken catalog is a bug, never a default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml

from reconciler.model.changes import Risk

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FULL_ADMINISTRATOR = "full-administrator"
"""The one role that code must know by name: an organization without a holder is locked out (article fs78p5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One administrator role.

    Attributes:
        scope: where it acts, such as `organization` or `site`.
        form: how it is held, such as `role`, `add-on` or `site-role`.
        declared: the manifest field that gives it (`roles` or `sites`), None when it is never declared.
        risk: what a mistake with it would cost (this product's judgement).
        sources: article ids.
    """

    id: str
    label: str
    scope: str
    form: str
    declared: str | None
    risk: Risk
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedSetting:
    """One setting that restricted administrator mode takes away; `effect` says how."""

    id: str
    view: str
    label: str
    effect: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All facts, by id.

    Attributes:
        request_lifetime: how long an undecided elevation request lives (nbhqds0).
        elevation_lifetime: how long a granted elevation gives access at most, from approval (nbhqds0).
    """

    roles: Mapping[str, Role]
    restricted_settings: Mapping[str, RestrictedSetting]
    request_lifetime: timedelta
    elevation_lifetime: timedelta

    def risk_of(self, role: str) -> Risk:
        """Return what a mistake with *role* would cost; an unknown role counts as the worst."""
        known = self.roles.get(role)
        return known.risk if known else Risk.HIGH


def _data(name: str) -> Any:
    text = resources.files("reconciler.catalog").joinpath("data", name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506, TID251 -- our own data files, with the safe loader


@cache
def load() -> Catalog:
    """Return the catalog, read once a process."""
    durations = _data("durations.yaml")["durations"]
    return Catalog(
        roles={
            role: Role(
                id=role,
                label=facts["label"],
                scope=facts["scope"],
                form=facts["form"],
                declared=facts["declared"],
                risk=Risk(facts["risk"]),
                sources=tuple(facts["sources"]),
            )
            for role, facts in _data("roles.yaml")["roles"].items()
        },
        restricted_settings={
            setting: RestrictedSetting(
                id=setting, view=facts["view"], label=facts["label"], effect=facts["effect"], sources=tuple(facts["sources"])
            )
            for setting, facts in _data("restricted-settings.yaml")["settings"].items()
        },
        request_lifetime=timedelta(seconds=durations["request"]["seconds"]),
        elevation_lifetime=timedelta(seconds=durations["elevation"]["seconds"]),
    )
