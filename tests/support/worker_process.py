"""A real worker process."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Self

from tests.support.http_client import exchange, request, sample
from tests.support.servers import free_port, wait_until

PROGRAM = (sys.executable, "-m", "salesloft_webhooks", "worker")


@dataclass
class WorkerProcess:
    """``salesloft-webhooks worker`` of one group.

    Attributes:
        group: Its group.
        redis_url: Its store.
        settings: More environment variables.
    """

    group: str
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    ops_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it works."""
        self.launch()
        wait_until(self._ready, seconds=30, description=f"the readiness of the worker of {self.group}")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        environment = os.environ | {
            "HOST": "127.0.0.1",
            "OPS_PORT": str(self.ops_port),
            "REDIS_URL": self.redis_url,
            "WORKER_GROUP": self.group,
            "LOG_LEVEL": "error",
            **self.settings,
        }
        self._process = subprocess.Popen(PROGRAM, env=environment)

    def kill(self) -> None:
        """End it at once, as the kernel does when memory runs out; nothing of it gets to run any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> int:
        """Ask it to end, as Kubernetes does, and wait for it; its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(timeout=60)
        self._process = None
        return code

    def metric(self, name: str, **labels: str) -> float:
        """The value of a sample of `/metrics`; 0 when there is none."""
        return sample(self.ops_port, name, **labels)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def dead(self) -> bool:
        """Whether it was killed and not started again."""
        return self._process is None

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the worker has ended"
        try:
            return exchange(self.ops_port, request("GET", "/readyz")).status == 200
        except OSError:
            return False
