"""`reconciler grant`."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import click

from reconciler.cli.exits import OK
from reconciler.cli.groups import Commands
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import Duration, Email, Line, file_names

AGENT_TYPES = ("cisco-tac", "managing-partner", "partner-support")
"""Where agents come from; written down a second time because the schema loads slowly."""

by_option = click.option("--by", type=Email(), required=True, help="Who decides, on record; with --actor both are the same person.")


@click.group(cls=Commands, short_help="Request, decide, revoke and list temporary elevations.")
def grant() -> None:
    """Take the steps in the life of an elevation grant, in its file, and list the stored ones."""


@grant.command(name="request", short_help="Write a request for temporary access.")
@click.argument("file", metavar="FILE", shell_complete=file_names)
@common_options(reads=False)
@click.option("--agent", "agent_email", type=Email(), required=True, help="Who is to be let in.")
@click.option("--agent-type", type=click.Choice(AGENT_TYPES), required=True, help="Where the agent comes from.")
@click.option("--reason", type=Line(), required=True, help="Why access is needed, in one line.")
@click.option("--ticket", type=Line(), help="The ticket this belongs to.")
@click.pass_obj
def request_(process: Process, /, common: Common, file: str, **asked: Any) -> int:
    """Write a pending grant into the new file FILE, named after it. --org names the organization.

    Nothing takes effect before apply. An undecided request lapses after one hour.

    \b
    Examples:
      reconciler grant request grants/inc-4711.yaml --org acme-health \\
        --agent tac@cisco.example --agent-type cisco-tac --reason outage
    """
    from reconciler import pipeline
    from reconciler.cli.granting import begin, name_in, only_organization, schema_beside
    from reconciler.model.resources import Grant

    name, organization = name_in(file), only_organization(common)

    def step(request: pipeline.Request, now: datetime) -> pipeline.GrantEdit:
        wanted = Grant(name=name, organization=organization, requested_at=now, **asked)
        return pipeline.request_grant(file, wanted, request, schema=schema_beside(file))

    return begin(process, common, step)


@grant.command(short_help="Approve a request; access lasts one hour.")
@click.argument("file", metavar="FILE", shell_complete=file_names)
@common_options(reads=False)
@by_option
@click.option("--for", "lasting", type=Duration(), help="End the access earlier than Webex does, such as 30m.")
@click.pass_obj
def approve(process: Process, common: Common, file: str, by: str, lasting: timedelta | None) -> int:
    """Write the approval into the file of a request, with the end of the access: one hour from now, or earlier with --for.

    Nothing takes effect before apply, which checks that --by is a full administrator of the organization. Everything else in the file
    stays as it is.

    \b
    Examples:
      reconciler grant approve grants/inc-4711.yaml --by alice@acme.example
      reconciler grant approve grants/inc-4711.yaml --by al@acme.example --for 30m
    """
    from reconciler import pipeline
    from reconciler.cli.granting import take

    return take(process, common, lambda request, now: pipeline.approve_grant(file, by, lasting, request, now))


@grant.command(short_help="Refuse a request.")
@click.argument("file", metavar="FILE", shell_complete=file_names)
@common_options(reads=False)
@by_option
@click.pass_obj
def deny(process: Process, common: Common, file: str, by: str) -> int:
    """Write the refusal into the file of a request. Nothing takes effect before apply. Everything else in the file stays as it is.

    \b
    Examples:
      reconciler grant deny grants/inc-4711.yaml --by alice@acme.example
    """
    from reconciler import pipeline
    from reconciler.cli.granting import take

    return take(process, common, lambda request, now: pipeline.deny_grant(file, by, request, now))


@grant.command(short_help="End running access early.")
@click.argument("file", metavar="FILE", shell_complete=file_names)
@common_options(reads=False)
@click.pass_obj
def revoke(process: Process, common: Common, file: str) -> int:
    """Write an early end into the file of a running grant. Nothing takes effect before apply. Everything else in it stays as it is.

    \b
    Examples:
      reconciler grant revoke grants/inc-4711.yaml
    """
    from reconciler import pipeline
    from reconciler.cli.granting import take

    return take(process, common, lambda request, now: pipeline.revoke_grant(file, request, now))


@grant.command(name="list", short_help="List the stored grants, and administrators whose access ends.")
@common_options(reads=True)
@click.option("--ending", type=Duration(), help="Only what ends within this time, such as 30d.")
@click.pass_obj
def list_(process: Process, common: Common, ending: timedelta | None) -> int:
    """List the grants in the stored state, those that are open or running first, and the administrators whose access has an end.

    What was requested or decided in a file and not applied yet is not listed. --org and -l limit the list.

    \b
    Examples:
      reconciler grant list
      reconciler grant list --ending 30d --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_reader

    session = Session(process, common)
    request = session.request()
    with closing(open_reader(session.state)) as reader:
        require_state(request, reader)
        return session.report(pipeline.list_grants(reader, request, session.now(reader), ending=ending), exit_code=OK)
