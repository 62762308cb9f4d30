"""The metrics of a sweep, read back by somebody else's parser."""

from collections.abc import Callable, Iterable
from io import StringIO
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reconciler.model.results import Application, Counts, Swept
from reconciler.reports.metrics import write_metrics
from tests.fakes.builders import DAY, HOUR, NOW

PARSE: Callable[[str], Iterable[Any]] = text_string_to_metric_families


def gauges(**fields: Any) -> dict[str, float]:
    application = Application(
        operation="sweep",
        plan_hash="sha256:0",
        run=None,
        repeated=False,
        target="none",
        location="memory:",
        outcomes=lambda: iter(()),
        counts=fields.pop("counts", Counts()),
        interrupted=fields.pop("interrupted", None),
        largest_lateness=fields.pop("largest_lateness", None),
    )
    facts: dict[str, Any] = {"at": NOW, "failed": 0, "only_locked": False, "overdue": (0, None), "next_end": None}
    out = StringIO()
    write_metrics(Swept(application=application, **(facts | fields)), out)
    families = list(PARSE(out.getvalue()))
    assert out.getvalue().endswith("\n# EOF\n")
    assert all(family.documentation and family.type == "gauge" for family in families)
    assert {family.unit for family in families if family.name.endswith("_seconds")} == {"seconds"}
    samples = [sample for family in families for sample in family.samples]
    assert all(sample.name.startswith("reconciler_") and not sample.labels for sample in samples)
    return {sample.name.removeprefix("reconciler_"): sample.value for sample in samples}


def test_nothing_was_due_and_nothing_ends() -> None:
    assert gauges() == {
        "sweep_ended": 0,
        "sweep_failed": 0,
        "sweep_lateness_seconds": 0,
        "overdue_organizations": 0,
        "overdue_seconds": 0,
        "sweep_completion_timestamp_seconds": NOW.timestamp(),
    }


def test_some_ended_and_some_did_not() -> None:
    found = gauges(counts=Counts(expire=3, failed=1), failed=2, overdue=(2, NOW - 3 * DAY), next_end=NOW + HOUR, largest_lateness=37)
    assert found == {
        "sweep_ended": 3,
        "sweep_failed": 2,
        "sweep_lateness_seconds": 37,
        "overdue_organizations": 2,
        "overdue_seconds": 3 * 86400,
        "next_end_seconds": 3600,
        "next_end_timestamp_seconds": (NOW + HOUR).timestamp(),
        "sweep_completion_timestamp_seconds": NOW.timestamp(),
    }


@pytest.mark.parametrize(
    ("fields", "missing"), [({"interrupted": 15}, "sweep_completion_timestamp_seconds"), ({"overdue": None}, "overdue_seconds")]
)
def test_what_is_not_known_is_left_out(fields: dict[str, Any], missing: str) -> None:
    assert missing not in gauges(**fields)
