"""Liveness asks one thing: does each delivery come to an end?"""

from contextlib import ExitStack
from dataclasses import dataclass

from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from tests.support.waiting import eventually


@dataclass
class Clock:
    """A clock that goes on only when the test says so: how old a delivery is depends on no machine.

    Attributes:
        now: What it shows, in seconds.
    """

    now: float = 1_000.0

    def __call__(self) -> float:
        """Read it."""
        return self.now


def watched(clock: Clock, *, stuck_after_seconds: float) -> InFlightDeliveries:
    """Deliveries whose age this clock tells."""
    in_flight = InFlightDeliveries(stuck_after_seconds=stuck_after_seconds)
    in_flight._now = clock
    return in_flight


async def test_nothing_to_do_is_no_problem() -> None:
    """An idle receiver is alive, however long it has been idle."""
    assert InFlightDeliveries(stuck_after_seconds=0).problem() is None


async def test_a_delivery_that_never_ends_is_a_problem() -> None:
    """A delivery older than all time-outs together means that something hangs which only a restart mends."""
    clock = Clock()
    in_flight = watched(clock, stuck_after_seconds=60.0)
    with in_flight.delivery():
        clock.now += 59.9
        not_yet = in_flight.problem()
        clock.now += 0.1
        with in_flight.delivery():
            stuck = in_flight.problem()

    assert not_yet is None
    assert stuck is not None
    assert "60 s" in stuck
    assert in_flight.problem() is None


async def test_many_short_deliveries_are_no_problem() -> None:
    """Under constant load the age that counts is that of the oldest delivery still in work, not of the work."""
    clock = Clock()
    in_flight = watched(clock, stuck_after_seconds=60.0)
    in_work = ExitStack()
    for _ in range(10):
        following = ExitStack()
        following.enter_context(in_flight.delivery())
        in_work.close()  # after the next one has begun: there is never a moment without any
        in_work = following
        clock.now += 50.0
        assert in_flight.problem() is None
    in_work.close()


async def test_deliveries_age_by_themselves() -> None:
    """Outside of these tests the clock is a real one: a delivery that goes on for ever becomes a problem."""
    in_flight = InFlightDeliveries(stuck_after_seconds=0.1)
    with in_flight.delivery():
        await eventually(lambda: in_flight.problem() is not None, "it is stuck")
