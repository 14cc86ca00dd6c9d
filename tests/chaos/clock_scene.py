"""Clocks that can be set: the server's, the receivers', the workers'."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.scenes import Scene, Surroundings
from tests.chaos.surroundings.faked_time import Clock, absent, clock, tidied
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server, engines
from tests.support.worker_process import WorkerProcess


@dataclass
class Clocks:
    """Whose clock is which."""

    server: Clock
    receivers: Clock
    workers: Clock

    def place(self, role: ReceiverProcess | WorkerProcess) -> None:
        """Let a role live by its clock."""
        role.settings |= (self.receivers if isinstance(role, ReceiverProcess) else self.workers).environment


@contextmanager
def _clocks(folder: Path) -> Iterator[Surroundings]:
    with ExitStack() as stack:
        stack.enter_context(tidied())
        parts = Clocks(*(stack.enter_context(clock(folder, name)) for name in ("server", "receivers", "workers")))
        program = parts.server.script(folder, engines()["valkey"])
        server = Server(program, folder, {"appendonly": "yes", "appendfsync": "always"}).start()
        stack.callback(server.stop, kill=True)
        yield Surroundings(server.url, server.url, {"DURABILITY": "fsync"}, server, parts, parts.place)


SCENES = [
    Scene(
        "clocks",
        "as `fsync`; the server, the receivers and the workers have clocks that can be set (libfaketime)",
        _clocks,
        absent() or "",
    )
]
