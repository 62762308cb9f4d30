"""Reports for GitHub Actions: the text report in the log, annotations at the lines they are about, a step summary, outputs for later steps.

This is text alone; `cli` writes it to where the runner wants it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from reconciler.model.changes import Risk, Status
from reconciler.model.findings import Finding, Range, Severity
from reconciler.model.results import Application, Drift, Failure, FleetPlan, Result, Validation
from reconciler.reports import text
from reconciler.reports.located import located
from reconciler.reports.markdown import markdown
from reconciler.reports.markdown.sheet import STEP_SUMMARY, Room, octets
from reconciler.reports.stateless import without_stateless
from reconciler.reports.style import Style
from reconciler.reports.text.application import numbers
from reconciler.reports.text.drift import verdict as drifted
from reconciler.reports.text.plan import counted
from reconciler.reports.text.validation import verdict as validated
from reconciler.reports.visible import visible

SHOWN: Final = 10
"""So many annotations of one level are shown for a step; of more, the last one says how many there are."""

_TITLE: Final = 255
_MESSAGE: Final = 4_000
"""Far below what the platform takes; more is for the summary."""
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_PLURALS: Final = {"error": "errors", "warning": "warnings", "notice": "notices"}
_RISKS: Final = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})

Outputs = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotation:
    """One remark in the log, and at a line if it has a place. Its texts are visible."""

    level: str
    title: str
    message: str
    place: Range | None = None


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write the text report, folded, the line of numbers, and then the annotations; each level has at most `SHOWN` of them.

    Raises:
        TypeError: *result* has no form for a runner.
    """
    annotations = list(_limited(_annotations(result)))
    out.write(f"::group::reconciler {visible(style.command)}".rstrip() + "\n")
    text.render(result, out, exit_code=exit_code, style=style)
    out.write("::endgroup::\n")
    line = _numbers(result)
    out.write(f"{line}\n" if line else "")
    out.writelines(f"{_command(annotation)}\n" for annotation in annotations)


def _numbers(result: Result) -> str:
    """Return the verdict in one line, which no foreign text is in."""
    match result:
        case FleetPlan():
            return counted(result.summary)
        case Application():
            return numbers(result)
        case Drift():
            return drifted(result)
        case Validation():
            return validated(result)
        case _:
            return ""


def step_summary(result: Result, *, exit_code: int, style: Style) -> str:
    """Return what is appended to the step summary: the comment, with more room.

    Raises:
        TypeError: *result* has no form for a runner.
    """
    return markdown(result, Room(limit=STEP_SUMMARY, measure=octets), exit_code=exit_code, style=style)


def outputs(result: Result, *, exit_code: int, style: Style) -> Outputs:
    """Return the outputs of the step, by name."""
    code = {"exitcode": str(exit_code)}
    match result:
        case FleetPlan():
            return {**_plan(result, style), **code}
        case Application():
            counts = result.counts
            done = counts.create + counts.update + counts.delete + counts.expire
            return {"changes": _word(done > 0), "plan_hash": result.plan_hash, **code}
        case Drift():
            return {"drift": _word(bool(result.unapplied)), **code}
        case _:
            return code


def output_text(given: Outputs, delimiter: Callable[[], str]) -> str:
    """Return *given* as it is appended to the file of outputs.

    Args:
        given: names and values.
        delimiter: gives, each time anew, what nobody can guess who wrote a value.

    Raises:
        ValueError: a value contains its delimiter, and could end itself.
    """
    parts = []
    for name, value in given.items():
        end = delimiter()
        if end in value:
            raise ValueError(f"the output {name} contains its delimiter")
        parts.append(f"{name}<<{end}\n{value}\n{end}\n")
    return "".join(parts)


def _plan(result: FleetPlan, style: Style) -> Outputs:
    counts = result.summary
    risks = {change.risk for part in result.plans() for change in part.changes}
    stale = any(finding.rule == "stale-plan" for finding in result.findings)
    return {
        "changes": _word(counts.changes > 0),
        "to_add": str(counts.create),
        "to_change": str(counts.update),
        "to_destroy": str(counts.delete),
        "to_expire": str(counts.expire),
        "plan_path": result.file or style.saved or "",
        "plan_hash": result.plan_hash,
        "risk": max(risks, key=_RISKS.index).value if risks else "none",
        "approvable": _word(counts.changes > 0 and not result.refusals and not stale),
    }


def _word(answer: bool) -> str:  # noqa: FBT001 - it is what is written
    return "true" if answer else "false"


def _annotations(result: Result) -> Iterator[_Annotation]:
    match result:
        case Validation() | FleetPlan() | Failure():
            for one in located(result):
                yield _of(one.finding, one.place)
        case Application():
            yield from (_of(finding, finding.range) for finding in result.failures)
            for outcome in result.outcomes():
                if outcome.status is Status.FAILED:
                    yield _Annotation(level="error", title="failed", message=visible(f"{outcome.address}: {outcome.detail}"))
            yield from (_of(finding, finding.range) for finding in _to_tell(result.findings))
        case Drift():
            if result.unapplied:
                yield _Annotation(level="warning", title="drift", message=drifted(result))
            yield from (_of(finding, finding.range) for finding in _to_tell(result.findings))
        case _:
            raise TypeError(f"{type(result).__name__} has no form for a runner")


def _to_tell(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (one for one in without_stateless(findings) if one.waived is None and one.severity is not Severity.INFO)


def _of(finding: Finding, place: Range | None) -> _Annotation:
    hint = f"hint: {visible(finding.hint)}" if finding.hint else ""
    message = "\n".join(filter(None, (visible(finding.message), visible(finding.detail), hint)))
    return _Annotation(level=_LEVELS[finding.severity], title=visible(finding.rule), message=message, place=place)


def _limited(annotations: Iterable[_Annotation]) -> Iterator[_Annotation]:
    """Yield as many of each level as are shown; what is held back is one, until it turns out whether it is the last."""
    seen = dict.fromkeys(_PLURALS, 0)
    last: dict[str, _Annotation] = {}
    for annotation in annotations:
        level = annotation.level
        seen[level] += 1
        if seen[level] < SHOWN:
            yield annotation
        else:
            last.setdefault(level, annotation)
    for level, annotation in last.items():
        more = seen[level] - SHOWN + 1
        told = f"{more} more {_PLURALS[level]} in the step summary"
        yield annotation if more == 1 else _Annotation(level=level, title="and more", message=told)


def _command(annotation: _Annotation) -> str:
    properties = {**_properties(annotation.place), "title": _short(annotation.title, _TITLE)}
    said = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{annotation.level} {said}::{_short(annotation.message, _MESSAGE).translate(_DATA)}"


def _properties(place: Range | None) -> Mapping[str, str]:
    """Return where an annotation stands; columns say nothing over several lines."""
    if place is None or place.filename.startswith("<"):
        return {}
    start, end = place.start, place.end
    lines = {"file": visible(place.filename), "line": str(start.line), "endLine": str(end.line)}
    return lines if start.line != end.line else {**lines, "col": str(start.column), "endColumn": str(max(end.column, start.column))}


def _short(shown: str, most: int) -> str:
    """Return visible text that is not too long; what is left out stands in the log and in the summary."""
    return shown if len(shown) <= most else f"(a text of {len(shown)} characters)"
