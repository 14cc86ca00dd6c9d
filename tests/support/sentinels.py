"""Real Sentinels: a primary with a replica, and three processes that watch them."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until

SERVICE = "main"
PASSWORD = "the-sentinels-own-password"
DOWN_AFTER_MS = 1_000


@dataclass
class Sentinel:
    """One Sentinel process.

    Attributes:
        directory: Where its configuration lies, which it rewrites.
        configuration: Lines of it.
    """

    directory: Path
    configuration: list[str]
    port: int = field(default_factory=free_port)
    password: str | None = PASSWORD
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Sentinel":
        """Start it."""
        file = self.directory / f"sentinel-{self.port}.conf"
        file.write_text(
            "\n".join([f"port {self.port}", "bind 127.0.0.1", f"dir {self.directory}", *self.configuration])
        )
        command = [engines()["valkey"], str(file), "--sentinel"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def knows(self, *, others: int) -> bool:
        """Whether it has found that many other Sentinels and a replica that is in step."""
        with redis.Redis(port=self.port, password=self.password) as client:
            try:
                state = client.sentinel_masters()[SERVICE]
                replicas = client.sentinel_slaves(SERVICE)
            except redis.RedisError:
                return False
        linked = [replica for replica in replicas if replica["master-link-status"] == "ok"]
        return state["num-other-sentinels"] == others and bool(linked)


@dataclass
class Watched:
    """What `watched` starts."""

    primary: Server
    replica: Server
    sentinels: list[Sentinel]

    @property
    def url(self) -> str:
        """As `REDIS_URL` wants it."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"


@contextmanager
def watched(directory: Path, *, password: str | None = PASSWORD) -> Iterator[Watched]:
    """A primary, its replica and three Sentinels that ask for a password."""
    with ExitStack() as stack:
        servers = []
        for name in ("primary", "replica"):
            (directory / name).mkdir()
            options = {"repl-diskless-sync-delay": "0"}
            servers.append(Server(engines()["valkey"], directory / name, options).start())
            stack.callback(servers[-1].stop, kill=True)
        primary, replica = servers
        with replica.client() as client:
            client.replicaof("127.0.0.1", primary.port)
        login = [f"requirepass {password}", f"sentinel sentinel-pass {password}"] if password else []
        lines = [
            *login,
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} 10000",
        ]
        sentinels = [Sentinel(directory, lines, password=password) for _ in range(3)]
        for sentinel in sentinels:
            stack.callback(sentinel.start().kill)
        for sentinel in sentinels:
            wait_until(
                lambda sentinel=sentinel: sentinel.knows(others=2),  # type: ignore[misc]
                seconds=30,
                description="the Sentinels know each other and the replica",
            )
        yield Watched(primary, replica, sentinels)
