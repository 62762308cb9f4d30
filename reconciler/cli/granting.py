"""What the commands share that write the file of a grant: its name, the schema line, and writing before reporting."""

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePath
from typing import Final, TextIO

from reconciler.cli.clock import SystemClock
from reconciler.cli.exits import OK
from reconciler.cli.options import Common
from reconciler.cli.process import Process
from reconciler.cli.session import Session
from reconciler.cli.streams import OutputError, create_file, replace_file
from reconciler.model.errors import UsageError
from reconciler.pipeline import GrantEdit, Request

_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_SUFFIXES: Final = (".yaml", ".yml")
_SCHEMA: Final = PurePath("schemas", "elevation-grant.v1.schema.json")

Step = Callable[[Request, datetime], GrantEdit]


def take(process: Process, common: Common, step: Step) -> int:
    """Take *step* now, in a file that exists, and report it."""
    session = Session(process, common)
    edit = step(session.request(), SystemClock().now())
    edit.unchanged()

    def write(out: TextIO) -> None:
        out.write(edit.text)

    replace_file(Path(edit.path), write)
    return _report(session, edit)


def begin(process: Process, common: Common, step: Step) -> int:
    """Take the first step now, which makes the file, and report it."""
    session = Session(process, common)
    edit = step(session.request(), SystemClock().now())
    create_file(Path(edit.path), edit.text)
    return _report(session, edit)


def _report(session: Session, edit: GrantEdit) -> int:
    try:
        return session.report(edit.step, exit_code=OK)
    except OutputError as error:
        raise type(error)(error.message, detail=f"{edit.step.file} was written all the same") from error


def only_organization(common: Common) -> str:
    """Return the one organization that `--org` names.

    Raises:
        UsageError: it names none, or several.
    """
    if len(set(common.organizations)) != 1:
        raise UsageError("a request is for one organization", detail="--org names it", hint="--org NAME")
    return common.organizations[0]


def name_in(file: str) -> str:
    """Return the name of the grant that the file of a request gives it.

    Raises:
        UsageError: no grant can have this name, or no directory walk would find the file.
    """
    path = PurePath(file)
    if path.suffix not in _SUFFIXES:
        raise UsageError(
            f"{file}: the name of a manifest ends in .yaml or .yml", hint=str(path.with_suffix(".yaml")) if path.name else None
        )
    if _NAME.fullmatch(path.stem) is None:
        detail = "lower-case letters a-z, digits and hyphens, beginning and ending with a letter or digit, at most 63"
        raise UsageError(f"{file}: the grant is named after its file, and {path.stem} is no name of a grant", detail=detail)
    return path.stem


def schema_beside(file: str) -> str | None:
    """Return the way from *file* to the schema for editors, where the repository has it as `init` writes it."""
    return PurePath(os.path.relpath(_SCHEMA, PurePath(file).parent)).as_posix() if Path(_SCHEMA).is_file() else None
