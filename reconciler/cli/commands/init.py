"""`reconciler init`."""

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import file_names
from reconciler.model.errors import ReconcilerError

if TYPE_CHECKING:
    from pathlib import Path

_EDITOR_SCHEMAS = ("configuration.v1", "elevation-grant.v1", "organization.v1")
_PIPELINES = ("github", "gitlab", "none")
"""Written down here because the scaffold itself is loaded when it is written."""


class ScaffoldError(ReconcilerError):
    """The repository cannot be written."""

    rule = "init"


@click.command(short_help="Write a repository to start from.")
@click.argument("folder", default=".", metavar="[DIR]", shell_complete=file_names)
@common_options(reads=False)
@click.option(
    "--ci",
    "pipeline",
    type=click.Choice(_PIPELINES),
    default=_PIPELINES[0],
    help="Whose pipeline to write: GitHub Actions (the default), GitLab CI, or none.",
)
@click.pass_obj
def init(process: Process, common: Common, folder: str, pipeline: str) -> int:
    """Write a working repository into DIR: example manifests, reconciler.yaml, a pipeline, pre-commit hooks, editor settings.

    Nothing that exists is touched.

    \b
    Examples:
      reconciler init
      reconciler init webex-administrators
      reconciler init webex-administrators --ci gitlab
    """
    from pathlib import Path

    from reconciler.cli.session import Session
    from reconciler.manifests.schemas import SUFFIX, schema_text
    from reconciler.model.results import Scaffold
    from reconciler.scaffold import files

    session = Session(process, common)
    texts = {**files(pipeline), **{f"schemas/{name}{SUFFIX}": schema_text(name) for name in _EDITOR_SCHEMAS}}
    write_new(Path(folder), texts)
    return session.report(Scaffold(folder=folder, files=tuple(sorted(texts))), exit_code=OK)


def write_new(folder: "Path", texts: dict[str, str]) -> None:
    """Write files that do not exist yet; if one does, write none.

    Raises:
        ScaffoldError: a file exists already, or cannot be written.
    """
    existing = sorted(name for name in texts if os.path.lexists(folder / name))
    if existing:
        detail = f"nothing was written; existing: {', '.join(existing)}"
        raise ScaffoldError(f"{folder} already has {existing[0]}", detail=detail, hint=f"reconciler init {folder / 'webex-administrators'}")
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise ScaffoldError(f"{error.filename} cannot be written: {error.strerror}") from error
