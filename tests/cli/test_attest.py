"""What is left to people is listed until somebody says that it was done: by whom, and when."""

import pytest

from tests.cli.following import leave_open
from tests.cli.holding import held
from tests.cli.running import MANIFESTS, NOW, TWO, Place

A_ONE, B_TWO, C_THREE = (f"acme/administrator/{who}" for who in (*TWO, "c.three@acme.example"))
SINCE = "2026-11-20T09:00:00Z"
WAY_OUT = "  To close one that was done: reconciler attest ADDRESS --note TEXT"


@pytest.fixture
def following(applied: Place) -> Place:
    """A folder in which two follow-ups are open in acme and one in globex."""
    leave_open(applied, A_ONE, C_THREE)
    leave_open(applied, "globex/organization", rule="support-case", summary="confirm the support case")
    return applied


def test_what_is_open_is_listed_everywhere_and_changes_no_exit_code(following: Place) -> None:
    steps = [
        {"address": address, "rule_id": rule, "summary": summary, "detail": "", "follow_up": True, "since": SINCE}
        for address, rule, summary in (
            (A_ONE, "sign-in-once", "sign in to Control Hub once"),
            (C_THREE, "sign-in-once", "sign in to Control Hub once"),
            ("globex/organization", "support-case", "confirm the support case"),
        )
    ]
    for arguments in (["plan", MANIFESTS, "--detailed-exitcode"], ["drift", MANIFESTS, "--fail-on", "unobserved"]):
        done = following.json(*arguments)
        assert (done.code, done.document["manual_steps"]) == (0, steps)
        text = following.ok(*arguments)
        assert f"  {A_ONE:{len(C_THREE)}}  sign in to Control Hub once  [sign-in-once]" in text.splitlines()
        assert WAY_OUT in text.splitlines()
    assert following.json("plan", MANIFESTS, "--org", "globex").document["manual_steps"] == steps[2:]
    counts = {entry["name"]: entry["follow_ups"] for entry in following.json("show").document["organizations"]}
    assert counts == {"acme": 2, "globex": 1, "initech": 0}
    assert "FOLLOW-UPS" in following.ok("show")
    shown = following.json("show", "acme").document["follow_ups"]
    assert shown == [{key: step[key] for key in ("address", "rule_id", "summary", "since")} for step in steps[:2]]
    line = f"  {A_ONE:{len(C_THREE)}}  sign in to Control Hub once  # since {SINCE} [sign-in-once]"
    assert f"\nFollow-ups (2)\n{line}\n" in following.ok("show", "acme")
    assert following.json("verify").code == 0


def test_attesting_closes_and_records_by_whom_and_why(following: Place) -> None:
    said = following.ok("attest", A_ONE, "globex", "--note", "  watched the sign-in, SR-1  ", "--actor", "Petra.Voss@x.example")
    assert said.splitlines()[:3] == [
        "Attested 2 follow-ups:",
        f"  {A_ONE}  sign in to Control Hub once  [sign-in-once]",
        f"  {'globex/organization':{len(A_ONE)}}  confirm the support case  [support-case]",
    ]
    assert "Note: watched the sign-in, SR-1" in said.splitlines()
    assert "1 follow-up is still open: reconciler show acme" in said.splitlines()
    entry = following.json("history", "acme").document["entries"][-1]
    assert (entry["kind"], entry["address"], entry["detail"]) == ("attest", A_ONE, "sign-in-once: watched the sign-in, SR-1")
    assert (entry["actor"], entry["operation"], "actions" in entry) == ("petra.voss@x.example", "attest", False)
    assert "attested sign-in-once: watched the sign-in, SR-1" in following.ok("history", "acme")
    assert [step["address"] for step in following.json("plan", MANIFESTS).document["manual_steps"]] == [C_THREE]
    last = following.json("attest", C_THREE, "--note", "done").document
    assert (last["kind"], last["left"], last["note"], last["actor"]) == ("attestation", {"acme": 0}, "done", None)
    assert last["attested"] == [{"address": C_THREE, "rule_id": "sign-in-once", "summary": "sign in to Control Hub once", "since": SINCE}]
    assert last["run"] == following.json("history", "acme").document["entries"][-1]["run"]
    assert following.json("plan", MANIFESTS).document["manual_steps"] == []
    assert following.json("verify").code == 0


def test_attesting_leaves_saved_plans_and_hashes_as_they_are(following: Place) -> None:
    following.declare("acme", *TWO)
    before = following.json("plan", MANIFESTS, "--out", "plan.json").document
    assert [step["address"] for step in before["manual_steps"]] == [A_ONE, "globex/organization"]  # the third goes with the person
    following.ok("attest", "globex", "--note", "done")
    after = following.json("plan", MANIFESTS).document
    assert (after["plan_hash"], after["prior_state"]) == (before["plan_hash"], before["prior_state"])
    assert [step["address"] for step in following.json("show", "plan.json").document["manual_steps"]] == [A_ONE, "globex/organization"]
    applied = following.json("apply", "plan.json")
    assert (applied.code, applied.document["summary"]["delete"], applied.document["manual_steps"]) == (0, 1, [])
    assert [step["address"] for step in following.json("show", "acme").document["follow_ups"]] == [A_ONE]
    following.ok("attest", "acme", "--note", "done")
    assert following.json("apply", "plan.json").document["repeated"] is True
    assert following.json("plan", MANIFESTS, "--detailed-exitcode").code == 0


def test_forgetting_takes_along_what_was_open(following: Place) -> None:
    following.ok("state", "forget", "acme")
    assert following.json("attest", "acme", "--note", "x").summary() == "no follow-up is open at acme"
    following.apply()
    assert following.json("show", "acme").document["follow_ups"] == []


def test_nothing_open_is_1_and_names_the_nearest(following: Place) -> None:
    done = following.run("attest", "acme/administrator/a.one@y.example", "--note", "x")
    assert done.code == 1
    assert done.failure.splitlines() == [
        "error: no follow-up is open at acme/administrator/a.one@y.example [nothing-open]",
        "    what is open is listed by reconciler show acme",
        f"    hint: reconciler attest {A_ONE} --note TEXT",
    ]
    assert following.json("attest", "nobody/organization", "--note", "x").document["diagnostics"][0]["rule_id"] == "nothing-open"
    assert following.json("attest", "initech", "--note", "x").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["attest", "acme"], "--note"),
        (["attest", "--note", "x"], "ADDRESS"),
        (["attest", "acme", "--note", ""], "is not one line of printable text"),
        (["attest", "acme", "--note", "  "], "is not one line of printable text"),
        (["attest", "acme", "--note", "two\nlines"], "is not one line of printable text"),
        (["attest", "acme", "--note", "\x1b[2J"], "is not one line of printable text"),
        (["attest", "acme", "--note", "\u202e"], "is not one line of printable text"),
    ],
    ids=repr,
)
def test_a_note_is_needed_and_is_one_line(following: Place, arguments: list[str], said: str) -> None:
    done = following.run(*arguments)
    assert (done.code, said in done.failure) == (64, True)
    assert following.json(*arguments).code == 64
    assert len(following.json("show", "acme").document["follow_ups"]) == 2


def test_a_held_lock_is_5_and_names_its_holder(following: Place) -> None:
    with held(following, "acme") as lock_id:
        done = following.json("attest", A_ONE, "--note", "x", "--lock-timeout", "0s")
        assert (done.code, done.document["locks"][0]["id"]) == (5, lock_id)
        assert following.run("attest", "globex", "--note", "x", "--lock-timeout", "0s").code == 0
    assert following.ok("attest", "acme", "--note", "x").startswith("Attested 2 follow-ups:")


def test_without_a_state_it_is_1_and_none_is_made(place: Place) -> None:
    assert "there is no stored state" in place.json("attest", "acme", "--note", "x").summary()
    assert list(place.folder.iterdir()) == []


def test_more_than_ten_are_counted_and_hostile_text_stays_text(applied: Place) -> None:
    addresses = [f"acme/administrator/p{number:02}\x1b[2J@x.example" for number in range(12)]
    leave_open(applied, *addresses, rule="r\u202e", summary="##[error]x\n::stop-commands::y")
    lines = applied.ok("drift", MANIFESTS, "--now", NOW).splitlines()
    lines = lines[lines.index("Still open from earlier runs:") :]
    assert lines[:2] == [
        "Still open from earlier runs:",
        r"  acme/administrator/p00\u{1b}[2J@x.example  #\u{23}[error]x\u{a}::stop-commands::y  [r\u{202e}]",
    ]
    assert lines[11:13] == ["  and 2 more: reconciler show ORG", WAY_OUT]
    assert sum(r"\u{202e}" in line for line in applied.ok("show", "acme").splitlines()) == 12
