"""Policy by real processes: waivers stop what they cover from stopping anything, and changes need somebody who answers for them."""

from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, NOW, TWO, Place

FEW = "few-full-administrators"
TOGETHER = "external-demotion-in-part"
REASON = "second administrator starts on 2026-12-01, ticket OPS-7"


def settings(place: Place, *waivers: tuple[str, str], reason: str = REASON, expires: str = "2036-12-15T00:00:00Z", more: str = "") -> Path:
    """Write `reconciler.yaml` with waivers of (rule, about)."""
    listed = "".join(
        f'    - rule: {rule}\n      about: {about}\n      reason: "{reason}"\n      expires: "{expires}"\n' for rule, about in waivers
    )
    return place.write("reconciler.yaml", f"policy:\n{more}  waivers:{' []' if not waivers else ''}\n{listed}")


def outside(place: Place, *roles: str) -> None:
    """Declare two full administrators and, from outside, one person for each of *roles*."""
    path = place.declare("acme", *TWO)
    more = "".join(f"    - {{email: p{n}@else.example, roles: [{role}], home: {{type: business}}}}\n" for n, role in enumerate(roles))
    path.write_text(path.read_text().rstrip("\n") + "\n" + more, encoding="utf-8")


# Waivers


def test_a_waived_warning_does_not_fail_a_strict_validation_and_is_counted_apart(place: Place) -> None:
    place.declare("acme", "a.one@x.example")
    strict = ["validate", MANIFESTS, "--fail-on", "warning", "--now", NOW]
    assert place.run(*strict).code == 1
    settings(place, (FEW, "acme"))
    assert place.ok(*strict) == (
        "organizations/acme.yaml:7:5: waived warning: a.one@x.example is the only full administrator of acme [few-full-administrators]\n"
        f"    until 2036-12-15T00:00:00Z: {REASON}\n"
        "    two or more are recommended, so that one is always available\n"
        "    hint: give somebody full-administrator without expiresAt\n"
        "\n"
        "Valid: 1 organization in 1 file, 1 waived.\n"
    )
    document = place.json(*strict).document
    assert [document[f"{name}_count"] for name in ("error", "warning", "info", "waived")] == [0, 0, 1, 1]
    (finding,) = document["diagnostics"]
    assert finding["waived"] == {"severity": "warning", "reason": REASON, "expires": "2036-12-15T00:00:00Z"}
    assert place.json("plan", MANIFESTS).document["diagnostics"][1]["waived"] == finding["waived"]
    assert place.run("drift", MANIFESTS, "--fail-on", "warning", "--allow-empty").code == 2


def test_an_error_of_a_rule_can_be_waived_and_comes_back_when_the_waiver_expires(place: Place) -> None:
    place.declare("acme", *TWO, "c.three@x.example advanced-troubleshooting-access")
    settings(place, ("missing-base-role", "acme/administrator/C.three@x.example"), expires="2026-11-21T13:00:00+01:00")
    assert place.run("validate", MANIFESTS, "--now", "2026-11-21T11:59:59Z").code == 0
    assert place.run("plan", MANIFESTS, "--now", "2026-11-21T11:59:59Z").code == 0
    for command in ("validate", "plan"):
        back = place.json(command, MANIFESTS, "--now", "2026-11-21T12:00:00Z")
        (finding,) = (one for one in back.document["diagnostics"] if one["severity"] == "error")
        assert (back.code, finding["rule_id"], finding["waived"]) == (1, "missing-base-role", None)
        over = f"the waiver for acme/administrator/C.three@x.example expired at 2026-11-21T12:00:00Z: {REASON}"
        assert finding["detail"].endswith(over)


def test_a_waiver_that_covers_nothing_is_named_with_its_line(place: Place) -> None:
    place.declare("acme", *TWO)
    settings(place, (FEW, "acme"))
    for command in ("validate", "plan"):
        out = place.ok(command, MANIFESTS)
        assert "reconciler.yaml:3:13: info: the waiver of few-full-administrators for acme covers nothing [unused-waiver]\n" in out
        assert "unused-waiver" not in place.ok(command, MANIFESTS, "--org", "acme")
    place.apply()
    assert place.json("drift", MANIFESTS).document["diagnostics"] == []


def test_hostile_text_in_a_reason_is_shown_and_does_nothing(place: Place) -> None:
    place.declare("acme", "a.one@x.example")
    settings(place, (FEW, "acme"), reason="\\e[2J\\u202e##[error]x\\n::error::y")
    shown = place.ok("validate", MANIFESTS)
    assert "    until 2036-12-15T00:00:00Z: \\u{1b}[2J\\u{202e}#\\u{23}[error]x\\u{a}::error::y\n" in shown
    done = place.json("validate", MANIFESTS)
    assert done.document["diagnostics"][0]["waived"]["reason"] == "\x1b[2J\u202e##[error]x\n::error::y"
    assert done.out.isascii()
    assert "##[" not in done.out


def test_a_waived_refusal_lets_a_plan_be_applied_and_the_policy_of_the_applying_run_decides(place: Place) -> None:
    outside(place, "full-administrator", "full-administrator")
    place.apply()
    outside(place, "full-administrator", "read-only-administrator")
    assert place.json("plan", MANIFESTS, "--out", "strict.json").document["refusals"][0]["rule_id"] == TOGETHER
    assert place.run("apply", MANIFESTS, "--auto-approve").code == 3
    settings(place, (TOGETHER, "acme"))
    made = place.json("plan", MANIFESTS, "--out", "lax.json", "--detailed-exitcode")
    assert (made.code, made.document["refusals"], made.document["applyable"]) == (2, [], True)
    assert "waived error: p1@else.example is demoted from full-administrator" in place.ok("show", "lax.json")
    settings(place)
    refused = place.json("apply", "lax.json")
    assert (refused.code, [one["rule_id"] for one in refused.document["refusals"]]) == (3, [TOGETHER])
    settings(place, (TOGETHER, "acme/administrator/p1@else.example"))
    assert place.json("apply", "strict.json").document["summary"]["update"] == 1
    assert place.json("verify").code == 0


# The required actor


@pytest.fixture
def demanding(place: Place) -> Place:
    place.declare("acme", *TWO)
    place.write("reconciler.yaml", "policy: {requiredActor: true}\n")
    return place


def test_changes_need_somebody_who_answers_for_them(demanding: Place) -> None:
    text = demanding.run("plan", MANIFESTS, "--out", "plan.json", "--detailed-exitcode")
    assert text.code == 3
    assert "Plan: 3 to add" in text.out
    assert (
        "refused: nobody answers for these changes: no actor was named [required-actor]\n"
        "    policy.requiredActor is true in reconciler.yaml; ends that come by themselves do not wait for it\n"
        "    hint: --actor EMAIL, or RECONCILER_ACTOR, names who answers for them\n"
    ) in text.out
    for arguments in (["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"], ["apply", "plan.json"]):
        done = demanding.json(*arguments)
        assert (done.code, [one["rule_id"] for one in done.document["refusals"]]) == (3, ["required-actor"]), arguments
    assert not demanding.state.exists()
    assert demanding.run("plan", MANIFESTS, "--actor", "alice@x.example").code == 0
    assert demanding.run("plan", MANIFESTS, env={"RECONCILER_ACTOR": "alice@x.example"}).code == 0
    assert demanding.json("apply", "plan.json", "--actor", "alice@x.example").document["summary"]["create"] == 3
    assert demanding.run("plan", MANIFESTS).code == 0
    assert {entry["actor"] for entry in demanding.json("history").document["entries"]} == {"alice@x.example"}


def test_a_saved_plan_brings_its_actor_along(demanding: Place) -> None:
    demanding.ok("plan", MANIFESTS, "--out", "plan.json", "--actor", "alice@x.example")
    assert demanding.json("apply", "plan.json").document["summary"]["create"] == 3


def test_checks_that_change_nothing_ask_for_nobody(demanding: Place) -> None:
    assert demanding.run("validate", MANIFESTS).code == 0
    assert demanding.run("drift", MANIFESTS).code == 2
    demanding.apply("--actor", "alice@x.example")
    assert demanding.json("drift", MANIFESTS).document["diagnostics"] == []
    assert demanding.run("state", "forget", "acme").code == 3
    assert demanding.run("state", "forget", "acme", "--actor", "alice@x.example").code == 0


def test_a_plan_of_nothing_but_ends_waits_for_nobody(demanding: Place) -> None:
    path = demanding.declare("acme", *TWO, "c.three@x.example")
    path.write_text(path.read_text().rstrip().removesuffix("}") + ', expiresAt: "2036-01-01T00:00:00Z"}\n')
    demanding.apply("--actor", "alice@x.example")
    ended = demanding.json("plan", MANIFESTS, "--now", "2036-01-01T00:00:00Z", "--detailed-exitcode")
    assert (ended.code, ended.document["summary"]["expire"], ended.document["refusals"]) == (2, 1, [])
