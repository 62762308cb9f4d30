"""Reports as Markdown, made to be one comment on a pull request: the verdict first, then who gains what and until when, then the details.

The first line is a marker by which a later run finds its comment. What does not fit is left out by rank and counted; the marker says so.
Foreign text stands in code spans and fences only; plain words of messages are the one exception, as `spans.prose` lets them through.
"""

from typing import TextIO

from reconciler.model.results import Application, Drift, Failure, FleetPlan, Result, Validation
from reconciler.reports.markdown.sheet import Room
from reconciler.reports.style import Style


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write *result* as a comment.

    Raises:
        TypeError: it has no form as Markdown.
    """
    out.write(markdown(result, Room(), exit_code=exit_code, style=style))


def markdown(result: Result, room: Room, *, exit_code: int, style: Style) -> str:
    """Return *result* as Markdown for which there is so much *room*.

    Raises:
        TypeError: it has no form as Markdown.
    """
    match result:
        case FleetPlan():
            from reconciler.reports.markdown.plan import plan  # noqa: PLC0415 - a report is loaded when it is first written

            return plan(result, room, style)
        case Application():
            from reconciler.reports.markdown.application import application  # noqa: PLC0415 - likewise

            return application(result, room, style)
        case Drift():
            from reconciler.reports.markdown.drift import drift  # noqa: PLC0415 - likewise

            return drift(result, room, style)
        case Validation():
            from reconciler.reports.markdown.validation import validation  # noqa: PLC0415 - likewise

            return validation(result, room, style, exit_code)
        case Failure():
            from reconciler.reports.markdown.validation import failure  # noqa: PLC0415 - likewise

            return failure(result, room, style)
        case _:
            raise TypeError(f"{type(result).__name__} has no form as Markdown")
