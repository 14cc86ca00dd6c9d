"""Liveness asks one thing: does each delivery come to an end?"""

import asyncio

from salesloft_webhooks.receiver.in_flight import Progress


async def test_nothing_to_do_is_no_problem() -> None:
    """An idle receiver is alive, however long it has been idle."""
    assert Progress(stuck_after_seconds=0).problem() is None


async def test_a_delivery_that_never_ends_is_a_problem() -> None:
    """A delivery older than all time-outs together means that something hangs which only a restart mends."""
    progress = Progress(stuck_after_seconds=0.05)
    with progress.delivery():
        fresh = progress.problem()
        await asyncio.sleep(0.06)
        with progress.delivery():
            stuck = progress.problem()

    assert fresh is None
    assert stuck is not None
    assert progress.problem() is None


async def test_many_short_deliveries_are_no_problem() -> None:
    """Under constant load the age that counts is that of the oldest delivery still in work, not of the work."""
    progress = Progress(stuck_after_seconds=0.1)
    for _ in range(6):
        with progress.delivery():
            await asyncio.sleep(0.03)
            assert progress.problem() is None
