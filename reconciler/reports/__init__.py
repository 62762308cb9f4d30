"""Reports: the values that use cases answer, written into a stream that the caller opened, for people and for the systems they work with.

What belongs here: wording, layout, escaping. What does not: decisions, exit codes, clocks, files, options; those are given.
May know: `model`, `planning.codec` (the one writer of plan documents), and wcwidth for the width of characters.
A further format is a module with a `render` of the same signature, a function here that loads it, and a line in `FORMATS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TextIO, get_args

from reconciler.model.results import Accesses, Application, Drift, Failure, FleetPlan, PermissionHolders, Result, Validation
from reconciler.reports.style import Style

__all__ = ["FORMATS", "Format", "Style", "formats_of", "has_form", "render"]


class Renderer(Protocol):
    """Writes one result in one format."""

    def __call__(self, result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
        """Write *result* to *out*; *exit_code* is the one that the process is going to end with."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        render: writes it.
        kinds: of results that have a form in it.
        findings_only: a failure has a form in it only with findings of a file; without any, the report would say that all is well.
    """

    render: Renderer
    kinds: frozenset[type]
    findings_only: bool = False


def _text(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import text

    text.render(result, out, exit_code=exit_code, style=style)


def _json(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import json

    json.render(result, out, exit_code=exit_code, style=style)


def _csv(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import csv

    csv.render(result, out, exit_code=exit_code, style=style)


def _markdown(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import markdown

    markdown.render(result, out, exit_code=exit_code, style=style)


def _github(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import github

    github.render(result, out, exit_code=exit_code, style=style)


def _sarif(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import sarif

    sarif.render(result, out, exit_code=exit_code, style=style)


def _junit(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import junit

    junit.render(result, out, exit_code=exit_code, style=style)


def _codequality(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import gitlab

    gitlab.render_codequality(result, out, exit_code=exit_code, style=style)


def _terraform(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    from reconciler.reports import gitlab

    gitlab.render_terraform(result, out, exit_code=exit_code, style=style)


EVERY_KIND: Final[frozenset[type]] = frozenset(get_args(Result))
REVIEWED: Final[frozenset[type]] = frozenset({Validation, FleetPlan, Application, Drift, Failure})
"""What is looked at in pull requests and pipelines."""

FORMATS: Final[Mapping[str, Format]] = {
    "text": Format(render=_text, kinds=EVERY_KIND),
    "json": Format(render=_json, kinds=EVERY_KIND),
    "csv": Format(render=_csv, kinds=frozenset({Accesses, PermissionHolders})),
    "markdown": Format(render=_markdown, kinds=REVIEWED),
    "github": Format(render=_github, kinds=REVIEWED),
    "sarif": Format(render=_sarif, kinds=frozenset({Validation, FleetPlan, Failure}), findings_only=True),
    "junit": Format(render=_junit, kinds=frozenset({Validation, Failure}), findings_only=True),
    "gitlab-codequality": Format(render=_codequality, kinds=frozenset({Validation, FleetPlan, Failure}), findings_only=True),
    "gitlab-terraform": Format(render=_terraform, kinds=frozenset({FleetPlan})),
}


def formats_of(kind: type) -> tuple[str, ...]:
    """Return the names of the formats in which results of the class *kind* are written, the default first."""
    return tuple(name for name, entry in FORMATS.items() if kind in entry.kinds)


def has_form(result: Result, format: str) -> bool:  # noqa: A002 - as users call it
    """Tell whether *result* can be written in *format*; a failure about no file has none where findings are all there is."""
    entry = FORMATS[format]
    if type(result) not in entry.kinds:
        return False
    return not (entry.findings_only and isinstance(result, Failure)) or any(finding.range for finding in result.findings)


def render(result: Result, format: str, out: TextIO, *, exit_code: int, style: Style) -> None:  # noqa: A002 - as users call it
    """Write *result* to *out*.

    Args:
        result: what a use case answered.
        format: a name out of `formats_of(type(result))`.
        out: an open text stream that takes UTF-8.
        exit_code: the one that the process is going to end with; JSON repeats it.
        style: colors and width, for text only.

    Raises:
        KeyError: there is no such format.
    """
    FORMATS[format].render(result, out, exit_code=exit_code, style=style)
