"""What a job of GitHub Actions reads beside the log: the files in which a step leaves its summary and its outputs."""

import os
import secrets

from reconciler.cli.streams import OutputError
from reconciler.model.results import Result
from reconciler.reports import github
from reconciler.reports.style import Style

_BYTES = 16


def tell_runner(result: Result, *, exit_code: int, style: Style) -> None:
    """Append the step summary and the outputs of *result* to the files that the runner names; where it names none, write nothing.

    Raises:
        OutputError: one of them cannot be written.
    """
    summary, output = os.environ.get("GITHUB_STEP_SUMMARY"), os.environ.get("GITHUB_OUTPUT")
    if summary:
        _append(summary, github.step_summary(result, exit_code=exit_code, style=style))
    if output:
        outputs = github.outputs(result, exit_code=exit_code, style=style)
        _append(output, github.output_text(outputs, lambda: secrets.token_hex(_BYTES)))


def _append(path: str, text: str) -> None:
    try:
        # `surrogateescape`: the name of a file is handed on as it is.
        with open(path, "a", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:  # noqa: PTH123 - a name from outside
            stream.write(text)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
