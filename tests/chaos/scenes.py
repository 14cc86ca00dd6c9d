"""The surroundings of a live pipeline, by name: its store, and what its 200 promises."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server, engines
from tests.support.worker_process import WorkerProcess


@dataclass
class Surroundings:
    """A store that runs.

    Attributes:
        url: As `REDIS_URL` wants it.
        look: An address at which the witness asks the store itself, past what stands between; empty: it cannot.
        settings: Of receivers and workers, besides `tests.chaos.live.SETTINGS`.
        server: The one server, if there is one.
        parts: Anything else that faults of this scene need.
        place: Called with each role before it starts for the first time: may change its address of the store.
        deliver_to: To which port of this machine the sender sends what is for a receiver.
        sender: Fields of its `Order`.
        groups: Settings of the workers of each group; empty: the two of `tests.chaos.live`.
        follow_ups: Whether they ask for follow-ups, so that these are counted, too.
    """

    url: str
    look: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    server: Server | None = None
    parts: Any = None
    place: Callable[[ReceiverProcess | WorkerProcess], None] = lambda _: None
    deliver_to: Callable[[ReceiverProcess], int] = lambda receiver: receiver.port
    sender: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    follow_ups: bool = False

    @property
    def only_server(self) -> Server:
        """The one server; fails where there is none."""
        assert self.server is not None, "this scene has no single server"
        return self.server


@dataclass(frozen=True)
class Scene:
    """Where faults are struck.

    Attributes:
        name: What faults call it.
        sentence: What it is, for readers.
        open: Starts it in an empty folder, and ends it.
        missing: Why it cannot be had on this machine; empty: it can.
    """

    name: str
    sentence: str
    open: Callable[[Path], AbstractContextManager[Surroundings]]
    missing: str = ""


def plain(durability: str, options: dict[str, str]) -> Callable[[Path], AbstractContextManager[Surroundings]]:
    """A server with these options, and the durability level that receivers promise on it."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Surroundings]:
        server = Server(engines()["valkey"], folder, options).start()
        try:
            yield Surroundings(server.url, server.url, {"DURABILITY": durability}, server)
        finally:
            server.stop(kill=True)

    return opened


SCENES = [
    Scene(
        "memory",
        "`DURABILITY=memory` on a server without persistence",
        plain("memory", {}),
    ),
    Scene(
        "everysec",
        "`DURABILITY=memory` on a server with an append-only file that it syncs each second",
        plain("memory", {"appendonly": "yes", "appendfsync": "everysec"}),
    ),
    Scene(
        "fsync",
        "`DURABILITY=fsync` on a server with `appendfsync always`",
        plain("fsync", {"appendonly": "yes", "appendfsync": "always"}),
    ),
]
