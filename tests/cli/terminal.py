"""A command at a pseudo-terminal: its controlling one, so that Ctrl-C is a key."""

import os
import pty
import select
import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.cli.running import SECONDS, Place, command, environment

CTRL_C = "\x03"
CTRL_D = "\x04"

# The shell leads a session without a terminal; the first one that it opens becomes its controlling one.
_OPEN = 'exec "$@" <"$0" >"$0" 2>"$0"'
_OPEN_WITHOUT_STDOUT = 'exec "$@" <"$0" >report 2>"$0"'


class Terminal:
    """A running command and the screen that it writes to."""

    def __init__(self, place: Place, *arguments: str, env: Mapping[str, str] | None = None, stdout: bool = True) -> None:
        self._master, slave = pty.openpty()
        self.screen = ""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _OPEN if stdout else _OPEN_WITHOUT_STDOUT, os.ttyname(slave), *command(*arguments)],
            cwd=place.folder,
            env=environment({"TERM": "xterm", **(env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._slave = slave

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)
        os.close(self._slave)

    def wait_for(self, text: str) -> str:
        """Read the screen until *text* stands on it, and return all of it."""
        while text not in self.screen:
            if not self._read(SECONDS):
                raise AssertionError(f"{text!r} does not come; the screen shows {self.screen!r}")
        return self.screen

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            self.screen += os.read(self._master, 1 << 16).decode().replace("\r\n", "\n")
        return bool(ready)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Wait for the end of the command, read what is left, and return the exit code."""
        code = self._process.wait(SECONDS)
        while self._read(0):
            pass
        return code
