"""A real operator process."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.support.role_process import RoleProcess
from tests.support.servers import free_port

PROGRAM = (sys.executable, "-m", "salesloft_webhooks", "operator")


@dataclass
class OperatorProcess(RoleProcess):
    """``salesloft-webhooks operator``, which looks at everything each second.

    Attributes:
        kubeconfig: Where Kubernetes is, and the namespace.
        salesloft: The only address of SalesLoft's API that credentials are sent to.
        redis_url: Its store.
        settings: More environment variables.
    """

    kubeconfig: Path
    salesloft: str
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    ops_port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it and wait until it works, or waits for its turn."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "OPERATOR_API_URLS": self.salesloft}
        self._launch(PROGRAM, environment | {"OPERATOR_RESYNC_SECONDS": "1"})
        self.wait_until_ready("the operator")
        return self
