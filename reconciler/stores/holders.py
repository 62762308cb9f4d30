"""Who holds a lock: this process in the words of a `Holder`, whether another one still lives, and what is said about it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.model.errors import LockedError
from reconciler.model.instants import format_instant
from reconciler.model.journal import Record
from reconciler.model.protocols import Holder, LockInfo

if TYPE_CHECKING:
    import psutil

_START_TOLERANCE: Final = 1.0
"""Seconds by which two readings of one process's start may differ; a reused pid differs by more."""


def here(operation: str, version: str, now: datetime) -> Holder:
    """Return this process as a holder.

    Args:
        operation: the command, such as `apply`.
        version: of the product.
        now: the present instant, UTC.
    """
    import socket  # noqa: PLC0415 - both take a while to load, and commands that read hold no lock

    import psutil  # noqa: PLC0415 - likewise

    process = psutil.Process()
    host, machine = socket.gethostname(), _machine()
    return Holder(
        operator=f"{process.username()}@{host}",
        host=host,
        machine=machine,
        pid=os.getpid(),
        process_started=_started(process, machine),
        operation=operation,
        version=version,
        since=now,
    )


def _machine() -> str:
    """Return what `Holder.machine` is here.

    Runners in containers or from one image share host names, and count processes for themselves: a pid that is not seen here may be
    alive there. Source: Linux, proc(5), `random/boot_id`, and pid_namespaces(7).
    """
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except (OSError, ValueError):
        return ""


def _started(process: "psutil.Process", machine: str) -> float:
    if not machine:
        return process.create_time()
    import psutil  # noqa: PLC0415 - likewise

    # Against the boot, not the epoch: a clock that is set moves every reading of the latter, and the living would look dead.
    return process.create_time() - psutil.boot_time()


def is_local(holder: Holder) -> bool:
    """Tell whether *holder* is, or was, a process that this one would see."""
    import socket  # noqa: PLC0415 - likewise

    return holder.host == socket.gethostname() and holder.machine in {"", _machine()}


def is_dead(holder: Holder, *, one_machine: bool) -> bool:
    """Tell whether *holder* is certainly gone: a process of this host that ended, or whose pid another process has now.

    Args:
        holder: of a lock.
        one_machine: whether the state can be reached from this machine alone; who held a lock before its last boot is gone then.
    """
    if not is_local(holder):
        return one_machine and _before_the_boot(holder)
    import psutil  # noqa: PLC0415 - likewise

    try:
        process = psutil.Process(holder.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        started = _started(process, holder.machine)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return holder.process_started > 0 and abs(started - holder.process_started) > _START_TOLERANCE


def _before_the_boot(holder: Holder) -> bool:
    import socket  # noqa: PLC0415 - likewise

    then, now = holder.machine.partition("/")[0], _machine().partition("/")[0]
    return holder.host == socket.gethostname() and bool(then and now) and then != now


def who(info: LockInfo) -> str:
    """Return one line that names the holder of a lock and the lock itself."""
    holder = info.holder
    since = format_instant(holder.since)
    return f"{holder.operation} of {holder.operator} (pid {holder.pid} on {holder.host}, since {since}, lock {info.id})"


def locked(blocking: Sequence[LockInfo], wanted: Sequence[str]) -> LockedError:
    """Return the error for locks of others that keep some of the organizations *wanted*."""
    taken = sorted((name, info.id, info) for info in blocking for name in info.organizations if name in set(wanted))
    name, lock_id, info = taken[0]
    detail = f"{len(taken)} of the organizations wanted are locked" if len(taken) > 1 else ""
    message = f"Error acquiring the state lock: {name} is locked by {who(info)}"
    return LockedError(message, detail=detail, hint=f"reconciler unlock {lock_id}", locks=blocking)


def living(info: LockInfo) -> LockedError:
    """Return the error for an attempt to release the lock of a living process of this host."""
    hint = "wait for it to end, or stop it first"
    return LockedError(f"lock {info.id} belongs to a living process: {who(info)}", hint=hint, locks=(info,))


def naming(record: Record, info: LockInfo) -> Record:
    """Return *record* with a detail that names the former holder of *info*, after what it says already."""
    words = f"released the lock of {who(info)}"
    return replace(record, detail=f"{record.detail}; {words}" if record.detail else words)
