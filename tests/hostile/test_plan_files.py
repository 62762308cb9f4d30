"""Whoever can write to a saved plan: damage is refused before anything, and a forgery in which every digest fits gains nothing."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.plans import read_plan_file
from reconciler.model.errors import PlanError
from reconciler.pipeline import load_plan
from reconciler.planning.codec import write_plan
from tests.fakes.builders import ALICE, BOB, a_fleet, a_plan, an_organization
from tests.hostile.inside import folder, run
from tests.hostile.mutating import ROOT, mutated
from tools.fuzz_targets import sealed

STATE = Path(".reconciler/state.db")
PLAN = "plan.json"
FEWER = settings(max_examples=settings().max_examples // 2)


class Prepared:
    """A folder with a state and a saved plan of a few changes; no value, as Hypothesis shows values.

    Attributes:
        state: the bytes of the state before the plan.
        plan: the bytes of the plan.
        after: the stored organizations after it was applied.
    """

    def __init__(self, path: Path, state: bytes, plan: bytes, after: list[Any]) -> None:
        self.path = path
        self.state = state
        self.plan = plan
        self.after = after


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    path = tmp_path_factory.mktemp("plan")
    shutil.copytree(ROOT / "examples" / "northwind", path / "organizations")
    with folder(path):
        assert run("apply", "organizations", "--auto-approve").code == 0
        state = STATE.read_bytes()
        manifest = path / "organizations" / "acme-health.yaml"
        manifest.write_text(manifest.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
        assert run("plan", "organizations", "--out", PLAN).code == 0
        plan = Path(PLAN).read_bytes()
        assert run("apply", PLAN).code == 0
        yield Prepared(path, state, plan, stored())


def stored() -> list[Any]:
    """Return what is stored of every organization, and who holds a lock."""
    with closing(sqlite3.connect(STATE)) as raw:
        organizations = raw.execute("SELECT name, serial, digest, body, next_end FROM organizations ORDER BY name").fetchall()
        return [*organizations, raw.execute("SELECT count(*) FROM locks").fetchall()]


def attempt(prepared: Prepared, plan: bytes) -> int:
    """Show and apply a plan; return the code of apply. A plan that is refused leaves everything as it was, and the locks free."""
    STATE.write_bytes(prepared.state)
    before = stored()
    Path(PLAN).write_bytes(plan)
    shown = run("show", PLAN)
    assert shown.code in {0, 4}, shown
    assert run("show", PLAN, "--format", "json").code == shown.code
    assert STATE.read_bytes() == prepared.state
    applied = run("apply", PLAN)
    assert applied.code in {0, 3, 4}, applied
    if shown.code == 4:
        assert (applied.code, STATE.read_bytes()) == (4, prepared.state)
    if applied.code != 0:
        assert stored() == before
        assert run("apply", "organizations", "--auto-approve").code == 0  # another run locks at once
    return applied.code


def test_the_plan_as_it_was_saved_is_performed(prepared: Prepared) -> None:
    with folder(prepared.path):
        assert attempt(prepared, prepared.plan) == 0
        assert stored() == prepared.after
        forger = json.dumps(sealed(json.loads(prepared.plan))).encode()
        assert attempt(prepared, forger) == 0  # whoever forges nothing is refused nothing: the seals below are as ours
        assert stored() == prepared.after


def test_every_flipped_bit_of_a_small_plan_is_refused(tmp_path: Path) -> None:
    out = StringIO()
    write_plan(a_fleet([a_plan(an_organization(ALICE, BOB), an_organization(ALICE))]), out, exit_code=None)
    data, path = bytearray(out.getvalue().encode()), tmp_path / "flipped.json"
    load_plan(data.decode())
    for at in range(len(data)):
        for bit in range(8):
            data[at] ^= 1 << bit
            text = data.decode() if data[at] < 0x80 else None
            if text is None:
                path.write_bytes(data)
            with pytest.raises(PlanError):
                load_plan(read_plan_file(str(path)) if text is None else text)
            data[at] ^= 1 << bit


def says_the_same(damaged: bytes, plan: bytes) -> bool:
    """Tell whether nothing but white space was damaged."""
    try:
        return bool(json.loads(damaged) == json.loads(plan))
    except ValueError:
        return False


@FEWER
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7), st.integers(1, 40))
def test_damage_is_refused_by_every_command_that_takes_a_plan(prepared: Prepared, part: float, bit: int, length: int) -> None:
    at = int(part * len(prepared.plan))
    flipped = bytearray(prepared.plan)
    flipped[at] ^= 1 << bit
    with folder(prepared.path):
        for damaged in (bytes(flipped), prepared.plan[:at], prepared.plan[:at] + prepared.plan[at + length :]):
            assert says_the_same(damaged, prepared.plan) or attempt(prepared, damaged) == 4


@FEWER
@given(st.data())
def test_a_forged_plan_in_which_every_digest_fits_gains_nothing(prepared: Prepared, data: st.DataObject) -> None:
    honest = json.loads(prepared.plan)
    with folder(prepared.path):
        forged = data.draw(mutated(honest))
        plan = json.dumps(sealed(forged) if isinstance(forged, dict) else forged).encode()
        if attempt(prepared, plan) == 0 and stored() != prepared.after:
            # Left to the forger: to take changes out of the plan.
            names = {change["address"] for change in forged["resource_changes"]}
            assert names < {change["address"] for change in honest["resource_changes"]}


FORGERIES: dict[str, Any] = {
    "another organization": lambda plan: plan["resource_changes"][0].update(organization="globex-retail"),
    "an organization that nobody knows": lambda plan: plan["resource_changes"][0].update(organization="initech"),
    "another lineage": lambda plan: plan["prior_state"].update(lineage="00000000-0000-4000-8000-000000000009"),
    "no lineage": lambda plan: plan["prior_state"].update(lineage=None),
    "a serial to come": lambda plan: plan["prior_state"]["serials"].update({"acme-health": 9}),
    "no serial": lambda plan: plan["prior_state"].update(serials={}),
    "an end long ago": lambda plan: plan.update(valid_until="2020-01-01T00:00:00Z"),
    "another person": lambda plan: plan["resource_changes"][0].update(name="mallory@evil.example"),
    "another role": lambda plan: plan["resource_changes"][0]["change"]["after"].update(roles=["full-administrator"]),
    "an unknown role": lambda plan: plan["resource_changes"][0]["change"]["after"].update(roles=["emperor"]),
    "no roles": lambda plan: plan["resource_changes"][0]["change"]["after"].update(roles=[]),
    "an end that cannot be read": lambda plan: plan["resource_changes"][0]["change"]["after"].update(expires_at="never"),
    "a pickle": lambda plan: plan["resource_changes"][0]["change"]["after"].update({"py/object": "os.system"}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_refused_and_leaves_everything_as_it_was(prepared: Prepared, forgery: str) -> None:
    document = json.loads(prepared.plan)
    FORGERIES[forgery](document)
    with folder(prepared.path):
        assert attempt(prepared, json.dumps(sealed(document)).encode()) == 4


def test_a_plan_that_outlives_its_end_by_forgery_is_judged_by_the_state(prepared: Prepared) -> None:
    """The end in the file is for whoever reads it; what has started or ended since is looked up in what is stored."""
    document = json.loads(prepared.plan)
    document["valid_until"] = "9999-12-31T23:59:59Z"
    with folder(prepared.path):
        attempt(prepared, json.dumps(sealed(document)).encode())
        assert stored() == prepared.after


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "NaN", '{"kind": "plan"}', "[" * 100_000, '{"a":' * 50_000, "9" * 5000, "\ufeff{}"]
)
def test_what_is_no_plan_is_refused(prepared: Prepared, text: str) -> None:
    with folder(prepared.path):
        assert attempt(prepared, text.encode()) == 4
