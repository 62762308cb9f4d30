"""A branch in a real repository: planned by itself, reviewed, merged, applied by the hash that was reviewed."""

import pytest

from tests.cli.running import MANIFESTS, TWO, Place
from tests.fakes.repository import Checkout, a_checkout


@pytest.fixture
def checkout(applied: Place) -> Checkout:
    """Return a repository whose main is applied, but for somebody in globex who was merged and forgotten."""
    checkout = a_checkout(applied.folder)
    applied.write(".gitignore", ".reconciler/\n*.json\n")
    checkout.commit()
    applied.declare("globex", *TWO, "c.three@globex.example support-administrator", "forgotten@globex.example device-administrator")
    checkout.commit()
    checkout.git("checkout", "--quiet", "-b", "branch")
    applied.declare("acme", *TWO, "c.three@acme.example support-administrator", "new@acme.example device-administrator")
    checkout.commit()
    return checkout


def origins(document: dict[str, list[dict[str, str]]]) -> dict[str, list[tuple[str, str]]]:
    keys = ("resource_changes", "resource_drift", "resource_expiries")
    return {key: [(change["address"], change["origin"]) for change in document[key]] for key in keys if document.get(key)}


NEW = ("acme/administrator/new@acme.example", "change")
FORGOTTEN = ("globex/administrator/forgotten@globex.example", "earlier")


def test_what_was_reviewed_on_the_branch_is_what_is_applied_after_the_merge(applied: Place, checkout: Checkout) -> None:
    reviewed = applied.json("plan", MANIFESTS, "--base", "main", "--detailed-exitcode")
    assert (reviewed.code, origins(reviewed.document)) == (2, {"resource_changes": [NEW], "resource_drift": [FORGOTTEN]})
    assert reviewed.document["base"] == {"given": "main", "commit": checkout.git("rev-parse", "main")}
    checkout.git("checkout", "--quiet", "main")
    previous = checkout.git("rev-parse", "HEAD")
    checkout.git("merge", "--quiet", "--no-ff", "--message", "merged", "branch")
    expected = ("apply", MANIFESTS, "--expect", reviewed.document["plan_hash"])
    assert applied.json(*expected).code == 4  # everything would be more than was reviewed
    done = applied.json(*expected, "--base", previous)
    assert (done.code, [outcome["address"] for outcome in done.document["outcomes"]]) == (0, [NEW[0]])
    again = applied.json(*expected, "--base", "HEAD^")
    assert (again.code, again.document["repeated"]) == (0, True)
    left = applied.json("plan", MANIFESTS)
    assert origins(left.document) == {"resource_changes": [(FORGOTTEN[0], "change")]}


def test_drift_that_the_branch_does_not_cause_changes_no_exit_code(applied: Place, checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "main")
    done = applied.json("plan", MANIFESTS, "--base", "HEAD", "--detailed-exitcode")
    assert (done.code, done.document["applyable"], origins(done.document)) == (0, False, {"resource_drift": [FORGOTTEN]})
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 2


def test_a_plan_of_everything_has_no_keys_of_a_base(applied: Place, checkout: Checkout) -> None:
    document = applied.json("plan", MANIFESTS).document
    assert {"base", "resource_drift", "resource_expiries"}.isdisjoint(document)


def test_a_saved_plan_of_a_branch_is_shown_with_its_sections_and_applied_as_it_is(applied: Place, checkout: Checkout) -> None:
    plain = applied.ok("plan", MANIFESTS, "--base", "main", "--out", "plan.json")
    shown = applied.ok("show", "plan.json")
    for text in ("Changed since main", "Due before, not caused by this change:", "forgotten@globex.example"):
        assert text in plain
        assert text in shown
    assert "reconciler apply PATH... --base main --expect sha256:" in plain
    assert applied.json("apply", "plan.json", "--base", "main").code == 64
    done = applied.json("apply", "plan.json")
    assert (done.code, [outcome["address"] for outcome in done.document["outcomes"]]) == (0, [NEW[0]])


def test_reading_the_base_writes_nothing_and_warm_is_as_cold(applied: Place, checkout: Checkout) -> None:
    before = applied.everything()
    warm = applied.run("plan", MANIFESTS, "--base", "main", "--now", "2026-11-20T12:00:00Z")
    assert warm.code == 0
    assert applied.run("plan", MANIFESTS, "--base", "main", "--now", "2026-11-20T12:00:00Z", "--recheck") == warm
    assert applied.everything() == before


@pytest.mark.parametrize("base", ["nowhere", "--help", "../..", "HEAD^^^^"])
def test_a_base_that_is_none_is_a_wrong_usage(applied: Place, checkout: Checkout, base: str) -> None:
    done = applied.json("plan", MANIFESTS, f"--base={base}")
    if base == "../..":  # a folder without manifests is one that is probably not meant
        assert (done.code, "base-empty" in {finding["rule_id"] for finding in done.document["diagnostics"]}) == (0, True)
    else:
        assert (done.code, base in done.summary()) == (64, True)


def test_what_needs_an_earlier_change_is_refused_with_the_way_out(applied: Place, checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "main")
    applied.declare("initrode", *TWO)
    checkout.commit()
    applied.declare("initrode", *TWO, "c.three@initrode.example support-administrator")
    done = applied.json("plan", MANIFESTS, "--base", "HEAD")
    hints = {refusal["rule_id"]: refusal["hint"] for refusal in done.document["refusals"]}
    assert (done.code, "without --base" in hints["needs-earlier-changes"]) == (3, True)
    assert applied.json("apply", MANIFESTS, "--base", "HEAD", "--auto-approve").code == 3
    applied.apply()
