"""The common options: on every command, and in the order flag, variable, `reconciler.yaml`, default."""

from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, NOW, TWO, Place

WHERE = ["--config", "settings.yaml", "--state", "sqlite:///elsewhere/state.db", "--output", "-", "--format", "json", "--target", "none"]
WHAT = ["--org", "acme", "--org", "globex", "-l", "tier=gold", "--actor", "alice@x.example", "--lock-timeout", "5s"]
COMMON = [*WHERE, *WHAT, "--no-color", "-q", "-v"]
READING = ["--now", NOW]


@pytest.fixture
def gold(place: Place) -> Place:
    place.declare("acme", *TWO, labels="{tier: gold}")
    place.declare("globex", *TWO, labels="{tier: gold}")
    place.write("settings.yaml", "paths: [organizations]\n")
    return place


def test_every_command_takes_every_common_option(gold: Place) -> None:
    made = gold.run("apply", "--auto-approve", *COMMON).document
    assert made["summary"]["create"] == 6
    assert (gold.folder / "elsewhere" / "state.db").exists()
    for arguments in (
        ["validate"],
        ["plan", "--detailed-exitcode"],
        ["drift"],
        ["show"],
        ["history", "acme"],
        ["verify"],
        ["access", "acme"],
        ["who-can", "locations"],
    ):
        done = gold.run(*arguments, *COMMON, *READING)
        assert (done.code, done.document["kind"] != "error", done.err) == (0, True, ""), arguments
    assert {entry["actor"] for entry in gold.run("history", *COMMON).document["entries"]} == {"alice@x.example"}
    assert gold.run("schema", "plan", *COMMON, *READING).code == 0
    assert gold.run("init", "new", *COMMON).document["folder"] == "new"
    assert gold.run("unlock", "3f2a", *COMMON).code == 1
    assert gold.run("attest", "acme", "--note", "x", *COMMON).summary() == "no follow-up is open at acme"
    assert gold.run("state", "forget", "acme", *COMMON).document["operation"] == "forget"
    assert not gold.state.exists()


def test_the_state_is_the_flag_then_the_variable_then_the_file_then_the_default(place: Place) -> None:
    def location(*arguments: str, **env: str) -> str:
        return place.run("plan", "-", "--allow-empty", *arguments, env=env).out.splitlines()[0].split()[4].rstrip(":")

    assert location() == "sqlite:///.reconciler/state.db"
    place.write("reconciler.yaml", "state: sqlite:///file.db\n")
    assert location() == "sqlite:///file.db"
    assert location(RECONCILER_STATE="sqlite:///variable.db") == "sqlite:///variable.db"
    assert location("--state", "sqlite:///flag.db", RECONCILER_STATE="sqlite:///variable.db") == "sqlite:///flag.db"
    assert [path.name for path in place.folder.iterdir()] == ["reconciler.yaml"]


def test_the_format_is_the_flag_then_the_variable_then_the_file_then_text(place: Place) -> None:
    place.declare("acme", *TWO)
    assert place.run("validate", MANIFESTS).out.startswith("Valid")
    place.write("reconciler.yaml", "format: json\n")
    assert place.run("validate", MANIFESTS).document["valid"] is True
    assert place.run("validate", MANIFESTS, env={"RECONCILER_FORMAT": "text"}).out.startswith("Valid")
    assert place.run("validate", MANIFESTS, "--format", "json", env={"RECONCILER_FORMAT": "text"}).document["valid"] is True


def test_organizations_come_from_flags_or_from_a_variable_split_on_blanks(gold: Place) -> None:
    def planned(*arguments: str, **env: str) -> list[str]:
        return list(gold.run("plan", MANIFESTS, "--format", "json", *arguments, env=env).document["prior_state"]["serials"])

    assert planned("--org", "acme") == ["acme"]
    assert planned(RECONCILER_ORG="acme globex") == ["acme", "globex"]
    assert planned("--org", "globex", RECONCILER_ORG="acme") == ["globex"]
    gold.declare("initech", *TWO, labels="{tier: gold, region: emea}")
    assert planned("-l", "tier=gold", "-l", "region=emea") == ["initech"]
    assert planned("-l", "tier=gold", "--org", "acme") == ["acme"]


def test_the_instant_is_the_flag_then_the_variable_then_the_epoch(place: Place) -> None:
    place.declare("acme", *TWO)

    def instant(*arguments: str, **env: str) -> str:
        found: str = place.run("plan", MANIFESTS, "--format", "json", *arguments, env=env).document["as_of"]
        return found

    everything = {"RECONCILER_NOW": "2026-01-02T00:00:00Z", "SOURCE_DATE_EPOCH": "86400"}
    assert instant("--now", "2026-01-01T01:00:00+01:00", **everything) == "2026-01-01T00:00:00Z"
    assert instant(**everything) == "2026-01-02T00:00:00Z"
    assert instant(SOURCE_DATE_EPOCH="86400") == "1970-01-02T00:00:00Z"


def test_settings_are_read_here_or_from_the_named_file_and_nowhere_else(place: Place) -> None:
    place.declare("acme", *TWO)
    (place.folder / "below").mkdir()
    place.write("reconciler.yaml", "paths: [organizations]\nformat: json\n")
    assert place.run("validate").document["organizations"] == 1
    below = Place(place.folder / "below")
    assert below.run("validate").failure.startswith("error: no manifests were named")
    place.write("other.yaml", "paths: [../organizations]\nformat: json\n")
    assert below.run("validate", "--config", "../other.yaml").document["organizations"] == 1
    assert below.run("validate", env={"RECONCILER_CONFIG": "../other.yaml"}).document["organizations"] == 1
    assert below.run("validate", "--config", "", "../organizations").code == 64
    place.write("empty.yaml", "# nothing\n")
    assert below.run("validate", "--config", "../empty.yaml", "../organizations").out.startswith("Valid")


@pytest.mark.parametrize(
    ("text", "place_of_it", "said"),
    [
        ("stat: x\n", "1:1", "state"),
        ("format: yaml\n", "1:9", "json"),
        ("state: {mustExist: yes}\n", "1:20", "true or false"),
        ("lockTimeout: soon\n", "1:14", "soon"),
        ("paths: []\n", "1:8", "paths"),
        ("format: json\nformat: text\n", "2:1", "format"),
        ("policy:\n  freezeWindows: []\n", "2:3", "unknown field freezeWindows"),
        ("policy:\n  limits: {}\n", "2:11", "limits has no fields"),
        ("policy:\n  requiredActor: maybe\n", "2:18", "true or false"),
        ("policy:\n  waivers: [{rule: x, about: acme, reason: y, expires: never}]\n", "2:20", "no rule x that could be waived"),
        ("policy:\n  waivers: [{rule: x, about: acme, reason: y, expires: never}]\n", "2:20", "yaml:2:56: error: expires never"),
        ("policy:\n  severities:\n    few-full-administrator: error\n", "3:29", "hint: did you mean few-full-administrators?"),
        ("policy:\n  severities:\n    no-full-administrator: warning\n", "3:28", "cannot be lowered"),
        ("target: webex\n", "1:9", "none"),
        ("a: [\n", "2:1", ""),
    ],
)
def test_what_is_wrong_with_the_settings_has_its_place(place: Place, text: str, place_of_it: str, said: str) -> None:
    place.write("reconciler.yaml", text)
    done = place.run("plan", "-", "--allow-empty")
    assert done.code == 64
    assert done.failure.startswith(f"reconciler.yaml:{place_of_it}: error: ")
    assert said in done.err


def test_severities_of_rules_are_tuned_in_the_settings(place: Place) -> None:
    place.declare("acme", "a.one@x.example")
    place.write("reconciler.yaml", "policy: {severities: {few-full-administrators: error}}\nfailOn: warning\n")
    assert place.json("validate", MANIFESTS).document["error_count"] == 1
    assert place.json("plan", MANIFESTS).code == 1
    place.write("reconciler.yaml", "policy: {severities: {few-full-administrators: 'off'}}\n")
    assert place.json("validate", MANIFESTS, "--fail-on", "warning").document["diagnostics"] == []


def test_what_is_said_on_standard_error_is_tuned_and_never_in_the_report(applied: Place, tmp_path: Path) -> None:
    journal = applied.state.with_name("state.db-journal")
    assert not journal.exists()
    (applied.folder / MANIFESTS / "link.yaml").symlink_to(tmp_path)
    loud, quiet = applied.run("validate", MANIFESTS), applied.run("validate", MANIFESTS, "-qq", env={"RECONCILER_LOG": "debug"})
    assert loud.out == quiet.out
    assert "link.yaml" in loud.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("reconciler pl", "plain,plan"),
        ("reconciler grant ap", "plain,approve"),
        ("reconciler plan --deta", "plain,--detailed-exitcode"),
        ("reconciler plan --format mar", "plain,markdown"),
        ("reconciler plan org", "file,org"),
        ("reconciler plan --out pl", "file,pl"),
    ],
)
def test_a_shell_completes_commands_options_values_and_files(place: Place, typed: str, offered: str) -> None:
    words = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    assert place.run(env=words).out.splitlines() == [offered]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["grant", "aprove"], "reconciler grant approve"),
        (["plan", "--detailed-exitcod"], "--detailed-exitcode"),
        (["plan", "--format", "markdwon"], "--format markdown"),
        (["plan", "--format", "x"], "reconciler plan --help"),
        (["init", "--ci", "gitlabb"], "--ci gitlab"),
    ],
)
def test_what_was_mistyped_is_answered_with_what_was_meant(place: Place, arguments: list[str], hint: str) -> None:
    done = place.run(*arguments)
    assert (done.code, done.failure.splitlines()[-1].strip()) == (64, f"hint: {hint}")
