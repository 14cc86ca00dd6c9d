"""Real Sentinels: a primary with a replica, and three processes that watch them."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

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

    def go_on(self) -> None:
        """Let it work, if it was frozen."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def knows(self, *, others: int, replicas: int = 1) -> bool:
        """Whether it has found that many other Sentinels, and replicas that are in step."""
        with redis.Redis(port=self.port, password=self.password) as client:
            try:
                state = client.sentinel_masters()[SERVICE]
                known = client.sentinel_slaves(SERVICE)
            except redis.RedisError:
                return False
        linked = [replica for replica in known if replica["master-link-status"] == "ok"]
        return state["num-other-sentinels"] == others and len(linked) >= replicas


@dataclass
class Watched:
    """What `watched` starts.

    Attributes:
        primary: As it begins.
        replicas: Of it.
        sentinels: Three.
    """

    primary: Server
    replicas: list[Server]
    sentinels: list[Sentinel]

    @property
    def replica(self) -> Server:
        """The first of them."""
        return self.replicas[0]

    @property
    def url(self) -> str:
        """As `REDIS_URL` wants it."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"


@contextmanager
def watched(
    directory: Path,
    *,
    password: str | None = PASSWORD,
    replicas: int = 1,
    down_after_ms: int = DOWN_AFTER_MS,
    options: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Watched]:
    """A primary, its replicas and three Sentinels that ask for a password."""
    with ExitStack() as stack:
        servers = []
        for name in ("primary", *(f"replica-{number}" for number in range(replicas))):
            (directory / name).mkdir()
            chosen = {"repl-diskless-sync-delay": "0", **options}
            servers.append(Server(engines()["valkey"], directory / name, chosen).start())
            stack.callback(servers[-1].stop, kill=True)
        primary, *others = servers
        for replica in others:
            with replica.client() as client:
                client.replicaof("127.0.0.1", primary.port)
        login = [f"requirepass {password}", f"sentinel sentinel-pass {password}"] if password else []
        lines = [
            *login,
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} {down_after_ms}",
            f"sentinel failover-timeout {SERVICE} 10000",
        ]
        sentinels = [Sentinel(directory, lines, password=password) for _ in range(3)]
        for sentinel in sentinels:
            stack.callback(sentinel.start().kill)
        for sentinel in sentinels:
            wait_until(
                lambda sentinel=sentinel: sentinel.knows(others=2, replicas=replicas),  # type: ignore[misc]
                seconds=30,
                description="the Sentinels know each other and the replicas",
            )
        yield Watched(primary, others, sentinels)
