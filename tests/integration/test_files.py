"""The files for other systems are what those systems expect, and nothing in them can become a command."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.scaffold import PIPELINES
from tests.cli.running import ROOT, Place, environment
from tests.fakes.actions import tools
from tests.fakes.repository import a_checkout

FILES = ROOT / "reconciler" / "scaffold" / "files"
ACTION = FILES / "github" / "actions" / "reconciler" / "action.yml"
WORKFLOW = FILES / "github" / "workflows" / "reconciler.yml"
GITLAB = FILES / "gitlab-ci.yml"
BIN = Path(sys.executable).parent


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: TID251 - strings alone
    return loaded


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every step for GitHub with a name for it."""
    for number, step in enumerate(load(ACTION)["runs"]["steps"]):
        yield f"action-{number}", step
    for name, job in load(WORKFLOW)["jobs"].items():
        for number, step in enumerate(job["steps"]):
            yield f"{name}-{number}", step


def scripts() -> dict[str, str]:
    """Return every shell script in the files, by name."""
    found = {name: step["run"] for name, step in steps() if "run" in step}
    jobs = {name: job for name, job in load(GITLAB).items() if isinstance(job, dict) and "script" in job}
    return found | {f"gitlab-{name}": "\n".join(job["script"]) for name, job in jobs.items()}


def succeeds(*words: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, cwd=cwd, env=environment(env), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("file", "schema"), [(WORKFLOW, "github-workflows"), (ACTION, "github-actions"), (GITLAB, "gitlab-ci")])
def test_a_file_is_valid_by_the_published_schema_of_its_system(file: Path, schema: str) -> None:
    succeeds(str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", str(file))


@pytest.mark.parametrize("name", scripts())
def test_shellcheck_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text(scripts()[name], encoding="utf-8")
    succeeds(str(BIN / "shellcheck"), "--shell=bash", str(script))


def test_no_expression_stands_inside_a_script() -> None:
    assert [name for name, text in scripts().items() if "${{" in text] == []


def test_foreign_actions_are_pinned_and_only_one_is_used() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert used == {"./.github/actions/reconciler", "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"}
    assert all(step["with"]["persist-credentials"] == "false" for _, step in steps() if step.get("uses", "").startswith("actions/checkout"))


def test_a_job_has_no_right_that_it_does_not_need() -> None:
    workflow = load(WORKFLOW)
    assert workflow["permissions"] == {}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    comments, reads = {"contents": "read", "pull-requests": "write"}, {"contents": "read"}
    assert rights == {"plan": comments, "apply": comments, "by-hand": reads, "sweep": reads, "drift": reads}
    assert "pull_request_target" not in workflow["on"]


def test_artifacts_of_gitlab_are_kept_from_guests() -> None:
    kept = {name: job["artifacts"]["access"] for name, job in load(GITLAB).items() if isinstance(job, dict) and "artifacts" in job}
    assert kept == {"validate": "developer", "plan": "developer", "plan-merged": "developer"}


def test_pre_commit_takes_the_hooks_and_the_configuration() -> None:
    succeeds(str(BIN / "pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml")
    succeeds(str(BIN / "pre-commit"), "validate-config", str(FILES / "pre-commit-config.yaml"))


def test_the_hooks_of_a_new_repository_pass_and_catch_what_they_are_for(tmp_path: Path) -> None:
    place = Place(tmp_path / "here")
    place.folder.mkdir()
    place.ok("init")
    a_checkout(place.folder).git("add", "--all")
    path = os.pathsep.join([str(tools(tmp_path)), os.environ["PATH"]])
    env = {"PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    words = [str(BIN / "pre-commit"), "run", "--all-files", "--color=never"]
    assert succeeds(*words, cwd=place.folder, env=env).count("Passed") == 2
    for name in ("organizations/example-customer.yaml", "schemas/organization.v1.schema.json"):
        file = place.folder / name
        file.write_text(file.read_text().replace("type", "typ", 1))
    done = subprocess.run(words, cwd=place.folder, env=environment(env), capture_output=True, encoding="utf-8", check=False)
    assert done.stdout.count("Failed") == 2
    assert "hint: reconciler schema organization --output schemas/organization.v1.schema.json" in done.stdout
    place.ok("schema", "organization", "--output", "schemas/organization.v1.schema.json")
    place.ok("schema", "--check", "schemas/organization.v1.schema.json", "schemas/other.schema.json")


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_init_writes_is_valid_by_the_schemas_that_it_writes(pipeline: str, tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ok("init", "--ci", pipeline)
    check = str(BIN / "check-jsonschema")
    schemas = sorted((tmp_path / "schemas").iterdir())
    succeeds(check, "--check-metaschema", *map(str, schemas))
    organizations = sorted((tmp_path / "organizations").iterdir())
    succeeds(check, "--schemafile", "schemas/organization.v1.schema.json", *map(str, organizations), cwd=tmp_path)
    succeeds(check, "--schemafile", "schemas/configuration.v1.schema.json", "reconciler.yaml", cwd=tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {name.split("/")[0] for name in files if name.startswith(".git") and name != ".gitignore"} == {
        "github": {".github"},
        "gitlab": {".gitlab-ci.yml"},
        "none": set(),
    }[pipeline]


def test_the_container_recipe_follows_the_advice_for_such_files() -> None:
    succeeds(str(BIN / "hadolint"), "Containerfile")
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    assert lines.index("USER 10001") > max(number for number, line in enumerate(lines) if line.startswith("RUN "))
