"""What SECURITY.md says of an attacker: what they can do is done here, and what they cannot is tried."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.documents import compact, digest_of
from reconciler.rules import FIXED_SEVERITY
from reconciler.stores import open_reader
from reconciler.stores.rows import chain_rows
from tests.hostile.inside import folder, run
from tests.hostile.mutating import ROOT
from tools.fuzz_targets import sealed

STATE = Path(".reconciler/state.db")
MANIFEST = Path("organizations/acme-health.yaml")
ORGANIZATION = "acme-health"
VICTIM = "jana.horakova@acme-health.example"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A folder with manifests and a state in which they were applied, as the current directory."""
    shutil.copytree(ROOT / "examples" / "northwind", tmp_path / "organizations")
    with folder(tmp_path):
        assert run("apply", "organizations", "--auto-approve").code == 0
        yield tmp_path


def execute(*statements: tuple[str, tuple[Any, ...]]) -> None:
    """Write into the state as somebody who has the file."""
    with closing(sqlite3.connect(STATE)) as raw, raw:
        for statement, parameters in statements:
            raw.execute(statement, parameters)


def head() -> str:
    found: str = json.loads(run("verify", "--format", "json").out)["head"]
    return found


def rewrite(name: str) -> None:
    """Give *name*'s VICTIM another role in the document and in every entry, and make every digest and hash anew."""
    with closing(sqlite3.connect(STATE)) as raw:
        (body,) = raw.execute("SELECT body FROM organizations WHERE name = ?", (name,)).fetchone()
    document = json.loads(body)
    for person in document["administrators"]:
        if person["email"] == VICTIM:
            person["roles"] = ["full-administrator"]
    with closing(open_reader(f"sqlite:///{STATE}")) as reader:
        entries = list(reader.entries(name))
    for entry in entries:
        if entry.record.address == f"{name}/administrator/{VICTIM}" and entry.record.after is not None:
            entry.record.after["roles"] = ["full-administrator"]
    digest = digest_of(document)
    rows = chain_rows(name, [entry.record for entry in entries], after=None, serial=1, digest=digest)
    with closing(sqlite3.connect(STATE)) as raw, raw:
        raw.execute("UPDATE organizations SET body = ?, digest = ? WHERE name = ?", (compact(document).decode(), digest, name))
        raw.execute("DELETE FROM journal WHERE organization = ?", (name,))
        marks = ", ".join(f":{column}" for column in rows[0])
        names = ", ".join(f'"{column}"' for column in rows[0])
        raw.executemany(f"INSERT INTO journal ({names}) VALUES ({marks})", rows)  # noqa: S608 - the names of our own columns
        raw.execute("UPDATE chains SET hash = ? WHERE organization = ?", (rows[-1]["hash"], name))


def test_a_document_that_is_rewritten_with_its_digest_alone_is_told_by_verify(here: Path) -> None:
    with closing(sqlite3.connect(STATE)) as raw:
        (body,) = raw.execute("SELECT body FROM organizations WHERE name = ?", (ORGANIZATION,)).fetchone()
    forged = json.loads(body) | {"administrators": []}
    execute(("UPDATE organizations SET body = ?, digest = ? WHERE name = ?", (compact(forged).decode(), digest_of(forged), ORGANIZATION)))
    assert run("verify").code == 1


def test_a_state_that_is_rewritten_whole_passes_and_has_another_head(here: Path) -> None:
    """The limit: without a head that is kept elsewhere, a rewrite of everything is not seen."""
    before = head()
    rewrite(ORGANIZATION)
    assert run("verify").code == 0
    assert head() != before
    assert json.loads(run("access", ORGANIZATION, VICTIM, "--format", "json").out)["roles"] == ["full-administrator"]


def test_an_organization_that_is_taken_out_whole_is_seen_by_the_head_alone(here: Path) -> None:
    before = head()
    for table, column in (("organizations", "name"), ("journal", "organization"), ("chains", "organization")):
        execute((f"DELETE FROM {table} WHERE {column} = ?", (ORGANIZATION,)))  # noqa: S608 - our own names
    assert run("verify").code == 0
    assert head() != before


def test_an_organization_that_is_set_back_whole_is_seen_by_the_head_alone(here: Path) -> None:
    with closing(sqlite3.connect(STATE)) as raw:
        early = raw.execute(
            "SELECT serial, digest, next_end, follow_ups, body FROM organizations WHERE name = ?", (ORGANIZATION,)
        ).fetchone()
        seq, hash_ = raw.execute("SELECT seq, hash FROM chains WHERE organization = ?", (ORGANIZATION,)).fetchone()
    MANIFEST.write_text(MANIFEST.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
    assert run("apply", "organizations", "--auto-approve").code == 0
    later = head()
    document = "UPDATE organizations SET serial = ?, digest = ?, next_end = ?, follow_ups = ?, body = ? WHERE name = ?"
    execute((document, (*early, ORGANIZATION)))
    assert run("verify").code == 1
    execute(("DELETE FROM journal WHERE organization = ? AND seq > ?", (ORGANIZATION, seq)))
    assert run("verify").code == 1
    execute(("UPDATE chains SET seq = ?, hash = ? WHERE organization = ?", (seq, hash_, ORGANIZATION)))
    assert run("verify").code == 0
    assert head() != later


def test_settings_that_cannot_be_read_stop_everything_and_a_wrong_policy_stops_no_sweep(here: Path) -> None:
    for text, code in (("state: [\n", 64), ("policy: {severities: {no-such-rule: 'off'}}\n", 0)):
        Path("reconciler.yaml").write_text(text)
        assert run("validate", "organizations").code == 64
        assert run("sweep").code == code


def test_a_lock_that_was_planted_stops_changes_and_names_its_way_out(here: Path) -> None:
    lock = "INSERT INTO locks VALUES (?, 'planted', 'u@h', 'elsewhere', 77, 5.0, 'apply', '1', '2026-11-20T09:30:00Z', '')"
    execute((lock, (ORGANIZATION,)))
    MANIFEST.write_text(MANIFEST.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
    stopped = run("apply", "organizations", "--auto-approve", "--lock-timeout", "0s")
    assert stopped.code == 5
    assert "reconciler unlock planted" in stopped.err
    assert run("unlock", "planted").code == 0
    assert run("apply", "organizations", "--auto-approve").code == 0


def test_an_instant_that_was_forged_into_the_journal_ends_access_early_and_is_told(here: Path) -> None:
    execute(("UPDATE journal SET at = '9999-12-31T23:59:59Z' WHERE organization = ? AND seq = 1", (ORGANIZATION,)))
    answer = run("access", ORGANIZATION, "--format", "json")
    assert json.loads(answer.out)["at"] == "9999-12-31T23:59:59Z"
    assert run("verify").code == 1


def test_a_memory_that_was_forged_hides_a_finding_until_a_recheck(here: Path) -> None:
    """The limit: what was remembered is believed where file, tool, policy and stored document fit. Nothing stored comes from it."""
    assert run("plan", "organizations").code == 0
    MANIFEST.write_text(MANIFEST.read_text().replace("displayName: Acme Health", 'displayName: "Acme \\u202e Health"'))
    assert run("apply", "organizations", "--auto-approve").code == 0
    execute(("UPDATE verdicts SET findings = ''", ()))
    forged, honest = (json.loads(run("plan", "organizations", "--format", "json", *more).out) for more in ((), ("--recheck",)))
    assert len(forged["diagnostics"]) < len(honest["diagnostics"])
    assert forged["resource_changes"] == honest["resource_changes"]


def test_what_a_plan_shows_beside_its_changes_can_be_forged_and_changes_nothing_that_is_performed(here: Path) -> None:
    """The limit: the plan's hash covers the changes, and not what is said about them."""
    MANIFEST.write_text(MANIFEST.read_text().replace("[compliance-officer]", "[full-administrator]"))
    assert run("plan", "organizations", "--out", "plan.json").code == 0
    document = json.loads(Path("plan.json").read_bytes())
    hash_ = document["plan_hash"]
    for change in document["resource_changes"]:
        change["risk"] = "low"
    document.update(access_changes=[], diagnostics=[], manual_steps=[])
    forged = sealed(document)
    assert forged["plan_hash"] == hash_
    Path("plan.json").write_text(json.dumps(forged))
    assert "full-administrator" in run("show", "plan.json").out  # the change itself cannot be hidden
    assert run("apply", "plan.json", "--expect", hash_).code == 0


def test_a_plan_with_another_change_has_another_hash_than_the_one_that_was_reviewed(here: Path) -> None:
    MANIFEST.write_text(MANIFEST.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
    assert run("plan", "organizations", "--out", "plan.json").code == 0
    document = json.loads(Path("plan.json").read_bytes())
    reviewed = document["plan_hash"]
    MANIFEST.write_text(MANIFEST.read_text().replace("[read-only-administrator]", "[device-administrator]", 1))
    assert run("plan", "organizations", "--out", "plan.json").code == 0
    before = STATE.read_bytes()
    assert run("apply", "plan.json", "--expect", reviewed).code == 4
    assert run("apply", "organizations", "--expect", reviewed).code == 4
    assert STATE.read_bytes() == before


def test_a_plan_for_another_state_is_refused_wherever_the_settings_lead(here: Path) -> None:
    MANIFEST.write_text(MANIFEST.read_text().replace("[compliance-officer]", "[read-only-administrator]"))
    assert run("plan", "organizations", "--out", "plan.json").code == 0
    assert run("apply", "organizations", "--auto-approve", "--state", "sqlite:///other.db").code == 0
    Path("reconciler.yaml").write_text("state: {url: 'sqlite:///other.db'}\n")
    assert run("apply", "plan.json").code == 4
    Path("reconciler.yaml").write_text("state: {url: 'sqlite:///new.db', mustExist: true}\n")
    assert run("apply", "plan.json").code == 1
    assert not Path("new.db").exists()


@pytest.mark.parametrize("rule", [*sorted(FIXED_SEVERITY), "grant-too-long", "unreadable-time", "too-many-removals", "stale-plan"])
def test_no_settings_lift_what_policy_cannot(here: Path, rule: str) -> None:
    before = STATE.read_bytes()
    Path("reconciler.yaml").write_text(f"policy: {{severities: {{{rule}: 'off'}}}}\n")
    for command in (("validate", "organizations"), ("plan", "organizations"), ("apply", "organizations", "--auto-approve")):
        assert run(*command).code == 64
    assert STATE.read_bytes() == before


def test_the_name_of_an_approver_in_a_manifest_is_believed_when_it_may_approve(here: Path) -> None:
    """The limit: the file says who approved; who wrote the file is for the review of it to know."""
    lines = MANIFEST.read_text()
    approver = next(line.split("email:")[1].strip() for line in lines.splitlines() if "email:" in line)
    grant = """apiVersion: reconciler/v1
kind: ElevationGrant
metadata: {name: inc-1}
spec:
  organization: acme-health
  agent: {email: tac@cisco.example, type: cisco-tac}
  reason: a story
  requestedAt: "2026-11-20T09:00:00Z"
  approvedBy: %s
  approvedAt: "2026-11-20T09:10:00Z"
  expiresAt: "%s"
"""
    target = Path("organizations/grants/inc-1.yaml")
    for by, end, code in (
        (approver, "2026-11-20T10:10:00Z", 0),
        ("mallory@evil.example", "2026-11-20T10:10:00Z", 1),
        ("tac@cisco.example", "2026-11-20T10:10:00Z", 1),
        (approver, "2026-11-20T10:10:01Z", 1),
    ):
        target.write_text(grant % (by, end))
        assert run("validate", "organizations", "--now", "2026-11-20T09:30:00Z").code == code, (by, end)
