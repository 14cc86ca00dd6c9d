"""A real worker process."""

import sys
from dataclasses import dataclass, field
from typing import ClassVar, Self

from salesloft_webhooks.broker.rights import Role
from tests.support.role_process import RoleProcess
from tests.support.servers import free_port

PROGRAM = (sys.executable, "-m", "salesloft_webhooks", "worker")


@dataclass
class WorkerProcess(RoleProcess):
    """``salesloft-webhooks worker`` of one group.

    Attributes:
        group: Its group.
        redis_url: Its store.
        settings: More environment variables.
    """

    role: ClassVar[Role] = Role.WORKER
    group: str
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    ops_port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it and wait until it works."""
        self.launch()
        self.wait_until_ready(f"the worker of {self.group}")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        self._launch(PROGRAM, {"WORKER_GROUP": self.group})
