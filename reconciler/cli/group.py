"""The list of commands. It loads what the options need and nothing else: the work is imported when a command runs."""

import click

from reconciler.cli.commands.access import access
from reconciler.cli.commands.apply import apply
from reconciler.cli.commands.attest import attest
from reconciler.cli.commands.drift import drift
from reconciler.cli.commands.explain import explain
from reconciler.cli.commands.grant import grant
from reconciler.cli.commands.history import history
from reconciler.cli.commands.init import init
from reconciler.cli.commands.plan import plan
from reconciler.cli.commands.rules import rules
from reconciler.cli.commands.schema import schema
from reconciler.cli.commands.show import show
from reconciler.cli.commands.state import state
from reconciler.cli.commands.sweep import sweep
from reconciler.cli.commands.unlock import unlock
from reconciler.cli.commands.validate import validate
from reconciler.cli.commands.verify import verify
from reconciler.cli.commands.who_can import who_can
from reconciler.cli.exits import CODES
from reconciler.cli.groups import Commands
from reconciler.cli.version import version_text

_CODES = ("/".join(map(str, code.numbers)) + f" {code.brief}" for code in CODES)
_EXIT_CODES = f"Exit codes: {', '.join(_CODES)}."


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 -- click's signature
    if wanted and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()


@click.group(cls=Commands, epilog=_EXIT_CODES, no_args_is_help=False)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version and exit.")
def commands() -> None:
    """Declare the administrators of Webex organizations in YAML; see, review and apply every change."""


for _command in (
    init,
    validate,
    plan,
    apply,
    grant,
    sweep,
    attest,
    show,
    access,
    who_can,
    drift,
    history,
    verify,
    rules,
    explain,
    schema,
    state,
    unlock,
):
    commands.add_command(_command)
