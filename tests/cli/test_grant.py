"""A night's work: access is asked for, given and ended in one file, and nothing takes effect before an apply."""

import stat

import pytest

from tests.cli.running import MANIFESTS, ROOT, TWO, Place
from tests.cli.terminal import Terminal

BY = TWO[0]
FILE = "grants/inc-4711.yaml"
REQUEST = (
    "grant",
    "request",
    FILE,
    "--org",
    "acme",
    "--agent",
    "TAC@cisco.example",
    "--agent-type",
    "cisco-tac",
    "--reason",
    "SSO: broken",
)
LATER = "2027-03-31T00:00:00Z"


@pytest.fixture
def night(applied: Place) -> Place:
    """A folder with a stored state, in which a request was just written."""
    (applied.folder / "grants").mkdir()
    applied.ok(*REQUEST, "--ticket", "SR-4711")
    return applied


def text(place: Place) -> str:
    return (place.folder / FILE).read_text(encoding="utf-8")


def apply(place: Place) -> None:
    place.ok("apply", FILE, "--auto-approve")


def status(place: Place) -> str:
    """Return the status of the one stored grant."""
    (grant,) = place.json("grant", "list").document["grants"]
    found: str = grant["status"]
    return found


def test_a_grant_from_request_to_end_in_one_file_against_the_stored_organization(night: Place) -> None:
    request = text(night)
    assert request.startswith("apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata:\n  name: inc-4711\nspec:\n  organization: acme\n")
    assert '  reason: "SSO: broken"\n  ticket: SR-4711\n  requestedAt: "20' in request
    assert night.json("grant", "list").document["grants"] == []
    apply(night)
    assert status(night) == "pending"
    night.ok("grant", "approve", FILE, "--by", BY)
    assert text(night).startswith(request)
    assert status(night) == "pending"
    apply(night)
    assert status(night) == "active"
    assert night.json("access", "acme", "tac@cisco.example").document["grants"][0]["approved_by"] == BY
    approved = text(night)
    night.ok("grant", "revoke", FILE)
    assert text(night).startswith(approved)
    assert status(night) == "active"
    apply(night)
    assert status(night) == "revoked"
    assert night.json("access", "acme", "tac@cisco.example").document["grants"] == []
    assert night.json("plan", MANIFESTS, FILE, "--detailed-exitcode").code == 0
    assert night.json("verify").code == 0


def test_a_refusal_is_recorded(night: Place) -> None:
    said = night.json("grant", "deny", FILE, "--by", BY).document
    assert (said["operation"], said["status"], said["denied_by"], said["approved_by"]) == ("deny", "denied", BY, None)
    assert night.run("grant", "approve", FILE, "--by", BY).code == 1


def test_every_step_says_what_it_wrote_and_that_nothing_is_in_effect(night: Place) -> None:
    (night.folder / FILE).unlink()
    requested = night.ok(*REQUEST).splitlines()
    assert requested[0].startswith("Requested inc-4711: tac@cisco.example (cisco-tac) in acme, asked for 20")
    assert requested[1:] == [
        f"Written to {FILE}. Nothing takes effect before apply.",
        "",
        "Next:",
        f"  reconciler grant approve {FILE} --by EMAIL",
        f"  reconciler apply {FILE}",
    ]
    approved = night.ok("grant", "approve", FILE, "--by", BY, "--for", "30m")
    assert f", by {BY}.\nWritten to {FILE}. Nothing takes effect before apply.\nWebex itself ends this access " in approved
    assert night.ok("grant", "revoke", FILE).splitlines()[1] == f"Written to {FILE}. Nothing takes effect before apply."


def test_a_file_is_never_overwritten(night: Place) -> None:
    before = text(night)
    for name in (FILE, "grants/link.yaml"):
        if not (night.folder / name).exists():
            (night.folder / name).symlink_to("nowhere.yaml")
        done = night.run("grant", "request", name, *REQUEST[3:])
        assert (done.code, done.failure) == (1, f"error: {name} exists already and is not overwritten [output]\n")
    assert text(night) == before
    assert not (night.folder / "grants/nowhere.yaml").exists()
    assert "cannot be written: No such file or directory" in night.run("grant", "request", "nowhere/a.yaml", *REQUEST[3:]).failure


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grant", "request", "grants/INC.yaml", *REQUEST[3:]], "lower-case letters a-z, digits and hyphens"),
        (["grant", "request", "grants/a.json", *REQUEST[3:]], "ends in .yaml or .yml"),
        (["grant", "request", "grants/a", *REQUEST[3:]], "ends in .yaml or .yml"),
        (["grant", "request", "grants/.yaml", *REQUEST[3:]], "ends in .yaml or .yml"),
        (["grant", "request", "-", *REQUEST[3:]], "ends in .yaml or .yml"),
        (["grant", "request", "a.yaml", *REQUEST[5:]], "a request is for one organization"),
        (["grant", "request", "a.yaml", *REQUEST[3:], "--org", "globex"], "a request is for one organization"),
        (["grant", "request", "a.yaml", *REQUEST[3:], "--agent-type", "friend"], "cisco-tac"),
        (["grant", "request", "a.yaml", *REQUEST[3:], "--reason", "\x1b[2J"], "not one line of printable text"),
        (["grant", "request", "a.yaml", *REQUEST[3:], "--agent", "tac"], "no e-mail address"),
        (["grant", "approve", FILE], "--by"),
        (["grant", "approve", FILE, "--by", BY, "--for", "2h"], "at most 1:00:00"),
        (["grant", "approve", FILE, "--by", BY, "--for", "0s"], "at most 1:00:00"),
        (["grant", "approve", FILE, "--by", BY, "--actor", TWO[1]], "two people"),
        (["grant", "deny", FILE, "--by", BY, "--actor", TWO[1]], "two people"),
        (["grant", "approve", "-", "--by", BY], "name the file"),
        (["grant", "revoke", "grants"], "name the file"),
        (["grant", "list", "--ending", "soon"], "a duration is"),
        (["grant", "aprove", FILE], "no such command aprove"),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_64_and_changes_nothing(night: Place, arguments: list[str], said: str) -> None:
    before = night.everything()
    done = night.run(*arguments)
    assert (done.code, said in done.failure) == (64, True), done.err
    assert night.json(*arguments).code == 64
    assert night.everything() == before


def test_what_is_refused_names_the_line_and_leaves_the_file(night: Place) -> None:
    before = night.everything()
    done = night.run("grant", "approve", FILE, "--by", "tac@cisco.example")
    assert (done.code, done.failure.splitlines()[0]) == (
        1,
        f"{FILE}:8:12: error: tac@cisco.example would be let in by this approval and cannot give it [grant-step]",
    )
    (finding,) = night.json("grant", "revoke", FILE).document["diagnostics"]
    assert (finding["rule_id"], finding["address"], finding["range"]["start"]["line"]) == (
        "grant-step",
        "acme/elevation-grant/inc-4711",
        12,
    )
    assert night.everything() == before
    night.write(FILE, text(night).replace("SR-4711", "null"))
    assert night.run("grant", "approve", FILE, "--by", BY).failure.startswith(f"{FILE}:11:11: error: ticket is null [yaml-null]")


def test_the_file_keeps_its_permissions_and_its_lines(night: Place) -> None:
    path = night.folder / FILE
    old = b"# why\r\n" + path.read_bytes().replace(b"\n", b" # \xc3\xa9\r\n")
    path.write_bytes(old)
    path.chmod(0o640)
    night.ok("grant", "approve", FILE, "--by", BY)
    assert path.read_bytes().startswith(old)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") == old.count(b"\n") + 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["inc-4711.yaml"]


def test_editors_are_told_of_the_schema_where_the_repository_has_it(night: Place) -> None:
    night.write("schemas/elevation-grant.v1.schema.json", (ROOT / "schemas/elevation-grant.v1.schema.json").read_text(encoding="utf-8"))
    night.ok("grant", "request", "grants/a.yaml", *REQUEST[3:])
    first = (night.folder / "grants/a.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../schemas/elevation-grant.v1.schema.json"


def test_the_list_names_what_ends_and_when(night: Place) -> None:
    night.ok("grant", "approve", FILE, "--by", BY)
    apply(night)
    people = f"    - {{email: {BY}, roles: [full-administrator]}}\n    - {{email: {TWO[1]}, roles: [full-administrator]}}\n"
    ending = f'    - {{email: eve@x.example, roles: [read-only-administrator], expiresAt: "{LATER}"}}\n'
    night.declare("globex", spec=f"  administrators:\n{people}{ending}")
    night.ok("apply", f"{MANIFESTS}/globex.yaml", "--auto-approve")
    document = night.json("grant", "list").document
    (grant,) = document["grants"]
    assert 3500 < grant["remaining_seconds"] <= 3600
    assert [(one["person"], one["expires_at"]) for one in document["administrators"]] == [("eve@x.example", LATER)]
    soon = night.json("grant", "list", "--ending", "2h").document
    assert ([one["name"] for one in soon["grants"]], soon["administrators"]) == (["inc-4711"], [])
    assert night.json("grant", "list", "--org", "globex").document["grants"] == []
    assert night.json("grant", "list", "--org", "nobody").code == 1
    over = night.run("grant", "list", "--now", LATER).out
    assert "not yet recorded" in over
    assert "expired" in over
    listed = night.ok("grant", "list", "--now", grant["approved_at"])
    assert f"inc-4711  acme          tac@cisco.example  active  1 h        {grant['expires_at']}  {BY}" in listed.splitlines()
    assert "█" not in listed


def test_a_terminal_shows_what_is_left_as_a_bar(night: Place) -> None:
    night.ok("grant", "approve", FILE, "--by", BY)
    apply(night)
    with Terminal(night, "grant", "list", "--no-color", env={"COLUMNS": "200"}) as terminal:
        assert "  active  ████████ " in terminal.wait_for("As of")
        assert terminal.end() == 0


def test_the_list_changes_nothing_and_needs_no_state(place: Place) -> None:
    assert place.ok("grant", "list").startswith("No stored state at ")
    assert place.json("grant", "list").document["diagnostics"][0]["rule_id"] == "no-stored-state"
    assert list(place.folder.iterdir()) == []


def test_hostile_text_stays_text(night: Place) -> None:
    reason = "##[error]x ::stop-commands:: <script> `@org/team` =HYPERLINK('x')"
    night.ok("grant", "request", "grants/b.yaml", *REQUEST[3:], "--reason", reason, "--ticket", '"; rm -rf /')
    done = night.json("grant", "approve", "grants/b.yaml", "--by", BY)
    assert (done.document["reason"], done.document["ticket"], "##[" in done.out) == (reason, '"; rm -rf /', False)
    night.ok("apply", "grants/b.yaml", "--auto-approve")
    assert night.json("grant", "list").document["grants"][0]["reason"] == reason
