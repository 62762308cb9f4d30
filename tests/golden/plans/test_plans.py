"""Plans as a reviewer reads them, from manifests to text: who, what, where, since and until when, why, by whose word.

`NAME/declared.yaml` is planned over what `stored.yaml` left in the state a day before; its first line may name who answers for it, and
a `reconciler.yaml` beside it has its policy.
"""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from reconciler.applying import apply_plan
from reconciler.cli.configuration import read_configuration
from reconciler.model.results import FleetPlan
from reconciler.pipeline import Request, plan
from reconciler.reports import Style, render
from reconciler.targets import NoTarget
from tests.fakes.builders import CATALOG, DAY, NOW, a_run
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.golden.golden import assert_golden

HERE = Path(__file__).parent
NAMES = sorted(path.name for path in HERE.iterdir() if (path / "declared.yaml").is_file())
ACTOR = re.compile(r"# actor: (\S+)\n")


def planned(name: str, monkeypatch: pytest.MonkeyPatch) -> FleetPlan:
    monkeypatch.chdir(HERE / name)
    store = MemoryStore()
    first = plan(Request(catalog=CATALOG, paths=("stored.yaml",), actor="alice@acme.example"), store, NOW - DAY)
    run = a_run(target=NoTarget(), clock=FixedClock(NOW - DAY))
    apply_plan(first, store, replace(run, holder=replace(run.holder, operator="ci@runner")))
    actor = ACTOR.match(Path("declared.yaml").read_text(encoding="utf-8"))
    request = Request(catalog=CATALOG, paths=("declared.yaml",), actor=actor and actor[1], policy=read_configuration(None).policy)
    return plan(request, store, NOW)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("format_", "ending"), [("text", "txt"), ("json", "json")])
def test_a_plan_reads_as_it_did(name: str, format_: str, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(name, monkeypatch)
    out = io.StringIO()
    render(made, format_, out, exit_code=3 if made.refusals else 0, style=Style(width=120))
    assert_golden(f"plans/{name}/plan.{ending}", out.getvalue())


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_keeps_its_schema(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    render(planned(name, monkeypatch), "json", out, exit_code=0, style=Style())
    schema = json.loads((HERE.parents[2] / "schemas" / "plan.v1.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(json.loads(out.getvalue()))] == []
