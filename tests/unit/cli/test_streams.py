"""Files of reports: whole or not at all, links stay links, devices stay devices."""

import io
import os
import stat
import threading
from pathlib import Path
from typing import TextIO

import pytest

from reconciler.cli.streams import LostOutputError, OutputError, create_file, refuse_output, replace_file, write_report


def say(text: str) -> "Writer":
    return Writer(text)


class Writer:
    """Writes a text, and fails then if it is told to."""

    def __init__(self, text: str, failure: Exception | None = None) -> None:
        self.text = text
        self.failure = failure

    def __call__(self, out: TextIO) -> None:
        out.write(self.text)
        if self.failure is not None:
            raise self.failure


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("old", encoding="utf-8")
    (tmp_path / "report").chmod(0o604)
    replace_file(tmp_path / "report", say("new"))
    assert (tmp_path / "report").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o604


def test_a_new_file_is_never_written_over_another(tmp_path: Path) -> None:
    create_file(tmp_path / "new", "é\n")
    assert (tmp_path / "new").read_bytes() == "é\n".encode()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("new", "link"):
        with pytest.raises(OutputError, match="exists already and is not overwritten"):
            create_file(tmp_path / name, "other")
    with pytest.raises(OutputError, match="No such file or directory"):
        create_file(tmp_path / "nowhere" / "new", "x")
    assert (tmp_path / "new").read_bytes() == "é\n".encode()
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_written_whole_with_ordinary_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        replace_file(tmp_path / "report", say("é\n"))
    finally:
        os.umask(mask)
    assert (tmp_path / "report").read_bytes() == "é\n".encode()
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o640


@pytest.mark.parametrize("failure", [ValueError("x"), OSError(28, "No space left on device")], ids=["bug", "disk"])
def test_a_report_that_fails_leaves_what_was_there(tmp_path: Path, failure: Exception) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    with pytest.raises(OutputError if isinstance(failure, OSError) else ValueError, match=r"No space|x"):
        replace_file(path, Writer("new", failure))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_names_may_be_is_fine(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    replace_file(path, say("text"))
    assert path.read_text() == "text"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    replace_file(path, say("text"))
    reader.join(30)
    assert read == ["text"]
    assert path.is_fifo()


def test_what_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    refuse_output(None)
    refuse_output("-")
    refuse_output(str(tmp_path / "report"))
    refuse_output(os.devnull)
    with pytest.raises(OutputError, match="it is a folder"):
        refuse_output(str(tmp_path))
    with pytest.raises(OutputError, match="there is no folder"):
        refuse_output(str(tmp_path / "nowhere" / "report"))


def test_standard_output_gets_nothing_of_a_report_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="half"):
        write_report(Writer("x" * 100_000, ValueError("half")), None)
    assert capsys.readouterr().out == ""
    write_report(say("\ud800 whole\n"), "-")
    assert capsys.readouterr().out == "\\ud800 whole\n"


def test_a_standard_output_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Full(io.StringIO):
        """A disk that is full."""

        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def fileno(self) -> int:
            return file.fileno()

    with (tmp_path / "stdout").open("w") as file:
        monkeypatch.setattr("sys.stdout", Full())
        with pytest.raises(LostOutputError, match="No space left on device"):
            write_report(say("text"), None)
