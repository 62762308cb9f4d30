"""Policy: what the owner of the manifests may tune in `reconciler.yaml`, and the safety limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLimit:
    """More than `people` removals are refused when they are also more than `percent` of at least `minimum` people."""

    people: int
    percent: int
    minimum: int


ORGANIZATION_LIMIT = RemovalLimit(people=5, percent=30, minimum=10)
OVERALL_LIMIT = RemovalLimit(people=50, percent=10, minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `policy` in `reconciler.yaml` says.

    Attributes:
        severities: rule id to the severity it has here; None switches the rule off.
    """

    severities: Mapping[str, Severity | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgements:
    """What was typed for this one run.

    Attributes:
        removals: organization (or `all`) to the exact number of removals that is meant.
        prune: organizations to forget.
    """

    removals: Mapping[str, int] = field(default_factory=dict)
    prune: frozenset[str] = frozenset()
