"""The documentation keeps up with the tool: generated pages are current, and what pages name exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.catalog.statements import rulebook
from reconciler.rules import FIXED_SEVERITY, every_rule

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
WRITTEN = [page for page in PAGES if page.name not in {"cli.md", "schemas.md", "rules.md"}]
FOREIGN_OPTIONS = {"--editable", "--quiet", "--rows", "--quick", "--full", "--report-only", "--rm"}
NOT_HERE = {"reconciler/schemas/", "reconciler/v1"}


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.reference", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = re.findall(r"^## reconciler (.+)$", reference, re.MULTILINE)
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    spans = [*re.findall(r"`([^`\n]+)`", text), *(line for block in blocks for line in block.splitlines())]
    for span in spans:
        for named in re.findall(r"(?:^|[\s/])reconciler ([a-z][a-z-]*(?: [a-z]+)?)", span):
            assert any(named == command or named.split()[0] == command.split()[0] for command in commands), span
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", span):
            assert f"`{option}" in reference or option in FOREIGN_OPTIONS, span


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    named = re.findall(r"`((?:docs|examples|reconciler|schemas|tests)/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists() and name not in NOT_HERE] == []


def test_every_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|postgres) = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert len(lists) == 2
    listed = re.findall(r'^  "([a-z-]+)(?:\[[a-z]+\])?>=', "".join(lists), re.MULTILINE)
    for page in ("docs/architecture.md", "docs/decisions/0004-dependencies.md"):
        explained = set(re.findall(r"^\| ([a-z-]+) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)) - {"library", "package"}
        assert explained == set(listed), page


def test_every_rule_and_every_statement_is_explained() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z]+)(, fixed)? \|", page, re.MULTILINE)
    explained = {(name, severity, bool(fixed)) for name, severity, fixed in rows}
    assert explained >= {(rule.id, rule.severity.value, rule.id in FIXED_SEVERITY) for rule in every_rule()}
    assert re.findall(r"^\| ((?:[A-Z]{2}-)?[A-Z][0-9]+) \|", page, re.MULTILINE) == list(rulebook().statements)
