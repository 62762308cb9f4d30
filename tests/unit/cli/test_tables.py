"""What the command line writes down a second time, so that it starts quickly, agrees with the first; every failure has its exit code."""

import inspect
import json
import re

import pytest

from reconciler.cli import exits
from reconciler.cli.commands.grant import AGENT_TYPES
from reconciler.cli.commands.schema import schema
from reconciler.cli.options import EVERY, FORMATS, PLANS, RUNS, SHEETS, TARGETS, VALIDATION
from reconciler.manifests.schemas import find_schema, schema_names, schema_text
from reconciler.model import errors
from reconciler.model.results import Result
from reconciler.reports import FORMATS as RENDERERS
from reconciler.reports import formats_of
from reconciler.targets import TARGETS as BUILT

FAILURES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ReconcilerError)]
KINDS = (
    *("Organization", "ElevationGrant", "configuration"),
    *(
        "validation",
        "plan",
        "apply",
        "sweep",
        "drift",
        "state",
        "organizations",
        "history",
        "verification",
        "access",
        "copy",
        "migration",
        "accesses",
        "who-can",
        "rules",
        "rule",
        "statement",
        "init",
        "attestation",
        "grant",
        "grants",
        "unlock",
        "error",
    ),
)
CODES = {
    "ExpiredPlanError": 4,
    "LockedError": 5,
    "RefusedError": 3,
    "StalePlanError": 4,
    "TamperedPlanError": 4,
    "UnreadablePlanError": 4,
    "UsageError": 64,
}
"""All others end with 1."""


def test_formats_and_targets_are_those_there_are() -> None:
    assert tuple(RENDERERS) == EVERY
    assert {kind.__name__: formats_of(kind) for kind in Result.__args__ if formats_of(kind) != FORMATS} == {
        "Accesses": SHEETS,
        "PermissionHolders": SHEETS,
        "Validation": VALIDATION,
        "FleetPlan": PLANS,
        "Application": RUNS,
        "Drift": RUNS,
        "Failure": VALIDATION,
    }
    assert tuple(BUILT) == TARGETS


def test_agents_are_those_of_the_schema() -> None:
    spec = json.loads(schema_text("elevation-grant.v1"))["properties"]["spec"]["properties"]
    assert tuple(spec["agent"]["properties"]["type"]["enum"]) == AGENT_TYPES


def test_the_help_of_schema_names_every_kind() -> None:
    listed = re.findall(r"[\w-]+", (schema.help or "").partition("Examples")[0])
    assert {find_schema(kind) for kind in KINDS} == set(schema_names())
    assert set(KINDS) <= set(listed)


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__name__)
def test_every_failure_has_its_exit_code(kind: type[errors.ReconcilerError]) -> None:
    if issubclass(kind, errors.InterruptedRunError):
        assert [exits.code_of(kind("x", signal_number=number)) for number in (2, 15)] == [130, 143]
    elif issubclass(kind, errors.TargetError):
        assert exits.code_of(kind("x", retryable=True)) == 1
    else:
        assert exits.code_of(kind("x")) == CODES.get(kind.__name__, 1)
