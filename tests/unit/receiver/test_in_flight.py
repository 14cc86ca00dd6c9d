"""Liveness asks one thing: does each delivery come to an end?"""

import asyncio

from salesloft_webhooks.receiver.in_flight import InFlightDeliveries


async def test_nothing_to_do_is_no_problem() -> None:
    """An idle receiver is alive, however long it has been idle."""
    assert InFlightDeliveries(stuck_after_seconds=0).problem() is None


async def test_a_delivery_that_never_ends_is_a_problem() -> None:
    """A delivery older than all time-outs together means that something hangs which only a restart mends."""
    in_flight = InFlightDeliveries(stuck_after_seconds=0.05)
    with in_flight.delivery():
        fresh = in_flight.problem()
        await asyncio.sleep(0.06)
        with in_flight.delivery():
            stuck = in_flight.problem()

    assert fresh is None
    assert stuck is not None
    assert in_flight.problem() is None


async def test_many_short_deliveries_are_no_problem() -> None:
    """Under constant load the age that counts is that of the oldest delivery still in work, not of the work."""
    in_flight = InFlightDeliveries(stuck_after_seconds=1.0)
    for _ in range(6):
        with in_flight.delivery():
            await asyncio.sleep(0.25)
            assert in_flight.problem() is None
