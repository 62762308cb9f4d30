"""What GitLab shows beside a merge request: the counts of a plan, and findings as code quality."""

from typing import Final, TextIO

from reconciler.model.findings import Severity
from reconciler.model.results import Failure, FleetPlan, Result, Validation
from reconciler.model.writing import json_text
from reconciler.reports.located import Located, located
from reconciler.reports.style import Style
from reconciler.reports.visible import visible

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}
_NOWHERE: Final = "reconciler.yaml"
"""The widget needs a file. What is about no manifest is about how this repository is set up."""


def render_terraform(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write how much a plan adds, changes and removes; what ends by itself is removed here, because the widget knows three numbers.

    Raises:
        TypeError: *result* is no plan.
    """
    del exit_code, style
    if not isinstance(result, FleetPlan):
        raise TypeError(f"{type(result).__name__} has no form as a Terraform report")
    numbers = result.summary
    out.write(json_text({"create": numbers.create, "update": numbers.update, "delete": numbers.delete + numbers.expire}))


def render_codequality(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write every finding as an issue; no finding is an empty list, which closes the earlier ones.

    Raises:
        TypeError: *result* has no findings of manifests.
    """
    del exit_code, style
    if not isinstance(result, Validation | FleetPlan | Failure):
        raise TypeError(f"{type(result).__name__} has no form as code quality")
    out.write(json_text([_issue(one) for one in located(result)]))


def _issue(one: Located) -> dict[str, object]:
    return {
        "description": visible(one.finding.message),
        "check_name": visible(one.finding.rule),
        "fingerprint": one.fingerprint,
        "severity": "critical" if one.critical else _SEVERITIES[one.finding.severity],
        "location": {
            "path": visible(one.place.filename) if one.place else _NOWHERE,
            "lines": {"begin": one.place.start.line if one.place else 1},
        },
    }
