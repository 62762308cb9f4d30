"""The facts of the domain, read from the data files beside this module into frozen values.

Belongs here: reading and typing facts. The facts themselves stand in `data/`, each with its source.
Does not belong here: rules, access calculation, anything about manifests. May know: yaml.
"""

from reconciler.catalog.catalog import FULL_ADMINISTRATOR, Catalog, RestrictedSetting, Role, load

__all__ = ["FULL_ADMINISTRATOR", "Catalog", "RestrictedSetting", "Role", "load"]
