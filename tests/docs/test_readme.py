"""The README is run: its first command as far as it goes without installing, and every console block of the tour and of a night."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALL = "python3 -m venv .venv && .venv/bin/pip install --quiet "
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")


def marked(name: str) -> str:
    """Return the one command line that follows the comment `<!-- name -->`."""
    match = re.search(rf"<!-- {name} -->\n```sh\n(.+)\n```\n", README)
    assert match, f"README.md has no command marked {name}"
    return match[1]


def steps(page: str = README) -> list[tuple[str, list[str]]]:
    """Return the commands of all console blocks with the lines that each is said to print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    return found


def one_blank(text: str) -> str:
    """Return *text* with one blank for many: how far columns are apart is not what the page promises."""
    return re.sub(r"  +", " ", text)


def expected(lines: list[str]) -> str:
    """Return a pattern for *lines*: `...` alone stands for any lines, `…` within a line for any text; blanks count as one."""
    parts = ["(?:.*\n)*?" if line == "..." else re.escape(one_blank(line)).replace("…", ".*?") + "\n" for line in lines]
    return "".join(parts)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "reconciler"
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=LEFT_OUT)
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=LEFT_OUT)
    tool = folder / ".venv" / "bin" / "reconciler"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    return folder


def run(command: str, folder: Path) -> str:
    """Run *command* as a reader would in a shell; return what the terminal shows."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    environment |= {"PYTHONPATH": str(ROOT), "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.stdout


def test_the_first_command_installs_and_applies_the_examples(checkout: Path) -> None:
    command = marked("first command")
    assert command.startswith(f"{INSTALL}. && .venv/bin/reconciler ")
    printed = run(command.removeprefix(f"{INSTALL}. && "), checkout)
    assert re.search(r"^Apply: \d\d added, 0 changed, 0 removed", printed, re.MULTILINE), printed
    assert all(name in printed for name in ("northwind", "acme-health", "globex-retail")), printed


def test_the_second_command_stands_alone_and_runs_the_tests() -> None:
    shape = re.escape(INSTALL) + r"--editable '\.\[test\]' && \.venv/bin/python -m pytest( -\S+)*( auto)?"
    assert re.fullmatch(shape, marked("test command"))


def test_the_tour_prints_what_it_says(checkout: Path) -> None:
    run(marked("first command").removeprefix(f"{INSTALL}. && "), checkout)
    follow(steps(), checkout)


def test_a_night_of_emergency_access_prints_what_it_says(checkout: Path) -> None:
    run(marked("first command").removeprefix(f"{INSTALL}. && "), checkout)
    follow(steps((ROOT / "docs" / "emergency-access.md").read_text(encoding="utf-8")), checkout)


def follow(told: list[tuple[str, list[str]]], checkout: Path) -> None:
    assert len(told) > 5
    for command, lines in told:
        printed = run(command, checkout)
        assert re.fullmatch(expected(lines), one_blank(printed)), f"$ {command}\n{printed}"
