import io
import os
import sys
from pathlib import Path

import pytest

from reconciler.manifests.files import STREAM_LIMIT, Source, discover
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Severity


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str = "a: b\n") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(*paths: str) -> list[str]:
    return [source.name for source in discover(paths).sources]


def rules(*paths: str) -> list[tuple[str, Severity, str]]:
    return [(found.rule, found.severity, found.range.filename if found.range else "") for found in discover(paths).findings]


def test_a_walk_finds_yaml_below_and_leaves_the_rest() -> None:
    for name in (
        "orgs/b.yaml",
        "orgs/deep/er/a.yml",
        "orgs/.git/x.yaml",
        "orgs/.hidden.yaml",
        "orgs/reconciler.yaml",
        "orgs/plan.json",
        "orgs/c.txt",
    ):
        write(name)
    assert names("orgs") == ["orgs/b.yaml", "orgs/deep/er/a.yml"]
    assert rules("orgs") == []


def test_the_order_and_the_repetition_of_paths_do_not_matter() -> None:
    write("a/x.yaml")
    write("b/y.yaml")
    assert names("b", "a", "b/y.yaml", "./a/") == names("a", "b") == ["a/x.yaml", "b/y.yaml"]


def test_names_outside_the_working_directory_stay_as_given(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("orgs/a.yaml")
    write("elsewhere/b.yaml")
    monkeypatch.chdir(here / "orgs")
    assert names("../elsewhere", str(here / "orgs")) == ["../elsewhere/b.yaml", "a.yaml"]


def test_a_directory_without_manifests_is_reported() -> None:
    Path("empty").mkdir()
    write("full/a.yaml")
    assert discover(["empty", "full"]).empty_paths == ("empty",)


def test_links_are_skipped_in_a_walk_and_refused_by_name() -> None:
    write("orgs/a.yaml")
    Path("orgs/link.yaml").symlink_to("a.yaml")
    Path("orgs/up").symlink_to("..")
    Path("orgs/README").symlink_to("a.yaml")
    assert rules("orgs") == [("symbolic-link", Severity.WARNING, "orgs/link.yaml"), ("symbolic-link", Severity.WARNING, "orgs/up")]
    assert rules("orgs/link.yaml") == [("symbolic-link", Severity.ERROR, "orgs/link.yaml")]
    assert names("orgs") == ["orgs/a.yaml"]


def test_a_pipe_is_skipped_in_a_walk_and_refused_by_name() -> None:
    Path("orgs").mkdir()
    os.mkfifo("orgs/pipe.yaml")
    assert rules("orgs") == [("special-file", Severity.WARNING, "orgs/pipe.yaml")]
    assert rules("orgs/pipe.yaml") == [("special-file", Severity.ERROR, "orgs/pipe.yaml")]


@pytest.mark.parametrize(
    ("path", "rule"),
    [("none.yaml", "path-missing"), ("", "path-missing"), ("plan.json", "plan-file-as-manifest"), ("a\0b", "file-unreadable")],
)
def test_what_cannot_be_used_is_an_error_when_named(path: str, rule: str) -> None:
    write("plan.json")
    assert [(found, severity) for found, severity, _ in rules(path)] == [(rule, Severity.ERROR)]


def test_a_name_that_is_no_utf_8_is_shown_escaped() -> None:
    Path(os.fsdecode(b"caf\xe9.yaml")).write_text("a: b\n", encoding="utf-8")
    (source,) = discover(["."]).sources
    assert (source.name, source.read().data) == ("caf\\xe9.yaml", b"a: b\n")


def test_a_file_larger_than_the_limit_is_refused_unread() -> None:
    with Path("large.yaml").open("wb") as file:
        file.truncate(STREAM_LIMIT + 1)
    (source,) = discover(["large.yaml"]).sources
    with pytest.raises(ManifestError) as caught:
        source.read()
    assert caught.value.findings[0].rule == "stream-too-large"


@pytest.mark.parametrize("size", [0, 1, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 200_000])
def test_files_of_any_size_are_read_whole(size: int) -> None:
    Path("a.yaml").write_bytes(b"x" * size)
    (source,) = discover(["a.yaml"]).sources
    assert source.read().data == b"x" * size


def test_a_file_that_lies_about_its_size_is_read_whole() -> None:
    source = Source(name="status", path="/proc/self/status")
    assert source.read().data.startswith(b"Name:")


def test_a_file_that_changed_is_not_read_again() -> None:
    path = write("a.yaml")
    (source,) = discover(["a.yaml"]).sources
    first = source.read()
    assert source.read_again(first.sha256) == first.data
    path.write_text("a: c\n", encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        source.read_again(first.sha256)
    assert (caught.value.rule, caught.value.findings[0].rule) == ("file-changed", "file-changed")


def test_a_file_that_became_a_link_is_refused() -> None:
    path = write("a.yaml")
    (source,) = discover(["a.yaml"]).sources
    path.rename("b.yaml")
    path.symlink_to("b.yaml")
    with pytest.raises(ManifestError, match="symbolic link"):
        source.read()


def test_standard_input_is_read_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: b\n")))
    (source,) = discover(["-", "-"]).sources
    content = source.read()
    assert (source.name, content.data, content.file) == ("<stdin>", b"a: b\n", None)
    assert source.read_again(content.sha256) == content.data
