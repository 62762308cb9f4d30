"""Fields are added to the file of a grant, and nothing else in it changes: not a blank, not a comment, not a line end."""

from pathlib import Path

import pytest

from reconciler.manifests import GrantDurations, read, survey
from reconciler.manifests.grant_files import GrantFile, new_grant_text, read_grant_file
from reconciler.model.errors import ManifestError, UsageError
from tests.fakes.builders import a_request

DURATIONS = GrantDurations()
HEAD = "apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {name: inc-1}\n"
SPEC = '  organization: acme\n  agent: {email: tac@cisco.example, type: cisco-tac}\n  reason: broken\n  requestedAt: "2026-11-20T09:00:00Z"'
BLOCK = f"{HEAD}spec:\n{SPEC}\n"
JSON = (
    '{"apiVersion": "reconciler/v1", "kind": "ElevationGrant", "metadata": {"name": "inc-1"}, "spec": {"organization": "acme", "agent": '
    '{"email": "tac@cisco.example", "type": "cisco-tac"}, "reason": "broken", "requestedAt": "2026-11-20T09:00:00Z"}}\n'
)
OTHER = "apiVersion: reconciler/v1\nkind: Organization\nmetadata:   {name: acme}\nspec:\n    type: customer  # é\n"
FIELDS = {"approvedBy": "alice@acme.example", "approvedAt": "2026-11-20T09:10:00Z", "expiresAt": "2026-11-20T10:10:00Z"}
LINES = '  approvedBy: alice@acme.example\n  approvedAt: "2026-11-20T09:10:00Z"\n  expiresAt: "2026-11-20T10:10:00Z"\n'
IN_FLOW = ', approvedBy: alice@acme.example, approvedAt: "2026-11-20T09:10:00Z", expiresAt: "2026-11-20T10:10:00Z"'
# The mark § stands where the fields are expected, and is no part of the file.
LAYOUTS = {
    "plain": (f"{BLOCK}§", LINES),
    "no final newline": (f"{HEAD}spec:\n{SPEC}§", f"\n{LINES}".rstrip("\n")),
    "fields behind it": (f"{BLOCK}§  ticket: SR-1\n", LINES),
    "a comment on the line": (f"{HEAD}spec:\n{SPEC}   # one hour\n§  # something else\n", LINES),
    "a comment that goes on": (f"{HEAD}spec:\n{SPEC}   # one\n      # hour\n§  # else\n", LINES),
    "a comment that ends the file": (f"{HEAD}spec:\n{SPEC}   # one\n      # hour§", f"\n{LINES}".rstrip("\n")),
    "blank lines": (f"\n\n{BLOCK}§\n\n", LINES),
    "four blanks": (f"{BLOCK.replace('  ', '    ')}§", LINES.replace("  ", "    ")),
    "CRLF": (f"{BLOCK}§# end\n".replace("\n", "\r\n"), LINES.replace("\n", "\r\n")),
    "CR": (f"{BLOCK}§".replace("\n", "\r"), LINES.replace("\n", "\r")),
    "BOM": (f"\ufeff{BLOCK}§", LINES),
    "markers": (f"---\n{BLOCK}§...\n", LINES),
    "plain time": (f"{BLOCK.replace(chr(34), '')}§", LINES),
    "single quotes": (f"{BLOCK.replace(chr(34), chr(39))}§", LINES),
    "time on the next line": (f"{BLOCK.replace('requestedAt: ', 'requestedAt:' + chr(10) + '      ')}§", LINES),
    "explicit keys": (f"{HEAD}spec:\n  ? requestedAt\n  : 2026-11-20T09:00:00Z\n§{SPEC.rpartition(chr(10))[0]}\n", LINES),
    "long reason": (f"{BLOCK.replace('broken', 'broken ' * 60)}§", LINES),
    "folded reason": (f"{BLOCK.replace('broken', '>-' + chr(10) + '    broken' + chr(10) + '    é and more')}§", LINES),
    "flow over two lines": (f"{HEAD}spec: {{{SPEC.replace(chr(10), ',' + chr(10))}§}}  # x\n", IN_FLOW),
    "flow in one": (f"{HEAD}spec:   {{ {SPEC.replace(chr(10), ', ')}§  , ticket: x }}\n", IN_FLOW),
    "JSON": (
        JSON.replace('Z"}}', 'Z"§}}'),
        IN_FLOW.replace(": ", '": ').replace(", ", ', "').replace(": a", ': "a').replace("le,", 'le",'),
    ),
    "after another document": (f"{OTHER}---\n{BLOCK}§", LINES),
    "before another document": (f"# é\n{BLOCK}§---\n{OTHER}", LINES),
}


def grant_file(folder: Path, text: str) -> GrantFile:
    path = folder / "inc-1.yaml"
    path.write_bytes(text.encode())
    return read_grant_file(str(path), DURATIONS)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_added_bytes_are_new(layout: str, tmp_path: Path) -> None:
    marked, added = LAYOUTS[layout]
    file = grant_file(tmp_path, marked.replace("§", ""))
    assert file.with_fields(FIELDS, after="requestedAt", durations=DURATIONS) == marked.replace("§", added)


def test_what_was_written_reads_as_the_grant_with_its_decision(tmp_path: Path) -> None:
    file = grant_file(tmp_path, BLOCK)
    (tmp_path / "inc-1.yaml").write_text(file.with_fields(FIELDS, after="requestedAt", durations=DURATIONS), encoding="utf-8")
    with read(survey([str(tmp_path)])) as manifests:
        assert manifests.findings == ()
        grant = manifests.load("acme").grants["inc-1"]
    assert (grant.approved_by, grant.approved_at is None, grant.requested_at) == ("alice@acme.example", False, file.grant.requested_at)


@pytest.mark.parametrize(
    "by", ["o'neill@acme.example", "no@x.example", "1@x.example", "a,b@x.example", "müller@acme.example", '"a"@x.example']
)
def test_an_address_is_quoted_where_it_would_read_as_something_else(by: str, tmp_path: Path) -> None:
    for text in (BLOCK, JSON, LAYOUTS["flow in one"][0].replace("§", "")):
        made = grant_file(tmp_path, text).with_fields({**FIELDS, "approvedBy": by}, after="requestedAt", durations=DURATIONS)
        (tmp_path / "inc-1.yaml").write_text(made, encoding="utf-8")
        assert read_grant_file(str(tmp_path / "inc-1.yaml"), DURATIONS).grant.approved_by == by


def test_what_would_be_invalid_is_refused(tmp_path: Path) -> None:
    file = grant_file(tmp_path, BLOCK)
    with pytest.raises(ManifestError, match="expiresAt is 1:50:00 after approvedAt") as caught:
        file.with_fields({**FIELDS, "expiresAt": "2026-11-20T11:00:00Z"}, after="requestedAt", durations=DURATIONS)
    assert [(finding.rule, finding.range) for finding in caught.value.findings] == [("grant-too-long", None)]


def test_what_would_change_the_meaning_is_refused_with_what_to_write(tmp_path: Path) -> None:
    file = grant_file(tmp_path, BLOCK)
    with pytest.raises(ManifestError, match="nothing can be added here") as caught:
        file.with_fields({"requestedAt": "2026-11-20T09:01:00Z"}, after="requestedAt", durations=DURATIONS)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.hint) == ("grant-not-editable", 'write under spec by hand: requestedAt: "2026-11-20T09:01:00Z"')
    assert finding.range is not None
    assert (finding.range.start.line, finding.address) == (5, "acme/elevation-grant/inc-1")


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (OTHER, "grant-file", 1),
        (f"{BLOCK}---\n{BLOCK.replace('inc-1', 'inc-2')}", "grant-file", 10),
        (BLOCK.replace("broken", "null"), "yaml-null", 7),
        ("a: }", "yaml-syntax", 1),
        ("", "grant-file", 1),
    ],
)
def test_a_file_holds_one_valid_grant(text: str, rule: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        grant_file(tmp_path, text)
    finding = caught.value.findings[0]
    assert finding.range is not None
    assert (finding.rule, finding.range.start.line) == (rule, line)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("inc-1.yaml")
    for path in ("-", str(tmp_path)):
        with pytest.raises(UsageError, match="name the file"):
            read_grant_file(path, DURATIONS)
    for name, rule in (("link.yaml", "symbolic-link"), ("missing.yaml", "path-missing"), ("plan.json", "path-missing")):
        with pytest.raises(ManifestError) as caught:
            read_grant_file(str(tmp_path / name), DURATIONS)
        assert caught.value.findings[0].rule == rule


def test_a_file_that_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    file = grant_file(tmp_path, BLOCK)
    file.unchanged()
    (tmp_path / "inc-1.yaml").write_text(BLOCK + "# more\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="changed while"):
        file.unchanged()


@pytest.mark.parametrize(
    "reason",
    [
        "broken",
        "no",
        "NULL",
        "0123",
        "12:30",
        "a: b",
        "a #b",
        "- x",
        "é",
        "'",
        '"',
        "\\",
        "株式会社",
        "[x]",
        "{",
        "&a",
        "*a",
        "x ",
        "~",
        "1e3",
        "%x",
    ],
)
def test_a_new_grant_reads_as_it_was_asked_for(reason: str, tmp_path: Path) -> None:
    wanted = a_request("no", reason=reason, ticket=reason, organization="123")
    text = new_grant_text(wanted, DURATIONS, schema="../schemas/x.json")
    assert text.startswith("# yaml-language-server: $schema=../schemas/x.json\napiVersion: reconciler/v1\n")
    assert grant_file(tmp_path, text).grant == wanted


def test_hostile_text_stays_text_in_a_new_grant(tmp_path: Path) -> None:
    wanted = a_request(reason="a\nb\r\x1b[2J\x7f\x85\u2028\u202e\ufeff\U0001f600\nkind: Organization\n---\n")
    assert grant_file(tmp_path, new_grant_text(wanted, DURATIONS)).grant == wanted
    with pytest.raises(ManifestError):
        new_grant_text(a_request(reason="\ud800"), DURATIONS)


@pytest.mark.parametrize("fields", [{"organization": "Acme Health"}, {"agent_email": "tac"}, {"agent_type": "friend"}, {"reason": ""}])
def test_what_no_manifest_may_say_is_not_written(fields: dict[str, str]) -> None:
    with pytest.raises(ManifestError):
        new_grant_text(a_request(**fields), DURATIONS)
