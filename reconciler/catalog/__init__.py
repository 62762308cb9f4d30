"""The facts of the domain, read from the data files beside this module into frozen values.

Belongs here: reading and typing facts. The facts themselves stand in `data/`, each with its source.
Does not belong here: rules, access calculation, anything about manifests. May know: yaml.
`matrix` and `statements` are imported by their own names: most commands need neither.
"""

from reconciler.catalog.catalog import FULL_ADMINISTRATOR, AccountKind, AgentKind, Catalog, load, matrices
from reconciler.catalog.roles import ANY, Assigner, Column, Exclusion, Limit, Prerequisite, Role, Stated
from reconciler.catalog.settings import Cap, RestrictedSetting
from reconciler.catalog.words import Confidence, Evidence, Holder, Level, Origin, Permitted
from reconciler.model.sources import Source

__all__ = [
    "ANY",
    "FULL_ADMINISTRATOR",
    "AccountKind",
    "AgentKind",
    "Assigner",
    "Cap",
    "Catalog",
    "Column",
    "Confidence",
    "Evidence",
    "Exclusion",
    "Holder",
    "Level",
    "Limit",
    "Origin",
    "Permitted",
    "Prerequisite",
    "RestrictedSetting",
    "Role",
    "Source",
    "Stated",
    "load",
    "matrices",
]
