"""The facts of the domain, read from the data files beside this module into frozen values.

Belongs here: reading and typing facts. The facts themselves stand in `data/`, each with its source.
Does not belong here: rules, access calculation, anything about manifests. May know: yaml.
"""

from reconciler.catalog.catalog import FULL_ADMINISTRATOR, AccountKind, AgentKind, Catalog, load, matrices
from reconciler.catalog.matrix import Cell, Matrices, Matrix, Row
from reconciler.catalog.roles import ANY, Assigner, Column, Exclusion, Limit, Prerequisite, Role, Stated
from reconciler.catalog.settings import Cap, RestrictedSetting
from reconciler.catalog.words import Confidence, Evidence, Holder, Level, Origin, Permitted
from reconciler.model.rulebook import Source

__all__ = [
    "ANY",
    "FULL_ADMINISTRATOR",
    "AccountKind",
    "AgentKind",
    "Assigner",
    "Cap",
    "Catalog",
    "Cell",
    "Column",
    "Confidence",
    "Evidence",
    "Exclusion",
    "Holder",
    "Level",
    "Limit",
    "Matrices",
    "Matrix",
    "Origin",
    "Permitted",
    "Prerequisite",
    "RestrictedSetting",
    "Role",
    "Row",
    "Source",
    "Stated",
    "load",
    "matrices",
]
