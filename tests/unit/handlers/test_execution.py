"""What the time-out of an attempt leaves behind."""

import asyncio

from salesloft_webhooks.deadlines import Deadlines
from salesloft_webhooks.handlers.execution import AttemptLimits, AttemptTimeout, Ending, run_attempt

SECONDS = 0.1


async def test_a_cancellation_by_the_limit_is_taken_back() -> None:
    """The task goes on after an attempt that took too long as one that nobody has cancelled."""
    limits = AttemptLimits(SECONDS, 3, Deadlines(SECONDS, asyncio.Task.cancel))

    async def run() -> tuple[Ending, BaseException | None, int]:
        verdict = await run_attempt(lambda: asyncio.sleep(10), limits, attempt=1, interrupted=lambda: False)
        task = asyncio.current_task()
        assert task is not None
        return verdict.ending, verdict.error, task.cancelling()

    ending, error, cancelling = await asyncio.create_task(run())

    assert ending is Ending.RETRY
    assert isinstance(error, AttemptTimeout)
    assert cancelling == 0
