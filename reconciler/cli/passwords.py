"""Passwords on the command line: everybody on the machine can read that, so it is written anew before anything else is done."""

import os
import sys
from typing import Final

_KEPT: Final = "RECONCILER_ARGUMENTS_OF_THIS_PROCESS"
"""Where the arguments are while the process replaces itself; only its own user can read the environment of a process."""


def hide_passwords() -> list[str]:
    """Return the arguments of this process; when a URL among them has a password, start over with a command line that masks it.

    For a moment the password can be seen all the same: PGPASSFILE, a service file or RECONCILER_STATE are better places for it.
    """
    kept = os.environ.pop(_KEPT, None)
    if kept is not None:
        import json  # noqa: PLC0415 - as below

        return [str(argument) for argument in json.loads(kept)]
    given = sys.argv[1:]
    if sys.platform == "win32" or not any("://" in argument for argument in given):
        return given
    from reconciler.stores import masked  # noqa: PLC0415 - most command lines name no URL

    shown = [masked(argument) for argument in given]
    before = sys.orig_argv[: len(sys.orig_argv) - len(given)]
    if shown != given and sys.executable and [*before, *given] == sys.orig_argv:
        import json  # noqa: PLC0415 - most command lines name no URL

        os.environ[_KEPT] = json.dumps(given)
        os.execv(sys.executable, [*before, *shown])  # noqa: S606 - this very process, without a shell
    return given
