"""A real operator process."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from salesloft_webhooks.broker.rights import Role
from tests.support.role_process import RoleProcess
from tests.support.servers import free_port


@dataclass
class OperatorProcess(RoleProcess):
    """``salesloft-webhooks operator``, which looks at everything each second.

    Attributes:
        kubeconfig: How it reaches Kubernetes, and in which namespace.
        redis_url: Its store.
        settings: More environment variables.
        program: The command.
    """

    role: ClassVar[Role] = Role.OPERATOR
    kubeconfig: Path
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "salesloft_webhooks", "operator")
    ops_port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it and wait until it can say who leads."""
        self.launch()
        self.wait_until_ready("the operator")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        self._launch(self.program, {"KUBECONFIG": str(self.kubeconfig), "OPERATOR_RESYNC_SECONDS": "1"})

    @property
    def leads(self) -> bool:
        """Whether it is the one that works."""
        return self.metric("salesloft_webhooks_operator_leader") == 1
