"""The story of a team on GitHub: init, a branch, its comment, the merge, sweep and drift, by the workflow that `init` wrote."""

from pathlib import Path

import pytest

from tests.fakes.hub import Hub, a_hub

CUSTOMER = "organizations/example-customer.yaml"
BOB = "    - email: bob@customer.example\n      name: Bob Dvorak\n      roles: [full-administrator]\n"
DEMOTED = BOB.replace("full-administrator", "read-only-administrator")
EVE = "    - email: eve@contractor.example\n      home: {type: business}\n      roles: [read-only-administrator]\n"
EVE_UNTIL = EVE + '      expiresAt: "2027-03-31T00:00:00Z"\n'
START = "2026-11-20T09:00:00Z"
SWEEP, DRIFT = "*/5 * * * *", "17 3 * * *"


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hub = a_hub(tmp_path_factory.mktemp("hub"))
    hub.clock(START)
    hub.place.ok("init")
    hub.start()
    planned = hub.by_hand()["by-hand"]
    assert planned.passed
    applied = hub.by_hand(planned.outputs["plan"]["plan_hash"])["by-hand"]
    assert "Apply: 9 added, 0 changed, 0 removed, 0 expired, 0 failed, 0 skipped." in applied.log
    return hub.folder


@pytest.fixture
def hub(tmp_path: Path, applied_once: Path) -> Hub:
    """A repository that `init` made, all of it applied."""
    hub = a_hub(tmp_path, applied_once)
    hub.clock(START)
    return hub


def plan_comment(hub: Hub, branch: str) -> str:
    """Return the one comment of the plan."""
    (comment,) = [one["body"] for one in hub.comments(branch) if one["body"].startswith("<!-- reconciler:plan v1 scope=all ")]
    return str(comment)


def test_a_change_is_proposed_reviewed_merged_applied_swept_and_watched(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE_UNTIL)
    jobs = hub.propose("eve")
    assert list(jobs) == ["plan"]
    assert jobs["plan"].passed
    assert jobs["plan"].outputs["plan"]["to_add"] == "1"
    comment = plan_comment(hub, "eve")
    assert "Plan: 1 to add, 0 to change, 0 to remove, 0 to expire." in comment
    assert "| **gains** | `eve@contractor.example` | `read-only-administrator`" in comment
    assert "31 Mar 2027, 00:00 UTC" in comment

    hub.edit("eve", CUSTOMER, "2027-03-31", "2027-02-28")
    hub.propose("eve")
    assert "28 Feb 2027, 00:00 UTC" in plan_comment(hub, "eve")

    jobs = hub.merge("eve")
    assert list(jobs) == ["apply"]
    assert "Apply: 1 added, 0 changed, 0 removed, 0 expired, 0 failed, 0 skipped." in jobs["apply"].log
    assert jobs["apply"].passed
    assert [one["body"].partition(" v1 ")[0] for one in hub.comments("eve")] == ["<!-- reconciler:plan", "<!-- reconciler:apply"]
    assert "Apply: 1 added" in jobs["apply"].summary
    assert hub.scheduled(DRIFT)["drift"].passed

    hub.clock("2027-02-28T00:00:30Z")
    jobs = hub.scheduled(SWEEP)
    assert list(jobs) == ["sweep"]
    assert "30 s late" in jobs["sweep"].log
    assert jobs["sweep"].passed
    assert hub.scheduled(DRIFT)["drift"].passed


def test_drift_turns_the_nightly_job_red_and_says_what_it_is(hub: Hub) -> None:
    hub.edit("main-by-hand", CUSTOMER, BOB, DEMOTED)
    before, after = hub.head(), hub.work.git("rev-parse", "HEAD")
    refused = hub.pushed(before, after)["apply"]
    assert not refused.passed
    assert "Nothing was applied: this commit is not the merge of a pull request" in refused.log
    watched = hub.scheduled(DRIFT)["drift"]
    assert not watched.passed
    assert "differs in roles" in watched.log
    assert watched.outputs["drift"] | {"exitcode": "2", "drift": "true"} == watched.outputs["drift"]
    assert "Intact" in watched.log


def test_a_push_that_changes_nothing_needs_no_review(hub: Hub) -> None:
    hub.edit("words", "README.md", "# Administrators", "# The administrators")
    before, after = hub.head(), hub.work.git("rev-parse", "HEAD")
    assert hub.pushed(before, after)["apply"].passed


def test_what_was_merged_but_not_reviewed_as_it_is_now_is_not_applied(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE_UNTIL)
    hub.propose("eve")
    reviewed = plan_comment(hub, "eve")
    hub.edit("eve", CUSTOMER, EVE_UNTIL, EVE_UNTIL.replace("read-only-administrator", "full-administrator"))
    merged = hub.merge("eve")["apply"]
    assert not merged.passed
    assert merged.outputs["apply"]["exitcode"] == "4"
    assert plan_comment(hub, "eve") == reviewed
    assert "Apply:" not in merged.log


def test_the_way_out_is_a_plan_by_hand_and_its_hash(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE_UNTIL)
    hub.propose("eve")
    hub.edit("berlin", CUSTOMER, "displayName: Example Customer", "displayName: Example")
    hub.propose("berlin")
    assert hub.merge("berlin")["apply"].passed
    stale = hub.merge("eve")["apply"]
    assert not stale.passed
    assert stale.outputs["apply"]["exitcode"] == "4"
    planned = hub.by_hand()["by-hand"]
    assert planned.outputs["plan"]["to_add"] == "1"
    assert hub.by_hand(planned.outputs["plan"]["plan_hash"])["by-hand"].passed
    assert hub.scheduled(DRIFT)["drift"].passed


def test_a_comment_of_somebody_else_is_neither_edited_nor_believed(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE_UNTIL)
    hub.pulls.append({"number": 1, "branch": "eve", "merged_at": None, "base": {"ref": "main"}, "commits": []})
    forged = "<!-- reconciler:plan v1 scope=all hash=sha256:" + "0" * 64 + " truncated=false -->\nAll is well."
    for _ in range(101):
        hub.say("eve", "mallory", forged)
    hub.propose("eve")
    bodies = [one["body"] for one in hub.comments("eve") if one["user"]["login"] == "mallory"]
    assert bodies == [forged] * 101
    hub.propose("eve")
    (own,) = [one["body"] for one in hub.comments("eve") if one["user"]["login"] == "github-actions[bot]"]
    assert "Plan: 1 to add" in own
    assert hub.merge("eve")["apply"].passed


def test_manifests_that_are_invalid_fail_the_check_and_say_so_in_the_comment(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE)
    hub.propose("eve")
    hub.edit("eve", CUSTOMER, "read-only-administrator]\n    - email: carol", "reed-only-administrator]\n    - email: carol")
    jobs = hub.propose("eve")
    assert not jobs["plan"].passed
    assert jobs["plan"].outputs["plan"]["exitcode"] == "1"
    comment = plan_comment(hub, "eve")
    assert "reed-only-administrator" in comment
    assert " hash=" not in comment.splitlines()[0]
    assert "::error file=organizations/example-customer.yaml,line=" in jobs["plan"].log
    assert not hub.merge("eve")["apply"].passed


def test_a_plan_that_is_refused_fails_the_check_and_its_comment_says_why(hub: Hub) -> None:
    partner = "organizations/example-partner.yaml"
    hub.edit("gone", partner, "", (hub.work.folder / partner).read_text().split("  # The list is")[0] + "  administrators: []\n")
    jobs = hub.propose("gone")
    assert not jobs["plan"].passed
    assert "full administrator" in plan_comment(hub, "gone")


def test_a_pull_request_from_a_fork_reaches_no_runner(hub: Hub) -> None:
    hub.edit("eve", CUSTOMER, BOB, BOB + EVE)
    assert hub.propose("eve", fork=True) == {}


def test_hostile_text_in_branch_and_manifest_stays_text(hub: Hub) -> None:
    branch = "a$(touch${IFS}pwned)`touch${IFS}pwned`"
    name = "organizations/$(touch pwned)'\".yaml"
    text = "apiVersion: reconciler/v1\nkind: Organization\nmetadata: {name: odd}\n"
    text += "spec: {type: customer, displayName: '$(touch pwned) ::error::x'}\n"
    hub.edit(branch, name, "", text)
    assert hub.propose(branch)["plan"].passed
    assert "Plan: 1 to add" in plan_comment(hub, branch)
    assert hub.merge(branch)["apply"].passed
    assert not list(hub.folder.rglob("*pwned"))
