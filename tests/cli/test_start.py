"""Help is for people and comes at once: what `--help` and `--version` load, and what they say."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.group import commands
from tests.cli.running import ROOT, Place, environment

HEAVY = {"sqlalchemy", "deepdiff", "jsonschema", "jsonschema_rs", "referencing", "psutil", "wcwidth", "sqlite3"}
LIGHT = {"reconciler", "reconciler.cli", "reconciler.model"}


def loaded(*arguments: str, folder: Path = ROOT) -> set[str]:
    """Return the modules that a process in *folder* has loaded when it ends."""
    code = "import sys; from reconciler.cli import main; code = main(sys.argv[1:]); print(sorted(sys.modules), file=sys.stderr)"
    # Measuring coverage would load json and sqlite3 by itself.
    plain = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=plain, capture_output=True, text=True, timeout=60, check=True
    )
    modules: list[str] = ast.literal_eval(done.stderr.splitlines()[-1])
    return set(modules)


@pytest.mark.parametrize("arguments", [["--help"], ["apply", "--help"]], ids=" ".join)
def test_help_loads_nothing_that_takes_time(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert modules & (HEAVY | {"yaml", "json"}) == set()
    ours = {name for name in modules if name.startswith("reconciler") and name not in LIGHT}
    assert {name for name in ours if not name.startswith(("reconciler.cli.", "reconciler.model."))} == set()
    assert {name for name in ours if name.startswith("reconciler.model.")} == {
        f"reconciler.model.{name}" for name in ("errors", "findings", "identifiers", "instants", "policy")
    }


def test_the_version_loads_the_parser_that_it_speaks_of_and_nothing_else() -> None:
    modules = loaded("--version")
    assert modules & HEAVY == set()
    assert "yaml" in modules  # whether it has libyaml is known only to the loaded parser


@pytest.mark.parametrize("arguments", [["access", "acme", "a.one@x.example"], ["who-can", "device-management"]], ids=" ".join)
def test_questions_about_access_load_what_answers_them_and_nothing_else(applied: Place, arguments: list[str]) -> None:
    modules = loaded(*arguments, folder=applied.folder)
    assert modules & HEAVY == {"sqlite3"}
    assert not [name for name in modules if name.startswith(("reconciler.manifests", "reconciler.rules", "reconciler.applying"))]


def test_the_engine_that_explains_is_loaded_only_for_what_is_refused(applied: Place) -> None:
    loaded_for_valid = loaded("validate", folder=applied.folder) & HEAVY
    assert loaded_for_valid & {"jsonschema", "jsonschema_rs", "referencing"} == {"jsonschema_rs"}


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def test_every_command_explains_itself_with_examples_that_parse() -> None:
    names = list(every_command(commands))
    assert len(names) == 24
    for path in names:
        command: click.Command = commands
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
        text = command.get_help(click.Context(command, info_name=f"reconciler {' '.join(path)}"))
        assert max(map(len, text.splitlines())) <= 80
        if isinstance(command, click.Group):
            continue
        examples = re.findall(r"^    (?:.*\| )?reconciler (.+)$", text.replace("\\\n", ""), re.MULTILINE)
        assert examples, path
        for example in examples:
            words = example.replace("sha256:...", f"sha256:{'0' * 64}").split()
            assert words[: len(path)] == list(path)
            command.make_context(command.name, words[len(path) :])
        silent = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
        assert silent == []


def test_help_and_version_are_text_on_standard_output_whatever_the_format(place: Place) -> None:
    for arguments, words in ((["--help"], "Exit codes: 0 ok"), (["plan", "--help"], "Examples:"), (["--version"], "PyYAML")):
        done = place.run(*arguments, env={"RECONCILER_FORMAT": "json", "RECONCILER_CONFIG": "nowhere.yaml"})
        assert (done.code, done.err) == (0, "")
        assert words in done.out
    assert list(place.folder.iterdir()) == []
