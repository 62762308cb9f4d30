"""The story of a repository: from the first apply over edits, removals and mistakes to leaving."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.cli.holding import held
from tests.cli.running import MANIFESTS, ROOT, TWO, Place

EXAMPLES = ROOT / "examples" / "northwind"


def test_the_examples_are_applied_then_edited_and_a_typing_error_has_its_place(place: Place) -> None:
    shutil.copytree(EXAMPLES, place.folder / MANIFESTS)
    applied = place.ok("apply", MANIFESTS, "--auto-approve", "--actor", "petra.voss@northwind.example")
    assert "Apply: 25 added, 0 changed, 0 removed, 0 expired, 0 failed, 0 skipped." in applied
    assert applied.endswith("Nothing was changed in Control Hub (target: none).\n")
    assert "No changes." in place.ok("plan", MANIFESTS, "--detailed-exitcode").splitlines()
    manifest = place.folder / MANIFESTS / "acme-health.yaml"
    text = manifest.read_text()

    manifest.write_text(text.replace("roles: [compliance-officer]", "roles: [device-administrator]"))
    (change,) = place.json("plan", MANIFESTS).document["resource_changes"]
    assert (change["change"]["actions"], change["reason"]) == (["update"], "declared")
    assert change["fields"] == [{"path": "roles", "before": ["compliance-officer"], "after": ["device-administrator"]}]
    shown = place.ok("plan", MANIFESTS)
    assert "~ administrator" in shown
    assert "roles: compliance-officer -> device-administrator" in shown
    assert "Plan: 0 to add, 1 to change, 0 to remove, 0 to expire." in shown

    lines = text.splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "jana.horakova" in line)
    manifest.write_text("".join(lines[:at] + lines[at + 3 :]))
    (removal,) = place.json("plan", MANIFESTS).document["resource_changes"]
    assert removal["address"] == "acme-health/administrator/jana.horakova@acme-health.example"
    assert (removal["change"]["actions"], removal["reason"]) == (["delete"], "omitted")
    assert f"omitted: no longer listed in {MANIFESTS}/acme-health.yaml" in place.ok("plan", MANIFESTS)

    manifest.write_text(text.replace("compliance-officer", "complience-officer"))
    done = place.run("plan", MANIFESTS)
    line = next(number for number, text in enumerate(manifest.read_text().splitlines(), 1) if "complience-officer" in text)
    assert (done.code, done.failure.startswith(f"{MANIFESTS}/acme-health.yaml:{line}:15: error: ")) == (1, True)
    assert "did you mean compliance-officer?" in done.err


def test_a_repository_starts_with_init_which_overwrites_nothing(place: Place) -> None:
    said = place.ok("init", "webex")
    there = Place(place.folder / "webex")
    assert "webex" in said
    assert there.ok("validate").startswith("Valid")
    assert "Plan: " in there.ok("plan")
    assert there.json("apply", "--auto-approve").code == 0
    assert there.json("plan", "--detailed-exitcode").code == 0
    before = there.everything()
    for arguments, folder in ((["init"], there), (["init", "webex"], place)):
        refused = folder.run(*arguments)
        assert refused.code == 1
        assert "nothing was written; existing: " in refused.failure
    assert there.everything() == before
    # One file that is in the way is enough, and none of the others is written.
    (place.folder / "half").mkdir()
    (place.folder / "half" / "reconciler.yaml").write_text("mine")
    assert place.json("init", "half").code == 1
    assert [entry.name for entry in (place.folder / "half").iterdir()] == ["reconciler.yaml"]


def test_an_organization_is_forgotten_and_comes_back(applied: Place) -> None:
    (applied.folder / MANIFESTS / "acme.yaml").unlink()
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0  # no manifest names it: it stays as it is
    forgotten = applied.ok("state", "forget", "acme")
    assert "nobody's access changed" in forgotten
    assert "acme" not in {entry["name"] for entry in applied.json("show").document["organizations"]}
    again = applied.run("state", "forget", "acme")
    assert (again.code, "no organization acme is stored" in again.failure) == (1, True)
    applied.declare("acme", *TWO)
    assert applied.apply()["summary"]["create"] == 3
    history = applied.json("history", "acme").document["entries"]
    assert [entry["seq"] for entry in history] == list(range(1, len(history) + 1))
    assert {entry["operation"] for entry in history} == {"apply", "forget"}
    assert applied.json("show", "acme").document["serial"] == 3
    assert applied.json("verify").code == 0


def test_prune_forgets_what_no_manifest_declares_and_only_that(applied: Place) -> None:
    (applied.folder / MANIFESTS / "acme.yaml").unlink()
    planned = applied.json("plan", MANIFESTS, "--prune", "acme").document
    assert {change["organization"] for change in planned["resource_changes"]} == {"acme"}
    applied.apply("--prune", "acme")
    assert applied.json("apply", MANIFESTS, "--auto-approve", "--prune", "acme").summary() == "--prune acme: no such organization is stored"
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0


def test_a_dead_lock_of_another_host_is_released_by_its_id_and_journalled(applied: Place) -> None:
    applied.declare("acme", *TWO)
    with held(applied, "acme") as lock_id:
        with closing(sqlite3.connect(applied.state)) as state, state:
            state.execute("UPDATE locks SET host = 'ci-7'")
        locked = applied.run("apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s")
        assert (locked.code, "on ci-7" in locked.failure) == (5, True)
        mistyped = applied.run("unlock", lock_id[:-1])
        assert (mistyped.code, f"held: {lock_id}" in mistyped.failure) == (1, True)
        assert f"Released lock {lock_id}" in applied.ok("unlock", lock_id)
    assert applied.json("history", "acme").document["entries"][-1]["operation"] == "unlock"
    assert applied.apply()["summary"]["delete"] == 1
    assert applied.json("verify").code == 0


def test_a_scope_leaves_the_others_alone_and_is_not_stopped_by_their_mistakes(applied: Place) -> None:
    applied.declare("acme", *TWO)
    applied.declare("globex", "a.one@x.example full-administratr")
    applied.declare("initech", *TWO)
    assert applied.json("plan", MANIFESTS).code == 1
    planned = applied.json("plan", MANIFESTS, "--org", "acme").document
    assert (planned["complete"], list(planned["prior_state"]["serials"])) == (False, ["acme"])
    found = [finding["address"] for finding in planned["diagnostics"] if finding["severity"] != "warning"]
    assert found == ["globex/administrator/a.one@x.example", None]
    applied.apply("--org", "acme")
    assert applied.json("show", "initech").document["serial"] == 1
    assert applied.json("plan", MANIFESTS, "--org", "globex").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", MANIFESTS, "--org", "globax"], "hint: globex"),
        (["plan", MANIFESTS, "-l", "tier=gold"], "-l tier=gold: no organization has these labels"),
        (["plan", "organisations"], "organisations"),
        (["show", "globax"], "hint: reconciler show globex"),
        (["history", "globax"], "hint: reconciler history globex"),
        (["state", "forget", "globax"], "hint: reconciler show globex"),
        (["plan", MANIFESTS, "--prune", "globax"], "no such organization is stored"),
        (["unlock", "3f2a"], "no lock 3f2a is held"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_name_is_an_error_that_knows_better(applied: Place, arguments: list[str], said: str) -> None:
    done = applied.run(*arguments)
    assert done.code == 1
    assert said in done.failure


def test_manifests_come_from_standard_input(applied: Place) -> None:
    applied.declare("acme", *TWO)
    text = "---\n".join(path.read_text() for path in sorted((applied.folder / MANIFESTS).iterdir()))
    done = applied.run("plan", "-", "--format", "json", stdin=text)
    (change,) = done.document["resource_changes"]
    assert change["change"]["actions"] == ["delete"]
    assert applied.run("apply", "-", "--auto-approve", stdin=text).code == 0
    assert applied.run("plan", "-", "--detailed-exitcode", stdin=text).code == 0
    broken = applied.run("validate", "-", stdin="kind: Organisation\n")
    assert broken.out.startswith("<stdin>:1:")
