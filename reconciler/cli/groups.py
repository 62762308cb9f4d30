"""A group of commands that helps whoever mistypes one."""

import click


class UnknownCommandError(click.UsageError):
    """No command has this name."""

    def __init__(self, command_name: str, context: click.Context) -> None:
        super().__init__(f"no such command {command_name}", context)
        self.command_name = command_name


class Commands(click.Group):
    """A group that lists its commands in the order of work, and says of a missing or mistyped one which there are."""

    def __init__(self, *arguments: object, **options: object) -> None:
        """Take the arguments of `click.Group`; no command at all is a usage error, not a wish for help."""
        super().__init__(*arguments, **{"no_args_is_help": False, **options})  # type: ignore[arg-type]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        del ctx
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say that there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise UnknownCommandError(args[0], ctx)
        return super().resolve_command(ctx, args)
