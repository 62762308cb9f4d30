"""The command line: options to one pipeline call, one report, one exit code.

Belongs here: click, the clock, signals, streams, exit codes, `reconciler.yaml`. Does not belong here: any decision about organizations.
One file per command; `commands` lists them.
"""

from reconciler.cli.boundary import entry, main

__all__ = ["entry", "main"]
