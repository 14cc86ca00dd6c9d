"""Handlers that do not end do not keep their worker's process alive."""

import time

import pytest

from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_pipeline import pipeline
from tests.support.worker_process import WorkerProcess

SETTLE_AND_LEAVE_SECONDS = 3 + 1 + 3
"""Beyond the grace period: `worker.SETTLE_SECONDS`, `worker.RETIRE_SECONDS`, `process.LEAVING_SECONDS`."""
SLACK_SECONDS = 5
STREAM = "sl:{0}:events"


async def _nothing(_event: object) -> None: ...


@pytest.mark.parametrize("router", ["deaf", "blocking", "plain"])
async def test_a_handler_that_does_not_end_is_left_behind(valkey: Server, router: str) -> None:
    """SIGTERM ends the process soon after its grace period, with exit code 0 and its entry still to be handled."""
    settings = {
        "WORKER_HANDLERS": f"tests.integration.worker.uncancellable_handlers:{router}",
        "GRACE_SECONDS": "0.5",
        "HANDLER_TIMEOUT_SECONDS": "60",
    }
    async with pipeline(valkey, _nothing) as publishing:
        await publishing.publish("e1")
        await publishing.finished(1)
    worker = WorkerProcess("stubborn", valkey.url, settings).start()
    with valkey.client() as redis:
        wait_until(lambda: redis.xpending(STREAM, "stubborn")["pending"] == 1, description="the handler runs")

        began = time.monotonic()
        code = worker.stop()
        took = time.monotonic() - began

        assert code == 0
        assert took < 0.5 + SETTLE_AND_LEAVE_SECONDS + SLACK_SECONDS
        assert redis.xpending(STREAM, "stubborn")["pending"] == 1
