"""Kinds of option values: each turns text into a value, or says what is allowed."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_HASH = r"sha256:[0-9a-f]{64}"


def file_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Let the shell complete the name of a file or a folder."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only while a shell completes

    return [CompletionItem(incomplete, type="file")]


class Instant(click.ParamType[datetime]):
    """RFC 3339 with an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant, UTC."""
        if isinstance(value, datetime):
            return value
        from reconciler.model.instants import parse_instant  # noqa: PLC0415 - only where one was given

        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}; write it like 2026-11-20T09:00:00Z", param, ctx)


class Duration(click.ParamType[timedelta]):
    """A number and a unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length of time."""
        if isinstance(value, timedelta):
            return value
        from reconciler.model.instants import parse_duration  # noqa: PLC0415 - only where one was given

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class Email(click.ParamType[str]):
    """An e-mail address."""

    name = "email"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address in lower case."""
        local, at, domain = str(value).partition("@")
        if not (local and at and domain) or "@" in domain or not str(value).isprintable() or " " in value:
            self.fail(f"{value!r} is no e-mail address", param, ctx)
        return str(value).lower()


class Line(click.ParamType[str]):
    """One line of text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the line without blanks around it."""
        line = str(value).strip()
        if not line.isprintable() or not line:
            self.fail(f"{value!r} is not one line of printable text", param, ctx)
        return line


class Label(click.ParamType[tuple[str, str]]):
    """`key=value`."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return key and value."""
        if isinstance(value, tuple):
            return value
        key, equals, wanted = str(value).partition("=")
        if not key or not equals:
            self.fail(f"{value!r} is not of the form key=value", param, ctx)
        return key, wanted


class Removals(click.ParamType[tuple[str, int]]):
    """`ORG=N` or `all=N`."""

    name = "org=n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Return the organization (or `all`) and the number."""
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        if not name or not (number.isascii() and number.isdigit()) or len(number) > 9:
            self.fail(f"{value!r} is not of the form ORG=N or all=N, with N the exact number of removals", param, ctx)
        return name, int(number)


class PlanHash(click.ParamType[str]):
    """`sha256:` and 64 hexadecimal digits."""

    name = "sha256:hash"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the hash."""
        if not re.fullmatch(_HASH, str(value), re.ASCII):
            self.fail(f"{value!r} is no plan hash; it is sha256: and 64 hexadecimal digits, as plan prints it", param, ctx)
        return str(value)
