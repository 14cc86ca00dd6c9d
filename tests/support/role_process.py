"""What a receiver and a worker have in common as processes of this machine."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from salesloft_webhooks.broker.rights import Role
from tests.support.http_client import Connection, request, sample
from tests.support.store_users import as_role
from tests.support.waiting import wait_until

READY_SECONDS = 90.0
"""A start takes two seconds of a processor, of which others may want all."""


class RoleProcess:
    """A role on free ports; the dataclasses below it say which.

    Attributes:
        redis_url: Its store.
        settings: More environment variables.
        ops_port: Where it answers probes and `/metrics`.
        role: As whose user it logs in to a server of the tests, which has the rights of that role and no other.
        prefix: What its command begins with, to run it elsewhere.
    """

    role: ClassVar[Role]
    redis_url: str
    settings: dict[str, str]
    ops_port: int
    prefix: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    def _launch(self, program: Sequence[str], environment: dict[str, str]) -> None:
        # What was released before there were such users runs with the rights of everybody.
        released = "released" in self.settings.get("PYTHONPATH", "")
        url = self.redis_url if released else as_role(self.redis_url, self.role)
        common = {"HOST": "127.0.0.1", "OPS_PORT": str(self.ops_port), "REDIS_URL": url}
        common["LOG_LEVEL"] = "error"
        self._process = subprocess.Popen(
            [*self.prefix, *program], env=os.environ | common | environment | self.settings
        )

    def probe(self, path: str, *, port: int | None = None) -> int:
        """The status a path of the operations port, or another, answers with; 0 while nobody does."""
        assert not self.ended, "the process has ended"
        with suppress(OSError), Connection(port or self.ops_port) as connection:
            connection.send(request("GET", path))
            if reply := connection.reply():
                return reply.status
        return 0

    def wait_until_ready(self, who: str) -> None:
        """Return when its probe says so."""
        wait_until(lambda: self.probe("/readyz") == 200, seconds=READY_SECONDS, description=f"{who} is ready")

    def metric(self, name: str, **labels: str) -> float:
        """The value of a sample of `/metrics`; 0 when there is none."""
        return sample(self.ops_port, name, **labels)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process; fails the test when there is none."""
        assert self._process is not None, "it is not running"
        return self._process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def dead(self) -> bool:
        """Whether it was killed or stopped and not started again."""
        return self._process is None

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def terminate(self) -> None:
        """Ask it to end, as Kubernetes does."""
        self.process.terminate()

    def wait(self, *, seconds: float = 15.0) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(timeout=seconds)

    def stop(self) -> int:
        """Ask it to end and wait for it; its exit code."""
        self.terminate()
        code = self.wait(seconds=60)
        self._process = None
        return code

    def kill(self) -> None:
        """End it at once, as the kernel does when memory runs out; nothing of it gets to run any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
