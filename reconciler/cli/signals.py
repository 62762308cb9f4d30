"""SIGINT and SIGTERM: a reading command stops at once, a writing one finishes the organization in flight; a second signal stops at once."""

import signal
from types import FrameType

from reconciler.model.errors import InterruptedRunError


class Signals:
    """Turns signals into an error, or into a request to stop while something is being written."""

    def __init__(self) -> None:
        self._asked: int | None = None
        self._writing = False

    def install(self) -> None:
        """Take over both signals for this process."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def write_safely(self) -> None:
        """From here on the first signal is only remembered."""
        self._writing = True

    def asked(self) -> int | None:
        """Return the signal that asked to stop, None while none has."""
        return self._asked

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._writing and self._asked is None:
            self._asked = number
            return
        raise InterruptedRunError("interrupted", signal_number=number)
