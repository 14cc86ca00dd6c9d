"""Senders and what stands before the receivers: repeats at the same time, keys that are being changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.scenes import Scene, Surroundings
from tests.support.receiver_process import SECRET, ReceiverProcess
from tests.support.servers import Server, engines
from tests.support.worker_process import WorkerProcess

NEW_SECRET = "the-next-envelope-secret-for-tests"
BOTH = f"{NEW_SECRET},{SECRET}"
DURABLE = {"appendonly": "yes", "appendfsync": "always"}


@dataclass
class Keys:
    """The files that receivers read their keys from.

    Attributes:
        folder: Where they are.
        files: One of each receiver.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)

    def place(self, role: ReceiverProcess | WorkerProcess) -> None:
        """Give a receiver a file with both keys."""
        if isinstance(role, ReceiverProcess):
            self.files.append(self.folder / f"secret-{len(self.files)}")
            self.files[-1].write_text(BOTH, "ascii")
            role.settings |= {"SALESLOFT_WEBHOOK_SECRET": "", "SALESLOFT_WEBHOOK_SECRET_FILE": str(self.files[-1])}


@contextmanager
def _at_once(folder: Path) -> Iterator[Surroundings]:
    server = Server(engines()["valkey"], folder, DURABLE).start()
    try:
        yield Surroundings(server.url, server.url, {"DURABILITY": "fsync"}, server, sender={"at_once": True})
    finally:
        server.stop(kill=True)


@contextmanager
def _rotation(folder: Path) -> Iterator[Surroundings]:
    keys = Keys(folder)
    server = Server(engines()["valkey"], folder, DURABLE).start()
    sender = {"secrets": (SECRET, NEW_SECRET)}
    try:
        yield Surroundings(server.url, server.url, {"DURABILITY": "fsync"}, server, keys, keys.place, sender=sender)
    finally:
        server.stop(kill=True)


SCENES = [
    Scene(
        "at once",
        "as `fsync`; a proxy before the receivers hands each delivery to both of them at the same moment",
        _at_once,
    ),
    Scene("rotation", "as `fsync`; the sender signs with the old key and with the new one in turn", _rotation),
]
