"""The list of commands."""

from difflib import get_close_matches

import click

from reconciler.cli.commands.apply import apply
from reconciler.cli.commands.drift import drift
from reconciler.cli.commands.history import history
from reconciler.cli.commands.init import init
from reconciler.cli.commands.plan import plan
from reconciler.cli.commands.schema import schema
from reconciler.cli.commands.show import show
from reconciler.cli.commands.state import state
from reconciler.cli.commands.unlock import unlock
from reconciler.cli.commands.validate import validate
from reconciler.cli.commands.verify import verify
from reconciler.cli.version import version_text

_EXIT_CODES = """\b
Exit codes: 0 ok, 1 error, 2 changes or drift, 3 refused, 4 stale plan,
5 locked, 6 partly applied, 64 usage, 70 internal error, 130/143 interrupted."""


class Commands(click.Group):
    """A group that lists its commands in the order of work and suggests one for a mistyped name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        del ctx
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = get_close_matches(name, list(self.commands), n=1)
            meant = f" Did you mean {close[0]}?" if close else f" Commands: {', '.join(self.commands)}."
            raise click.UsageError(f"No such command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 -- click's signature
    if wanted and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()


@click.group(cls=Commands, epilog=_EXIT_CODES, no_args_is_help=False)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version.")
def commands() -> None:
    """Declare the administrators of Webex organizations in YAML; see, review and apply every change."""


for _command in (init, validate, plan, apply, show, drift, history, verify, schema, state, unlock):
    commands.add_command(_command)
