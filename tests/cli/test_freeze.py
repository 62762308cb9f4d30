"""Freezes, protected people and limits by real processes: what is refused, what goes on all the same, and the way out."""

import pytest

from tests.cli.running import MANIFESTS, TWO, Place

GLASS = "glass@x.example"


def freeze(place: Place, *, until: str = "2036-01-04T07:00:00+01:00", more: str = "") -> None:
    """Write a `reconciler.yaml` with a window that began long ago."""
    window = f"    - from: '2020-12-18T18:00:00Z'\n      until: '{until}'\n      reason: end of the year\n{more}"
    place.write("reconciler.yaml", f"policy:\n  freeze:\n{window}")


def stored(place: Place, name: str = "acme") -> list[str]:
    return [person["email"] for person in place.json("show", name).document["administrators"]]


def protect(place: Place, *people: str, mark: str = ", protect: true") -> None:
    """Declare `acme` with two full administrators, *people*, and one more who is protected."""
    path = place.declare("acme", *TWO, *people, f"{GLASS} device-administrator")
    path.write_text(path.read_text().replace("[device-administrator]}", f"[device-administrator]{mark}}}"), encoding="utf-8")


# Freezes


def test_a_freeze_refuses_what_gives_access_and_says_until_when_and_who_takes_it_off(place: Place) -> None:
    place.declare("acme", *TWO)
    place.apply()
    place.declare("acme", *TWO, "new@x.example")
    freeze(place)
    for command in (["plan", MANIFESTS, "--detailed-exitcode"], ["apply", MANIFESTS, "--auto-approve"]):
        done = place.json(*command)
        assert (done.code, done.document["kind"], len(done.document["resource_changes"])) == (3, "plan", 1)
        (refusal,) = done.document["refusals"]
        assert refusal["rule_id"] == "freeze-window"
        assert refusal["summary"] == "1 change is held back by a freeze until 2036-01-04T06:00:00Z: end of the year"
        assert "(reconciler.yaml:3); held back: acme/administrator/new@x.example" in refusal["detail"]
        assert "take the window out of policy.freeze" in refusal["hint"]
    assert "refused: 1 change is held back by a freeze until" in place.run("plan", MANIFESTS).out
    freeze(place, until="2021-01-04T07:00:00Z")
    place.apply()
    assert stored(place) == [*TWO, "new@x.example"]


def test_a_removal_goes_on_during_a_freeze(place: Place) -> None:
    place.declare("acme", *TWO, "gone@x.example device-administrator")
    place.apply()
    place.declare("acme", *TWO)
    freeze(place)
    assert place.json("plan", MANIFESTS).document["refusals"] == []
    place.apply()
    assert stored(place) == [*TWO]


def test_a_removal_goes_on_beside_what_is_held_back(place: Place) -> None:
    place.declare("acme", *TWO, "gone@x.example device-administrator")
    place.declare("globex", *TWO)
    place.apply()
    place.declare("acme", *TWO, "new@x.example device-administrator")
    place.declare("globex", *TWO, "new@x.example device-administrator")
    freeze(place)
    planned = place.json("plan", MANIFESTS)
    assert (planned.code, len(planned.document["resource_changes"])) == (3, 3)
    assert "Held back: apply would make only those changes that take access away.\n" in place.run("plan", MANIFESTS).out
    done = place.json("apply", MANIFESTS, "--expect", planned.document["plan_hash"])
    assert done.code == 6
    told = {outcome["address"]: (outcome["status"], outcome["detail"]) for outcome in done.document["outcomes"]}
    later = ("skipped", "held back by a freeze until 2036-01-04T06:00:00Z")
    assert told == {
        "acme/administrator/gone@x.example": ("done", ""),
        "acme/administrator/new@x.example": later,
        "globex/administrator/new@x.example": later,
    }
    assert stored(place) == [*TWO]
    assert place.run("apply", MANIFESTS, "--auto-approve").code == 3
    assert place.run("verify").code == 0


def test_nobody_loses_the_only_full_administrator_because_the_successor_is_held_back(place: Place) -> None:
    place.declare("acme", "old@x.example", "gone@x.example device-administrator")
    place.declare("globex", *TWO, "gone@x.example device-administrator")
    place.apply()
    place.declare("acme", "new@x.example")
    place.declare("globex", *TWO)
    freeze(place)
    done = place.json("apply", MANIFESTS, "--auto-approve")
    assert (done.code, {outcome["status"] for outcome in done.document["outcomes"] if "acme" in outcome["address"]}) == (6, {"skipped"})
    assert (stored(place), stored(place, "globex")) == (["gone@x.example", "old@x.example"], [*TWO])


def test_a_saved_plan_is_held_back_by_the_freeze_of_the_run_that_applies_it(place: Place) -> None:
    place.declare("acme", *TWO)
    place.run("plan", MANIFESTS, "--out", "plan.json")
    freeze(place)
    done = place.json("apply", "plan.json")
    assert (done.code, [refusal["rule_id"] for refusal in done.document["refusals"]]) == (3, ["freeze-window"])
    place.run("plan", MANIFESTS, "--out", "frozen.json")
    freeze(place, until="2021-01-04T07:00:00Z")
    assert place.run("apply", "frozen.json").code == 0


def test_a_freeze_may_be_for_some_organizations_and_a_name_that_nobody_knows_is_reported(place: Place) -> None:
    place.declare("acme", *TWO)
    place.declare("globex", *TWO, labels="{tier: gold}")
    freeze(place, more="      labels: {tier: gold}\n")
    held = place.json("plan", MANIFESTS).document["refusals"][0]["detail"]
    assert "held back: globex/organization, globex/administrator/a.one@x.example, globex/administrator/b.two@x.example." in held
    freeze(place, more="      organizations: [acme, glovex]\n")
    found = place.json("plan", MANIFESTS).document["diagnostics"]
    (unknown,) = [finding for finding in found if finding["rule_id"] == "unknown-frozen-organization"]
    assert unknown["summary"] == "a freeze names glovex, and no such organization is declared or stored"
    assert unknown["range"]["start"]["line"] == 3


def test_ends_take_the_new_name_of_their_organization_along(place: Place) -> None:
    place.declare("acme", *TWO, "gone@x.example device-administrator")
    place.apply()
    (place.folder / MANIFESTS / "acme.yaml").unlink()
    path = place.declare("omega", *TWO, "new@x.example device-administrator", spec="  displayName: Omega\n")
    path.write_text(path.read_text().replace("{name: omega,", "{name: omega, formerName: acme,"), encoding="utf-8")
    freeze(place, more="      organizations: [acme]\n")
    done = place.json("apply", MANIFESTS, "--auto-approve")
    assert done.code == 6
    told = [(outcome["address"], outcome["status"]) for outcome in done.document["outcomes"]]
    assert told == [
        ("omega/organization", "skipped"),
        ("omega/administrator/new@x.example", "skipped"),
        ("omega/organization", "done"),
        ("omega/administrator/gone@x.example", "done"),
    ]
    assert stored(place, "omega") == [*TWO]
    assert "displayName" not in place.ok("show", "omega")
    assert place.run("verify").code == 0
    assert place.run("apply", MANIFESTS, "--auto-approve").code == 0  # the window names the former name alone


def test_a_new_name_alone_is_held_back(place: Place) -> None:
    place.declare("acme", *TWO)
    place.apply()
    (place.folder / MANIFESTS / "acme.yaml").unlink()
    path = place.declare("omega", *TWO)
    path.write_text(path.read_text().replace("{name: omega,", "{name: omega, formerName: acme,"), encoding="utf-8")
    freeze(place)
    assert place.run("plan", MANIFESTS).code == 3
    assert place.run("apply", MANIFESTS, "--auto-approve").code == 3
    assert stored(place) == [*TWO]


def test_sweep_and_forgetting_during_a_freeze(place: Place) -> None:
    place.declare("acme", *TWO)
    place.apply()
    freeze(place)
    assert place.run("sweep").code == 0
    for arguments in (["state", "forget", "acme"], ["apply", MANIFESTS, "--prune", "acme", "--auto-approve", "--allow-empty"]):
        (place.folder / MANIFESTS / "acme.yaml").unlink(missing_ok=True)
        done = place.json(*arguments)
        assert (done.code, [refusal["rule_id"] for refusal in done.document["refusals"]]) == (3, ["freeze-window"])


@pytest.mark.parametrize("command", [["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"]])
def test_a_freeze_that_cannot_be_read_stops_what_it_might_hold_back(place: Place, command: list[str]) -> None:
    place.declare("acme", *TWO)
    freeze(place, until="next year")
    done = place.run(*command)
    assert done.code == 64
    assert done.failure.startswith("reconciler.yaml:4:14: error: until next year: not an RFC 3339 time [unreadable-time]")


# Protected people


def test_protection_outlives_the_declaration_until_an_applied_change_takes_the_mark_off(place: Place) -> None:
    protect(place)
    place.apply()
    assert f"{GLASS}  device-administrator; protected" in place.ok("show", "acme")
    place.declare("acme", *TWO)
    for command in (["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"]):
        done = place.json(*command)
        (refusal,) = done.document["refusals"]
        assert (done.code, refusal["rule_id"], refusal["address"]) == (3, "protected-administrator", f"acme/administrator/{GLASS}")
        assert refusal["hint"] == f"declare {GLASS} as stored but without protect, apply that, and make this change in the next run"
    protect(place, mark="")
    place.apply()
    place.declare("acme", *TWO)
    place.apply()
    assert stored(place) == [*TWO]


def test_a_saved_plan_does_not_pass_a_mark_that_was_stored_before_it(place: Place) -> None:
    protect(place)
    place.apply()
    place.declare("acme", *TWO)
    assert place.run("plan", MANIFESTS, "--out", "plan.json").code == 3
    assert place.run("apply", "plan.json").code == 3
    assert GLASS in stored(place)


def test_an_organization_with_protected_people_is_not_forgotten(place: Place) -> None:
    protect(place)
    place.apply()
    (place.folder / MANIFESTS / "acme.yaml").unlink()
    for arguments in (["state", "forget", "acme"], ["plan", MANIFESTS, "--prune", "acme", "--allow-empty"]):
        done = place.json(*arguments)
        (refusal,) = done.document["refusals"]
        assert (done.code, refusal["rule_id"], refusal["detail"]) == (3, "protected-administrator", f"protected: {GLASS}")
    assert GLASS in stored(place)


# Limits


def test_a_limit_of_the_repository_counts_and_its_refusal_names_its_line(place: Place) -> None:
    place.declare("acme", *TWO, "gone@x.example device-administrator")
    place.apply()
    place.declare("acme", *TWO)
    place.write("reconciler.yaml", "policy:\n  limits:\n    organization: {people: 0, percent: 0, minimum: 0}\n    overall: {people: 0}\n")
    done = place.json("plan", MANIFESTS)
    refusals = done.document["refusals"]
    assert (done.code, [refusal["rule_id"] for refusal in refusals]) == (3, ["too-many-removals"] * 2)
    assert "(policy.limits.organization, reconciler.yaml:3)" in refusals[0]["detail"]
    assert "more than 0 people and more than 10 % at once are refused (policy.limits.overall, reconciler.yaml:4)" in refusals[1]["detail"]
    assert place.run("plan", MANIFESTS, "--out", "plan.json").code == 3
    assert place.run("apply", "plan.json").code == 3
    lifted = ["--allow-removals", "acme=1", "--allow-removals", "all=1"]
    assert place.run("apply", "plan.json", *lifted).code == 0
    assert stored(place) == [*TWO]
