"""The operations port, the same for every role."""

from salesloft_webhooks.operations.connection_limits import ConnectionLimits
from salesloft_webhooks.operations.http_server import HttpServer
from salesloft_webhooks.operations.memory_budget import MemoryBudget
from salesloft_webhooks.operations.probes import Probe, probes_app

CONNECTIONS = 64
"""Enough for several Prometheus and all probes; others in the cluster must not take the files that the role needs."""
BUDGET_BYTES = 16_777_216
"""What this port's connections may hold where nothing else of the process draws on the same budget."""


class OperationsServer(HttpServer):
    """Probes and metrics on a port of their own, which is never exposed to the internet.

    Runs in the role's event loop on purpose: a loop that is blocked cannot answer `/livez`, and the kubelet's probe
    time-out finds out. So ``live`` need not ask whether the loop turns, only whether its work gets anywhere.

    Args:
        host: Address to listen on, see `listen`.
        port: Port to listen on; 0 takes a free one, see `port`.
        live: Why the process should be restarted, or None.
        ready: Why it should get no traffic at the moment, or None.
        budget: What its connections draw on; by default one of their own.
    """

    def __init__(
        self, host: str | None, port: int, *, live: Probe, ready: Probe, budget: MemoryBudget | None = None
    ) -> None:
        limits = ConnectionLimits(budget or MemoryBudget(BUDGET_BYTES), connections=CONNECTIONS)
        super().__init__(probes_app(live=live, ready=ready), host, port, setting="OPS_PORT", limits=limits)
