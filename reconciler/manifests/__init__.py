"""Manifests: from files to validated organizations, every finding with its place.

Belongs here: reading files, YAML, the JSON Schemas, building the model from documents, and finding places in files again.
Does not belong here: domain rules (`rules`; those that a document must keep to be read at all are asked here), stored state, reports,
the clock.
What only some commands need is not loaded here: `base`, `grant_files`, `schemas` and `settings` are imported by their own names.
May know: yaml (events only), jsonschema in `refusals`, jsonschema-rs in `schema` and git in `git` alone.
"""

from reconciler.manifests.checks import GrantDurations, read_instant
from reconciler.manifests.claims import claimed_former, claimed_site, former_claim, site_claim
from reconciler.manifests.events import WITH_LIBYAML
from reconciler.manifests.files import Discovery, ReadFile, Source, Survey, discover, survey
from reconciler.manifests.fleet import Manifests, Unread
from reconciler.manifests.judge import judge_values
from reconciler.manifests.read import read

__all__ = [
    "WITH_LIBYAML",
    "Discovery",
    "GrantDurations",
    "Manifests",
    "ReadFile",
    "Source",
    "Survey",
    "Unread",
    "claimed_former",
    "claimed_site",
    "discover",
    "former_claim",
    "judge_values",
    "read",
    "read_instant",
    "site_claim",
    "survey",
]
