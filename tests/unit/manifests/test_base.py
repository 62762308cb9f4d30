"""Manifests as they were: found at a revision of a real repository, or in a directory, and nothing else is touched."""

import os
import stat
from pathlib import Path

import pytest

from reconciler.manifests import survey
from reconciler.manifests.base import BaseSurvey, survey_base
from reconciler.model.errors import ManifestError, UsageError
from tests.fakes.repository import Checkout, a_checkout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return a_checkout(folder)


def write(checkout: Checkout, **files: str) -> None:
    for name, text in files.items():
        path = checkout.folder / "orgs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def bytes_of(found: BaseSurvey) -> dict[str, bytes]:
    return {file.name: file.source.read_again(file.sha256) for file in found.survey.files}


def at(base: str, *paths: str) -> dict[str, bytes]:
    with survey_base(base, paths, survey(paths, missing_ok=True)) as found:
        return bytes_of(found)


def refusal(base: str, *paths: str) -> UsageError:
    with pytest.raises(UsageError) as refused, survey_base(base, paths, survey(paths, missing_ok=True)):
        pass
    return refused.value


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def test_a_revision_gives_what_stood_there_and_an_unchanged_file_is_the_one_that_is_there(checkout: Checkout) -> None:
    write(checkout, same="same\n", edited="old\n", gone="gone\n")
    checkout.commit()
    write(checkout, edited="new\n", added="added\n")
    (checkout.folder / "orgs/gone.yaml").unlink()
    with survey_base("HEAD", ["orgs"], survey(["orgs"])) as found:
        assert bytes_of(found) == {"orgs/edited.yaml": b"old\n", "orgs/gone.yaml": b"gone\n", "orgs/same.yaml": b"same\n"}
        assert [file.name for file in found.survey.files if file.source.path is not None] == ["orgs/same.yaml"]
        assert found.commit == checkout.git("rev-parse", "HEAD")


def test_a_revision_means_where_the_branch_left_it(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    fork = checkout.commit()
    checkout.git("checkout", "--quiet", "-b", "branch")
    write(checkout, one="branch\n")
    checkout.commit()
    checkout.git("checkout", "--quiet", "main")
    write(checkout, one="main went on\n", two="2\n")
    checkout.commit()
    checkout.git("checkout", "--quiet", "branch")
    with survey_base("main", ["orgs"], survey(["orgs"])) as found:
        assert (found.commit, bytes_of(found)) == (fork, {"orgs/one.yaml": b"1\n"})


def test_the_tree_is_walked_as_a_folder_is(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    orgs = checkout.folder / "orgs"
    for name in (".hidden.yaml", ".folder/in.yaml", "reconciler.yaml", "notes.txt", "deep/er/two.yml", "株式会社.yaml"):
        (orgs / name).parent.mkdir(parents=True, exist_ok=True)
        (orgs / name).write_text("x\n", encoding="utf-8")
    (orgs / "link.yaml").symlink_to("one.yaml")
    (checkout.folder / "beside.yaml").write_text("beside\n", encoding="utf-8")
    checkout.commit()
    with survey_base("HEAD", ["orgs"], survey(["nowhere"])) as nothing_read_before:
        taken = sorted(bytes_of(nothing_read_before))
    assert taken == [file.name for file in survey(["orgs"]).files] == ["orgs/deep/er/two.yml", "orgs/one.yaml", "orgs/株式会社.yaml"]
    assert sorted(at("HEAD", "orgs/one.yaml", "beside.yaml")) == ["beside.yaml", "orgs/one.yaml"]
    assert sorted(at("HEAD", ".")) == ["beside.yaml", *taken]
    assert at("HEAD", "later") == {}


def test_a_folder_further_down_names_files_as_the_run_does(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    write(checkout, one="1\n")
    (checkout.folder / "sub").mkdir()
    (checkout.folder / "sub/two.yaml").write_text("2\n", encoding="utf-8")
    checkout.commit()
    monkeypatch.chdir(checkout.folder / "sub")
    assert at("HEAD", ".", "../orgs") == {"../orgs/one.yaml": b"1\n", "two.yaml": b"2\n"}
    assert at("HEAD", str(checkout.folder / "orgs")) == {"../orgs/one.yaml": b"1\n"}
    assert refusal("HEAD", "../..").message == f"../.. is not below {checkout.folder}"


def test_another_repository_inside_is_said_not_to_be_looked_into(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    inner = checkout.folder / "orgs/inner"
    inner.mkdir()
    a_checkout(inner).commit()
    checkout.commit()
    with survey_base("HEAD", ["orgs"], survey(["orgs"])) as found:
        assert [(finding.rule, finding.message) for finding in found.survey.findings] == [
            ("file-unreadable", "cannot be read: another repository stands here")
        ]


def test_an_object_that_is_not_at_hand_is_a_finding_and_is_not_fetched(checkout: Checkout) -> None:
    write(checkout, one="1\n", two="2\n")
    checkout.commit()
    name = checkout.git("rev-parse", "HEAD:orgs/one.yaml")
    (checkout.folder / ".git/objects" / name[:2] / name[2:]).unlink()
    checkout.git("config", "remote.origin.url", f"ext::touch {checkout.folder}/fetched")
    checkout.git("config", "remote.origin.promisor", "true")
    checkout.git("config", "extensions.partialClone", "origin")
    checkout.git("config", "core.repositoryFormatVersion", "1")
    with survey_base("HEAD", ["orgs"], survey(["nowhere"], missing_ok=True)) as found:
        assert list(bytes_of(found)) == ["orgs/two.yaml"]
        (finding,) = found.survey.findings
        assert (finding.rule, finding.message) == ("file-unreadable", "cannot be read: git does not have its content")
    assert not (checkout.folder / "fetched").exists()


def test_nothing_of_a_repository_is_run_or_changed(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    checkout.commit()
    command = checkout.folder.parent / "command"
    command.write_text(f"#!/bin/sh\ntouch {checkout.folder.parent}/was-run\ncat\n", encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    (checkout.folder / ".gitattributes").write_text("*.yaml filter=evil diff=evil\n", encoding="utf-8")
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.external", "core.pager"):
        checkout.git("config", key, str(command))
    checkout.git("config", "core.hooksPath", str(checkout.folder / "hooks"))
    hooks = checkout.folder / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        (hooks / hook).symlink_to(command)
    write(checkout, one="not staged\n")
    before = everything(checkout.folder)
    assert at("HEAD", "orgs") == {"orgs/one.yaml": b"1\n"}
    assert everything(checkout.folder) == before
    assert not (checkout.folder.parent / "was-run").exists()


def test_bytes_from_git_can_be_read_only_while_the_base_is_open(checkout: Checkout) -> None:
    write(checkout, one="old\n")
    checkout.commit()
    write(checkout, one="new\n")
    with survey_base("HEAD", ["orgs"], survey(["orgs"])) as found:
        (file,) = found.survey.files
        assert file.source.read().data == file.source.read().data == b"old\n"
        with pytest.raises(ManifestError):
            file.source.read_again("0" * 64)


@pytest.mark.parametrize("revision", ["nothing", "-h", "--all", "", "HEAD:orgs", "HEAD..HEAD", "HEAD\nHEAD", "0" * 40, "HEAD^"])
def test_what_is_no_commit_is_refused_with_the_way_out(checkout: Checkout, revision: str) -> None:
    write(checkout, one="1\n")
    checkout.commit()
    refused = refusal(revision, "orgs")
    assert refused.message == f"--base {revision}: neither a revision of this repository nor a directory"
    assert "fetch-depth: 0" in (refused.hint or "")


def test_without_a_common_commit_nothing_is_guessed(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    checkout.commit()
    checkout.git("checkout", "--quiet", "--orphan", "other")
    assert "no commit in common" in refusal("main", "orgs").message  # there is no HEAD at all
    checkout.commit("another beginning")
    assert "no commit in common" in refusal("main", "orgs").message


def test_a_name_of_both_is_refused_and_a_directory_can_be_told(checkout: Checkout) -> None:
    write(checkout, one="1\n")
    checkout.commit()
    checkout.git("branch", "orgs")
    refused = refusal("orgs", "orgs")
    assert (refused.message, refused.hint) == (
        "--base orgs: this is a revision and a directory",
        "--base ./orgs for the directory, --base refs/heads/orgs for a branch",
    )
    assert at("./orgs", "orgs") == {}
    assert at("refs/heads/orgs", "orgs") == {"orgs/one.yaml": b"1\n"}


def test_a_directory_needs_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, text in (("was/orgs", "old\n"), ("orgs", "new\n")):
        Path(folder).mkdir(parents=True)
        Path(folder, "one.yaml").write_text(text, encoding="utf-8")
    Path("was/orgs/link.yaml").symlink_to("one.yaml")
    monkeypatch.setenv("PATH", os.devnull)
    assert at("was", "orgs") == at(str(tmp_path / "was"), str(tmp_path / "orgs")) == {"orgs/one.yaml": b"old\n"}
    assert at("was", "later") == {}
    assert refusal("main", "orgs").message == "--base main: there is no such directory, and git is not installed"
    assert refusal("was", "..").message == f".. is not below {tmp_path}"
    with pytest.raises(UsageError, match="standard input"), survey_base("was", ["-"], survey(["orgs"])):
        pass


def test_outside_of_a_repository_a_revision_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert refusal("main", "orgs").message == "--base main: there is no such directory, and git finds no repository here"
