"""Where reports go: standard output or a file, whole or not at all; a closed pipe and a full disk."""

import os
import sqlite3
import stat
import subprocess
from contextlib import closing

import pytest

from tests.cli.running import MANIFESTS, SECONDS, TWO, Place, command, document_of, environment


def test_a_report_goes_to_a_file_whole_and_standard_output_stays_empty(applied: Place) -> None:
    (applied.folder / "real.json").write_text("old")
    (applied.folder / "report.json").symlink_to("real.json")
    on_stdout = applied.json("show", "acme")
    in_file = applied.json("show", "acme", "--output", "report.json")
    assert (in_file.code, in_file.out, in_file.err) == (0, "", "")
    assert (applied.folder / "real.json").read_text() == on_stdout.out
    assert (applied.folder / "report.json").is_symlink()
    assert stat.S_IMODE((applied.folder / "real.json").stat().st_mode) & 0o600 == 0o600
    assert applied.json("show", "acme", env={"RECONCILER_OUTPUT": "report.json"}).out == ""
    assert applied.json("show", "acme", "--output", "-", env={"RECONCILER_OUTPUT": "report.json"}).out == on_stdout.out


def test_a_failure_in_json_goes_to_the_file_as_well_and_in_text_to_standard_error(applied: Place) -> None:
    for arguments in (["show", "nobody"], ["show", "--bogus"]):
        done = applied.json(*arguments, "--output", "report.json")
        assert (done.out, done.err) == ("", "")
        document = document_of((applied.folder / "report.json").read_text())
        assert (document["kind"], document["exit_code"]) == ("error", done.code)
    (applied.folder / "report.txt").write_text("old")
    done = applied.run("show", "nobody", "--output", "report.txt")
    assert (done.code, done.out, (applied.folder / "report.txt").read_text()) == (1, "", "old")
    assert "no organization nobody is stored" in done.err


def test_a_file_that_cannot_be_written_is_told_before_anything_is_applied(applied: Place) -> None:
    applied.declare("acme", *TWO)
    for output in ("nowhere/report.json", MANIFESTS):
        done = applied.json("apply", MANIFESTS, "--auto-approve", "--output", output)
        assert done.code == 1
        assert done.summary().startswith(f"{output} cannot be written")
    assert applied.json("plan", MANIFESTS).document["summary"]["delete"] == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk here")  # noqa: PTH110 -- a device
def test_a_full_disk_is_an_error_and_what_was_applied_is_said(applied: Place) -> None:
    applied.declare("acme", *TWO)
    done = applied.json("apply", MANIFESTS, "--auto-approve", "--output", "/dev/full")
    assert done.code == 1
    (diagnostic,) = done.document["diagnostics"]
    assert diagnostic["summary"] == "/dev/full cannot be written: No space left on device"
    run = applied.json("history", "acme").document["entries"][-1]["run"]
    assert diagnostic["detail"] == f"the changes were made and recorded all the same, by run {run}"
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)  # noqa: PTH116 -- a device, and still one
    failed = applied.run("plan", MANIFESTS, "--out", "/dev/full/plan.json")
    assert (failed.code, failed.out) == (1, "")
    for format_ in ("text", "json"):
        with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 -- a device
            lost = subprocess.run(
                command("show", "--format", format_),
                cwd=applied.folder,
                env=environment(),
                stdout=full,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                timeout=SECONDS,
                check=False,
            )
        assert lost.returncode == 1
        assert "the report cannot be written to standard output: No space left on device" in lost.stderr
        assert "Traceback" not in lost.stderr


def test_a_report_that_fails_half_way_is_one_error_and_nothing_of_the_report(applied: Place) -> None:
    with closing(sqlite3.connect(applied.state)) as state, state:
        state.execute("UPDATE journal SET before = '{', at = 'noon' WHERE organization = 'initech' AND seq = 3")
    done = applied.json("history")
    assert (done.code, done.document["kind"]) == (1, "error")
    assert "initech" in done.summary()
    assert applied.run("history").failure.startswith("error: ")
    verified = applied.json("verify")
    assert (verified.code, verified.document["intact"]) == (1, False)
    assert "entry 3 in the journal of initech" in verified.document["problems"][0]["message"]


def unread(place: Place, *arguments: str, stderr: int) -> tuple[int, str]:
    """Run a command of whose standard output nobody reads anything; return the exit code and standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command(*arguments),
            cwd=place.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing if stderr == subprocess.STDOUT else stderr,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr or ""


def test_a_closed_pipe_is_quiet_and_never_stops_an_apply(applied: Place) -> None:
    assert unread(applied, "history", stderr=subprocess.PIPE) == (0, "")
    assert unread(applied, "plan", MANIFESTS, "--format", "json", stderr=subprocess.PIPE) == (0, "")
    applied.declare("acme", *TWO)
    assert unread(applied, "apply", MANIFESTS, "--auto-approve", stderr=subprocess.STDOUT) == (0, "")
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert unread(applied, "show", "nobody", stderr=subprocess.STDOUT) == (1, "")


def test_a_reader_who_takes_one_line_gets_it_and_both_end_well(applied: Place) -> None:
    with subprocess.Popen(
        command("history", "--format", "json"),
        cwd=applied.folder,
        env=environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "{\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(SECONDS) == 0


def test_streams_that_are_closed_swallow_what_is_written(applied: Place) -> None:
    applied.declare("acme", *TWO)
    script = 'exec "$0" "$@" <&- >&- 2>&-'
    done = subprocess.run(
        ["/bin/sh", "-c", script, *command("apply", MANIFESTS, "--auto-approve")], cwd=applied.folder, env=environment(), check=False
    )
    assert done.returncode == 0
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert applied.json("verify").code == 0


def test_no_character_can_break_a_report(place: Place) -> None:
    place.declare("acme", *TWO, spec='  displayName: "\\u202e\\u00e9\\U0001F600 ::error::x"\n')
    plain = place.run("plan", MANIFESTS, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"})
    assert plain.code == 0
    assert "\\u{202e}é\U0001f600" in plain.out
    assert place.json("plan", MANIFESTS).out.isascii()
