"""plan --access as a process: what is said of new organizations, in the report and in the saved plan, and nowhere else."""

import json
import re

from tests.cli.running import MANIFESTS, NOW, Place, declare_fleet, document_of


def test_a_new_organization_is_told_where_it_is_asked_for_and_the_plan_stays_the_same(place: Place) -> None:
    declare_fleet(place, "acme", "globex")
    short = place.json("plan", MANIFESTS, "--now", NOW).document
    full = place.json("plan", MANIFESTS, "--now", NOW, "--access", "full", "--out", "plan.json").document
    assert short == place.json("plan", MANIFESTS, "--now", NOW, "--access", "changes").document
    assert short["access_changes"] == []
    assert {change["organization"] for change in full["access_changes"]} == {"acme", "globex"}
    assert {**full, "access_changes": []} == short
    saved = document_of((place.folder / "plan.json").read_text(encoding="utf-8"))
    assert saved["access_changes"] == full["access_changes"]
    assert re.search(r"gains +a\.one@x\.example +assign-roles +none -> full", place.ok("show", "plan.json"))
    assert place.json("apply", "plan.json", "--expect", short["plan_hash"]).document["summary"]["create"] == 8


def test_only_plan_has_the_option_and_it_has_two_values(place: Place) -> None:
    declare_fleet(place, "acme")
    wrong = place.json("plan", MANIFESTS, "--access", "everything")
    assert wrong.code == 64
    assert all(word in json.dumps(wrong.document["diagnostics"]) for word in ("everything", "changes", "full"))
    assert place.json("apply", MANIFESTS, "--auto-approve", "--access", "full").code == 64
    assert place.json("drift", MANIFESTS, "--access", "full").code == 64
