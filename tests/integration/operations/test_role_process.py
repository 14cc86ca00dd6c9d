"""The end of a process whose role has ended."""

import os
import socket
import subprocess
import sys
import time

ROLE = """
from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.operations.role_process import run_role
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry.tracing import active_tracing


async def role(settings):
    trace = active_tracing().delivery("default", "/webhooks", [])
    trace.start()
    trace.end(DeliveryOutcome.STORED, None)


run_role("receiver", Settings(), role)
"""


def test_a_collector_that_hangs_holds_no_process_and_no_handler_is_blamed_alone() -> None:
    """A receiver, which runs no handler, ends in time and names the spans that did not get away."""
    with socket.create_server(("127.0.0.1", 0)) as collector:
        endpoint = f"http://127.0.0.1:{collector.getsockname()[1]}"
        settings = {"REDIS_URL": "redis://127.0.0.1:1/0", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        began = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", ROLE],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    assert time.monotonic() - began < 15
    assert "process.cut_off" in ended.stdout + ended.stderr
    assert "last spans" in ended.stdout + ended.stderr
