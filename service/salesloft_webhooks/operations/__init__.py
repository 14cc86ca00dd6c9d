"""What every long-running role needs to be operated: a listening server, probes and metrics, an orderly end.

- `HttpServer`: one listening port, run by uvicorn inside our own event loop, within `ConnectionLimits`.
- `MemoryBudget`: what everything unfinished in the process may hold together.
- `OperationsServer`: the second port, with `/livez`, `/readyz` and `/metrics`.
- `rare_collection`: how often garbage is looked for.
- `run_role`: the process around a role: logs, traces, the event loop.
- `Measurements`: keeps what metrics say about groups and partitions fresh.
- `stop_event`: set by SIGTERM or SIGINT, or the caller's own.

This is the only package that knows uvicorn.
"""

from salesloft_webhooks.operations.connection_limits import ConnectionLimits
from salesloft_webhooks.operations.http_server import HttpServer
from salesloft_webhooks.operations.memory_budget import MemoryBudget
from salesloft_webhooks.operations.operations_server import OperationsServer
from salesloft_webhooks.operations.probes import Probe
from salesloft_webhooks.operations.rare_collection import rare_collection
from salesloft_webhooks.operations.request_state import answer_at_once, body_at_once, body_evicted
from salesloft_webhooks.operations.role_process import run_role
from salesloft_webhooks.operations.stop_signals import stop_event
from salesloft_webhooks.operations.store_measurements import Measurements

__all__ = [
    "ConnectionLimits",
    "HttpServer",
    "Measurements",
    "MemoryBudget",
    "OperationsServer",
    "Probe",
    "answer_at_once",
    "body_at_once",
    "body_evicted",
    "rare_collection",
    "run_role",
    "stop_event",
]
