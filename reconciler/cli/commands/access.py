"""`reconciler access`."""

from contextlib import closing
from datetime import datetime

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import SHEETS, Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import Email, Instant
from reconciler.model.errors import UsageError


@click.command(short_help="Show who may do what in an organization, and why.")
@click.argument("first", required=False, metavar="[ORG|PERSON]")
@click.argument("second", required=False, metavar="[PERSON]")
@click.option("--at", type=Instant(), help="Answer for this instant from the stored facts, such as 2026-11-20T09:00:00Z; default now.")
@common_options(reads=True, formats=SHEETS)
@click.pass_obj
def access(process: Process, common: Common, first: str | None, second: str | None, at: datetime | None) -> int:
    """Show the effective access of a person in an organization, of a person everywhere, or of everybody in an organization.

    An argument with @ is a person. What is shown follows from the stored state: the rights of the roles, less the restrictions, plus
    running elevations. --at leaves out what has ended by then and what has not yet begun; it does not replay the journal.
    --format csv is for the forms over several: access ORG and access PERSON.

    \b
    Examples:
      reconciler access acme-health alice@acme.example
      reconciler access alice@acme.example --format csv
      reconciler access acme-health --at 2026-11-20T09:00:00Z
    """
    from reconciler import pipeline
    from reconciler.cli.notes import say_notes
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_facts

    session = Session(process, common)
    organization, person = _subjects(*filter(None, (first, second)))
    if organization is not None and person is not None and session.format == "csv":
        hint = f"reconciler access {organization} --format csv"
        raise UsageError("the access of one person in one organization has no form as CSV", detail="formats: text, json", hint=hint)
    request = session.request()
    with closing(open_facts(session.state)) as facts:
        require_state(request, facts)
        instant = at or session.now(facts)
        if organization is None:
            several = pipeline.access_everywhere(person or "", facts, request, instant)
        elif person is None:
            several = pipeline.access_of_everybody(organization, facts, request, instant)
        else:
            return session.report(pipeline.access_of_person(organization, person, facts, request, instant), exit_code=OK)
        say_notes(session, several)
        return session.report(several, exit_code=OK)


def _subjects(*given: str) -> tuple[str | None, str | None]:
    """Return organization and person; one of them may be None.

    Raises:
        UsageError: nothing was named, too much, or the person first.
    """
    match given:
        case (one,) if "@" in one:
            return None, _person(one)
        case (one,):
            return one, None
        case (organization, person) if "@" in person and "@" not in organization:
            return organization, _person(person)
        case (person, organization) if "@" in person and "@" not in organization:
            hint = f"reconciler access {organization} {person}"
            raise UsageError("the organization comes first, then the person", detail="an argument with @ is a person", hint=hint)
        case ():
            raise UsageError("name an organization, a person, or both", hint="reconciler access ORG PERSON")
        case _:
            detail = "an argument with @ is a person, any other an organization"
            raise UsageError(
                f"{' '.join(given)}: one organization and one person at most", detail=detail, hint="reconciler access ORG PERSON"
            )


def _person(given: str) -> str:
    return Email().convert(given, None, click.get_current_context())
