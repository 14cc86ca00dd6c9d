"""A real PgBouncer as a child process, in front of a PostgreSQL server and in transaction mode."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.postgres import PostgresServer
from tests.support.servers import free_port
from tests.support.waiting import wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class PgBouncer:
    """Gives every transaction whichever of its few connections is idle, as managed services do.

    Attributes:
        server: Where they lead to.
        directory: An empty folder for its configuration.
    """

    server: PostgresServer
    directory: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> "PgBouncer":
        """Start it and wait until a statement comes through."""
        user = pwd.getpwnam("postgres").pw_name if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        (self.directory / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={self.server.port} user=postgres\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nserver_round_robin = 1\n"
            "max_client_conn = 200\n"
        )
        self.directory.chmod(0o755)
        assert PROGRAM is not None
        arguments = ["-q", *(["-u", user] if os.getuid() == 0 else []), str(self.directory / "pgbouncer.ini")]
        self._process = subprocess.Popen([PROGRAM, *arguments], stderr=subprocess.DEVNULL)
        wait_until(self._answers, description="PgBouncer lets statements through")
        return self

    def address(self, database: str) -> str:
        """Of a database behind it, as `DATABASE_URL` wants it."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        command = [str(self.server.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run([*command, "-U", "postgres"], check=False).returncode == 0
