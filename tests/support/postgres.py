"""A real PostgreSQL server as a child process: Debian's package, a cluster of its own, an unprivileged user."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from tests.support.servers import free_port
from tests.support.waiting import wait_until

START_SECONDS = 30.0


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, newest version first; None where PostgreSQL is not installed."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    return found[-1].parent if found else None


PROGRAMS = programs()
NEEDS_POSTGRESQL = pytest.mark.skipif(
    PROGRAMS is None, reason="POSTGRESQL IS NOT INSTALLED: apt-get install postgresql"
)


def _unprivileged() -> pwd.struct_passwd:
    """Who runs the server: PostgreSQL refuses root."""
    return pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("postgres")


@dataclass
class PostgresServer:
    """One server on loopback that tests may kill and restart; port and data stay.

    Attributes:
        programs: Folder of its binaries.
        options: More settings, as of the next start.
    """

    programs: Path
    options: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp")))
    _process: subprocess.Popen[bytes] | None = None

    def create(self) -> "PostgresServer":
        """Make the cluster's files. No password: it listens on loopback only, for the length of a test run."""
        user = _unprivileged()
        os.chown(self.directory, user.pw_uid, user.pw_gid)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "-E", "UTF8", f"{self.directory}/data")
        return self

    def start(self) -> "PostgresServer":
        """Start it and wait until it takes connections."""
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # a killed process loses nothing by it, only a power cut would
            "max_connections": "60",
            **self.options,
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        user = _unprivileged()
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", f"{self.directory}/data", *arguments],
                stderr=log,
                user=user.pw_uid,
                group=user.pw_gid,
                cwd=self.directory,
            )
        wait_until(self._answers, seconds=START_SECONDS, description="PostgreSQL takes connections")
        return self

    def stop(self, *, kill: bool = False) -> None:
        """End it: connections are cut (SIGINT, a fast shutdown), or with ``kill`` at once as a crash would."""
        if self._process is not None:
            # SIGQUIT: every process of the server leaves at once and the next start recovers from the log.
            self._process.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """Let it hang with all its processes: it takes connections, keeps those it has, and answers nothing."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """End `freeze`."""
        for process in self._processes():
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        assert self._process is not None, "it is not running"
        main = psutil.Process(self._process.pid)
        return [main, *main.children(recursive=True)]

    @contextmanager
    def stopped_at_the_end(self) -> Iterator[None]:
        """Stop it at the end of the block, whatever happens in it."""
        try:
            yield
        finally:
            self.stop()

    def remove(self) -> None:
        """Stop it and delete its files."""
        self.stop()
        shutil.rmtree(self.directory)

    def place(self, name: str, content: bytes) -> Path:
        """Put a file beside its data that only the server's user may read."""
        file = self.directory / name
        file.write_bytes(content)
        file.chmod(0o600)
        self.own(file)
        return file

    def own(self, path: Path) -> None:
        """Give a file or folder to the server's user."""
        user = _unprivileged()
        os.chown(path, user.pw_uid, user.pw_gid)

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Run a statement from outside; its unadorned output."""
        login = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *login, "-c", statement).strip()

    def standby(self) -> "PostgresServer":
        """A hot standby of it, not yet started."""
        other = PostgresServer(self.programs, dict(self.options))
        user = _unprivileged()
        os.chown(other.directory, user.pw_uid, user.pw_gid)
        source = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        other._run("pg_basebackup", *source, "-D", f"{other.directory}/data", "-R", "-c", "fast", "--no-sync")
        return other

    def promote(self) -> None:
        """Let a standby take over."""
        self._run("pg_ctl", "promote", "-w", "-D", f"{self.directory}/data")

    def create_database(self, name: str) -> str:
        """Make an empty database; its address as `DATABASE_URL` wants it."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def create_migrated_database(self, name: str) -> str:
        """Make one with our tables; its address likewise."""
        url = self.create_database(name)
        asyncio.run(migrated(url))
        return url

    def _answers(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        user = _unprivileged()
        return subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            user=user.pw_uid,
            group=user.pw_gid,
            cwd=self.directory,
        ).stdout


async def migrated(url: str) -> None:
    """Make our tables in a database."""
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()


@contextmanager
def new_postgres() -> Iterator[PostgresServer]:
    """A server of one's own, not yet started; its files are deleted at the end."""
    assert PROGRAMS is not None
    server = PostgresServer(PROGRAMS).create()
    try:
        yield server
    finally:
        server.remove()
