"""Every command starts with what it needs and nothing else; help is for people, and comes at once."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import pytest

from reconciler.cli.group import commands
from tests.cli.running import ROOT, Place, environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A command, and exactly what it may load: libraries (what they bring along is theirs), and packages of `reconciler`."""

    arguments: tuple[str, ...]
    libraries: frozenset[str]
    packages: frozenset[str]
    completes: bool = False


def start(line: str, *, libraries: str, packages: str, completes: bool = False) -> Start:
    return Start(
        arguments=tuple(line.split()), libraries=frozenset(libraries.split()), packages=frozenset(packages.split()), completes=completes
    )


STARTS = {
    "help": start("--help", libraries="click", packages="cli model"),
    "help of a command": start("apply --help", libraries="click", packages="cli model"),
    "completion": start("", libraries="click", packages="cli model", completes=True),
    # Whether PyYAML has libyaml is known only to the loaded parser.
    "version": start("--version", libraries="click yaml", packages="cli model"),
    "validate": start(
        "validate organizations",
        libraries="click jsonschema_rs yaml",
        packages="catalog cli manifests model pipeline reports rules workers",
    ),
    "plan without changes": start(
        "plan organizations",
        libraries="click jsonschema_rs sqlalchemy yaml",
        packages="catalog cli manifests model pipeline planning reports rules stores workers",
    ),
    "apply without changes": start(
        "apply organizations --auto-approve",
        libraries="click jsonschema_rs psutil sqlalchemy yaml",
        packages="applying catalog cli manifests model pipeline planning reports rules stores targets workers",
    ),
    "access": start("access acme a.one@x.example", libraries="click yaml", packages="access catalog cli model pipeline reports stores"),
    "who-can": start("who-can device-management", libraries="click yaml", packages="access catalog cli model pipeline reports stores"),
    "sweep with nothing due": start(
        "sweep", libraries="click psutil sqlalchemy yaml", packages="catalog cli model pipeline planning reports stores"
    ),
}
"""A library that is not listed makes every run of the command slower: load it where it is needed, in the function that needs it."""

COMMAND = "from reconciler.cli import main; sys.exit(main(sys.argv[1:]))"
NOT_FOR_HELP = {"asyncio", "hashlib", "json", "logging", "pathlib", "socket", "sqlite3", "tempfile"}
"""Of the standard library: a third of the time that `--help` takes."""


@cache
def modules_of(*command: str, folder: Path = ROOT, completes: bool = False) -> frozenset[str]:
    """Return what a Python process has loaded when it ends, less what Python loads by itself here."""
    # Measuring coverage would load json and sqlite3 by itself.
    plain = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    if completes:
        plain |= {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler pl", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", *command], cwd=folder, env=plain, capture_output=True, text=True, timeout=60, check=True)
    modules: list[str] = ast.literal_eval(done.stderr.splitlines()[-1])
    return frozenset(modules)


def loaded(code: str, *arguments: str, folder: Path = ROOT, completes: bool = False) -> frozenset[str]:
    bare = modules_of("import sys; print(sorted(sys.modules), file=sys.stderr)")
    program = f"import sys\ntry:\n    {code}\nfinally:\n    print(sorted(sys.modules), file=sys.stderr)"
    return modules_of(program, *arguments, folder=folder, completes=completes) - bare


def libraries(modules: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"reconciler"}


def packages(modules: frozenset[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("reconciler.")}


def told(name: str, arguments: tuple[str, ...]) -> str:
    who = f"python -X importtime -m reconciler {' '.join(arguments)} 2>&1 | grep -A40 ' {name}$'"
    return f"{name} is loaded without need; the next line that is indented less is who imports it: {who}"


@pytest.mark.parametrize("name", STARTS)
def test_a_command_loads_what_it_needs_and_nothing_else(applied: Place, name: str) -> None:
    listed = STARTS[name]
    modules = loaded(COMMAND, *listed.arguments, folder=applied.folder, completes=listed.completes)
    brought_along = libraries(loaded(f"import {', '.join(sorted(listed.libraries))}"))
    strange = [*(libraries(modules) - brought_along), *(f"reconciler.{one}" for one in packages(modules) - listed.packages)]
    assert not strange, "\n".join(told(one, listed.arguments) for one in sorted(strange))
    gone = (listed.libraries - libraries(modules)) | (listed.packages - packages(modules))
    assert gone == set(), "no longer loaded: take it off the list"


@pytest.mark.parametrize("name", ["help", "help of a command", "completion"])
def test_help_and_completion_leave_even_the_standard_library_alone(name: str) -> None:
    modules = loaded(COMMAND, *STARTS[name].arguments, completes=STARTS[name].completes)
    assert (modules & NOT_FOR_HELP) - loaded("import click") == set()
    assert {module for module in modules if module.startswith("reconciler.model.")} == {"reconciler.model.errors"}


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def test_every_command_explains_itself_with_examples_that_parse() -> None:
    names = list(every_command(commands))
    assert len(names) == 26
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
