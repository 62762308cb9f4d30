"""SIGINT and SIGTERM: a run that has not begun to change anything stops at once; one that has finishes the organization in flight.

A second signal always stops at once.
"""

import signal
from types import FrameType

from reconciler.model.errors import InterruptedRunError


class Interruption(BaseException):
    """A signal ends the run here and now. No `except Exception` on the way may take it for something else.

    Attributes:
        error: what is reported.
    """

    def __init__(self, message: str, *, signal_number: int, detail: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.error = InterruptedRunError(message, signal_number=signal_number, detail=detail, hint=hint)


class Signals:
    """Turns signals into an interruption, or into a request to stop while something is being written."""

    def __init__(self) -> None:
        self._asked: int | None = None
        self._writing = False

    def install(self) -> None:
        """Take over both signals for this process."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def asked(self) -> int | None:
        """Return the signal that asked to stop, None while none has.

        Whoever asks is about to change something: from here on the first signal is only remembered. Before, while manifests are read,
        a question is open or a lock is waited for, it ends the run at once.
        """
        self._writing = True
        return self._asked

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if not self._writing:
            raise Interruption(f"interrupted by {name}; nothing was changed", signal_number=number)
        if self._asked is None:
            self._asked = number
            return
        raise Interruption(
            f"interrupted again, by {name}, before the change in flight was finished",
            detail="every organization is as before or as after its changes; nothing is half recorded",
            hint="reconciler plan shows what is left to do",
            signal_number=number,
        )
