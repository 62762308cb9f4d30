"""Work on many items, spread over forked processes; what they give arrives in the order of the items.

Belongs here: starting, reading and ending processes. Does not belong here: what they do.

`os.fork` and a pipe for each, and no multiprocessing: its children run the handlers at exit and print tracebacks, its pools have threads,
and loading it takes longer than starting these. A child inherits everything the parent has, and must not use what cannot be shared: it
closes nothing, least of all a database connection, and leaves by `os._exit`. It dies of SIGPIPE soon after its parent.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Final, Generic, NoReturn, TypeVar, cast

from reconciler.model.errors import UsageError, WorkerError

WORTH_IT: Final = 200
"""Fewer items are done sooner than processes start and answer."""
MOST: Final = 4
"""More processes than this wait for the one that gathers their results."""
VARIABLE: Final = "RECONCILER_WORKERS"
ALONE: Final = f"{VARIABLE}=1 does everything in one process"

_CHUNK: Final = 16
"""Items at a time: with more, one process waits for the other at the end; with less, each turn costs more than its work."""
_PIPE: Final = 1 << 20
"""Bytes that a child may be ahead, where the system allows it: while the parent reads from another one, it works on."""
_SIZE: Final = 8
_RESULT: Final = b"r"
_END: Final = b"e"
_FAILURE: Final = b"f"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")
R = TypeVar("R")


def processes(items: int) -> int:
    """Return over how many processes to spread the work on so many items; 1 means that it stays in this one.

    Only on Linux: elsewhere forking is missing, or system libraries do not survive it.

    Raises:
        UsageError: the environment asks for something that is no number of processes.
    """
    given = os.environ.get(VARIABLE, "")
    if given and not (given.isascii() and given.isdecimal() and int(given) > 0):
        raise UsageError(f"{VARIABLE}={given} is no number of processes", detail="1 or more; 1 does everything in one process")
    if items < WORTH_IT or sys.platform != "linux":
        return 1
    return int(given) if given else min(len(os.sched_getaffinity(0)), MOST)


def spread(work: Callable[[Sequence[T]], Iterable[R]], items: Sequence[T], count: int) -> Generator[R, None, None]:
    """Yield what *work* gives for all *items*, a few of them at a time, in their order, done by *count* processes; it must be picklable.

    Close it (`contextlib.closing`) when it may not be read to its end: that ends the processes.

    Raises:
        WorkerError: a process died.
        Exception: what *work* raised, as soon as it is its turn.
    """
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    count = min(count, len(chunks))
    children: list[_Child[R]] = []
    try:
        with _signals_wait():
            for number in range(count):
                children.append(_Child.start(work, chunks[number::count], children))
        for number in range(len(chunks)):
            yield from children[number % count].results()
    finally:
        for child in children:
            child.end()


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Between a fork and the note of it no signal may come, or nobody would end that child."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Child(Generic[R]):
    """One process, seen from its parent."""

    def __init__(self, pid: int, pipe: IO[bytes]) -> None:
        self._pid = pid
        self.pipe = pipe

    @classmethod
    def start(cls, work: Callable[[Sequence[T]], Iterable[R]], chunks: Sequence[Sequence[T]], others: Sequence["_Child[R]"]) -> "_Child[R]":
        read_end, write_end = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(read_end)
            os.close(write_end)
            raise WorkerError(f"no worker process could be started: {error.strerror}", hint=ALONE) from error
        if pid == 0:
            # The pipe of a child breaks with its parent, unless a sister still holds the end to read from.
            for descriptor in (read_end, *(child.pipe.fileno() for child in others)):
                os.close(descriptor)
            _serve(work, chunks, write_end)
        os.close(write_end)
        _widen(read_end)
        return cls(pid, os.fdopen(read_end, "rb"))

    def results(self) -> Iterator[R]:
        """Yield what it gives for its next chunk."""
        import pickle  # noqa: PLC0415 - for large fleets

        while True:
            head = self.pipe.read(1 + _SIZE)
            size = int.from_bytes(head[1:], "big")
            data = self.pipe.read(size) if size else b""
            if len(head) <= _SIZE or len(data) < size:
                raise self._died()
            if head[:1] == _FAILURE:
                raise _failure(data)
            if head[:1] == _END:
                return
            yield cast("R", pickle.loads(data))  # noqa: S301 - of our own child, over a pipe that nobody else has

    def _died(self) -> WorkerError:
        # Not reaped here: until `end` its number belongs to no other process.
        ended = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        status = "" if ended is None else f" ({'exit code' if ended.si_code == os.CLD_EXITED else 'signal'} {ended.si_status})"
        return WorkerError(
            f"a worker process ended before its work was done{status}",
            detail="nothing of this run holds; it may have run out of memory",
            hint=ALONE,
        )

    def end(self) -> None:
        """End it, wherever it is: it holds nothing that needs care."""
        self.pipe.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _widen(pipe: int) -> None:
    import fcntl  # noqa: PLC0415 - not everywhere

    with suppress(OSError):  # the user has too many of them; a narrow one only makes it wait more often
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _serve(work: Callable[[Sequence[T]], Iterable[R]], chunks: Iterable[Sequence[T]], write_end: int) -> NoReturn:
    """Be the child."""
    try:
        # Ctrl-C reaches the whole group: the parent alone answers, and ends its children.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        # What the parent made is never collected here: a finalizer might close what is not ours.
        gc.freeze()
        with os.fdopen(write_end, "wb") as pipe:
            try:
                _answer(work, chunks, pipe)
            except BaseException as error:  # noqa: BLE001 -- the parent raises it
                _put(pipe, _FAILURE, _described(error))
    finally:
        os._exit(0)


def _answer(work: Callable[[Sequence[T]], Iterable[R]], chunks: Iterable[Sequence[T]], pipe: IO[bytes]) -> None:
    import pickle  # noqa: PLC0415 - for large fleets

    for chunk in chunks:
        for result in work(chunk):
            _put(pipe, _RESULT, pickle.dumps(result))
        _put(pipe, _END, b"")
        pipe.flush()


def _put(pipe: IO[bytes], kind: bytes, data: bytes) -> None:
    pipe.write(kind + len(data).to_bytes(_SIZE, "big"))
    pipe.write(data)


def _described(error: BaseException) -> bytes:
    import pickle  # noqa: PLC0415 - for large fleets
    import traceback  # noqa: PLC0415 - for failures

    where = "".join(traceback.format_exception(error))
    try:
        data = pickle.dumps((error, where))
        pickle.loads(data)  # noqa: S301 -- its own; some exceptions can be written and not read
    except Exception:  # noqa: BLE001 -- whatever it is
        return pickle.dumps((RuntimeError(where), where))
    return data


def _failure(data: bytes) -> BaseException:
    import pickle  # noqa: PLC0415 - for large fleets

    error, where = pickle.loads(data)  # noqa: S301 -- as in `results`
    raised = cast("BaseException", error)
    raised.add_note(f"in a worker process:\n{where}")
    return raised
