"""PostgreSQL under fault: the client dies or loses its line at a system call on its socket, or the server dies at one of its messages."""

import re
import selectors
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import psutil
import psycopg

from tests.faults.engines import Site
from tests.faults.forked import Ended, Forks
from tests.faults.injecting import KILL, MissedError, Point, hit, name_of, points_of, watch
from tests.postgres import Server

CUT: Final = "connection cut"
CRASH: Final = "server killed"
"""The connection is gone, and with `CRASH` all processes of the server."""

_BEFORE: Final = "message"
_AFTER: Final = "answer"
"""A message of the client that does not reach the server any more; an answer to it that the server gave and nobody hears."""
_WAITING: Final = frozenset({
    "close",
    "epoll_ctl",
    "fcntl",
    "getpeername",
    "getsockname",
    "getsockopt",
    "poll",
    "ppoll",
    "setsockopt",
    "shutdown",
    "socket",
})
"""Calls on a socket that tell the server nothing, and the client nothing about the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Where a line is cut, and what happens then."""

    point: Point
    then: Callable[[], None]


class _Line:
    """A line between client and server: a socket in a folder of its own, of which everything goes to the server's, as far as it comes."""

    def __init__(self, server: Path, folder: Path, cut: _Cut | None = None) -> None:
        self.messages = 0
        self.answered: set[int] = set()
        self._server, self._cut = server, cut
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / server.name))
        self._listening.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                thread = threading.Thread(target=self._carry, args=[client])
                self._threads.append(thread)
                thread.start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready, suppress(OSError):
            server.connect(str(self._server))
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    heard, other = (client, server) if key.fileobj is client else (server, client)
                    data = heard.recv(1 << 20)
                    if heard is client:
                        self.messages += bool(data)
                    else:
                        self.answered.add(self.messages)
                    if not data or self._is_cut(_BEFORE if heard is client else _AFTER):
                        return
                    other.sendall(data)

    def _is_cut(self, call: str) -> bool:
        cut = self._cut
        if cut is None or (cut.point.call, cut.point.number) != (call, self.messages):
            return False
        self._cut = None
        cut.then()
        return True


class Postgresql:
    """A state in a schema of a server that is the sweep's own."""

    name = "PostgreSQL"
    alone = frozenset({CRASH})

    def __init__(self, server: Server) -> None:
        self._server = server

    def site(self, folder: Path) -> Site:
        """Return a place for tables that nobody has made yet, in a schema of its own; its name is also that of its sessions."""
        url = self._server.url()
        return Site(folder=folder, url=f"{url}&application_name={_schema(url)}")

    def copy(self, site: Site, folder: Path) -> Site:
        """Copy the manifests, and every table with its keys."""
        copied = self.site(folder)
        shutil.copytree(site.folder, folder)
        source, target = _schema(site.url), _schema(copied.url)
        copies = "; ".join(
            f"CREATE TABLE {target}.{table} (LIKE {source}.{table} INCLUDING ALL); INSERT INTO {target}.{table} TABLE {source}.{table}"
            for table in self._tables(site)
        )
        self._server.execute(site.url, copies)
        return copied

    def remove(self, site: Site) -> None:
        """Drop the schema."""
        self._server.execute(site.url, f"DROP SCHEMA {_schema(site.url)} CASCADE")
        shutil.rmtree(site.folder)

    def points(self, forks: Forks, site: Site, command: Sequence[str], log: Path) -> tuple[Ended, list[Point]]:
        """Find every call that sends or receives, and count the messages to the server.

        On both sides of each: what was sent may have been done, and what is received was.
        """
        with self._line(site) as (line, url):
            ended, calls = watch(forks, site.folder, _through(command, site, url), log)
        places = [*((_BEFORE, number) for number in range(1, line.messages + 1)), *((_AFTER, number) for number in sorted(line.answered))]
        cuts = [Point(fault, *place) for fault in (CUT, CRASH) for place in places]
        return ended, [*points_of(calls, KILL, _speaks), *cuts]

    def hit(self, forks: Forks, site: Site, command: Sequence[str], point: Point, log: Path) -> Ended:
        """Hit one of them, and have the server at work again afterwards, with no session of the command left."""
        if point.fault in {CUT, CRASH}:
            ended = self._cut_at(forks, site, command, point)
        else:
            ended = hit(forks, site.folder, command, point, log, where=_speaks)
        sessions = f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{_schema(site.url)}' AND pid <> pg_backend_pid()"  # noqa: S608
        with psycopg.connect(site.url, autocommit=True) as connection:
            while connection.execute(sessions.encode()).fetchone():
                threading.Event().wait(0.01)
        return ended

    def _cut_at(self, forks: Forks, site: Site, command: Sequence[str], point: Point) -> Ended:
        done = threading.Event()

        def then() -> None:
            if point.fault == CRASH:
                self._crash()
            done.set()

        with self._line(site, _Cut(point=point, then=then)) as (_, url):
            ended = forks.run(site.folder, *_through(command, site, url))
        if not done.is_set():
            raise MissedError(f"{point}: the command ended with {ended.code}")
        if point.fault == CRASH:
            self._server.start()
        return ended

    def _crash(self) -> None:
        processes = psutil.Process(self._server.pid).children(recursive=True)
        self._server.stop(signal.SIGKILL)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=60)

    @contextmanager
    def _line(self, site: Site, cut: _Cut | None = None) -> Iterator[tuple[_Line, str]]:
        (socket_of_server,) = self._server.sockets.glob(".s.PGSQL.*[0-9]")
        folder = site.folder / "line"
        folder.mkdir()
        with _Line(socket_of_server, folder, cut) as line:
            yield line, site.url.replace(quote(str(self._server.sockets), safe=""), quote(str(folder), safe=""))

    def _tables(self, site: Site) -> list[str]:
        found = self._server.execute(site.url, f"SELECT tablename FROM pg_tables WHERE schemaname = '{_schema(site.url)}' ORDER BY 1")  # noqa: S608
        return [name for (name,) in found]

    def stored(self, site: Site) -> Mapping[str, bytes]:
        """Return the rows of every table."""
        with psycopg.connect(site.url, autocommit=True) as connection:
            tables = self._tables(site)
            return {table: repr(sorted(map(repr, connection.execute(f"TABLE {table}".encode()).fetchall()))).encode() for table in tables}


def _schema(url: str) -> str:
    found = re.search(r"search_path%3D(\w+)", url)
    assert found is not None
    return found[1]


def _through(command: Sequence[str], site: Site, url: str) -> tuple[str, ...]:
    return tuple(url if argument == site.url else argument for argument in command)


def _speaks(call: str) -> bool:
    return "<socket:[" in call and name_of(call) not in _WAITING and (name_of(call) != "connect" or ".s.PGSQL." in call)
