"""The simulator as a class, as the demo and load tests use it: pace, retries, stopping."""

import asyncio
from collections.abc import Iterator
from itertools import islice

import pytest

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.simulator import Mix, Posting, Signer, Simulator, Traffic
from tests.support.fake_receiver import Listener
from tests.support.waiting import wait_until

KEYS = DialectKeys(envelope_secrets=(b"an-invented-secret-value",), callback_secrets=(b"an-invented-master-value",))


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listening server."""
    with Listener(KEYS).listening() as listener:
        yield listener


async def test_the_rate_is_kept(listener: Listener) -> None:
    """At 50 a second, 25 deliveries take half a second, not less and not much more."""
    traffic = Traffic(Signer(KEYS), seed=1)

    tally = await Simulator(listener.url, islice(traffic, 25), Posting(rate=50)).run()

    assert 0.45 < tally.seconds < 2.0
    assert tally.expected == 25


async def test_what_was_not_stored_is_sent_again() -> None:
    """A 503 is answered by the same delivery later, as SalesLoft does; in the end all is as expected."""
    with Listener(KEYS, fail_first=3).listening() as listener:
        traffic = Traffic(Signer(KEYS), seed=1)
        posting = Posting(concurrency=1, retries=3, retry_seconds=0.05)

        tally = await Simulator(listener.url, islice(traffic, 5), posting).run()

    assert (tally.expected, tally.unexpected, tally.retried) == (5, 0, 3)
    assert len({event.event_id for event in listener.events}) == 5


async def test_forgeries_are_not_repeated() -> None:
    """Whoever forges has no retry policy, and a forgery has no right to an answer."""
    with Listener(KEYS, fail_first=99).listening() as listener:
        traffic = Traffic(Signer(KEYS), Mix(forgeries=1.0), seed=1)

        tally = await Simulator(listener.url, islice(traffic, 5), Posting(retries=3, retry_seconds=0.01)).run()

    assert (tally.unexpected, tally.retried, listener.deliveries) == (5, 0, 5)


async def test_retries_end() -> None:
    """A delivery that fails every time is counted once as unexpected after its last retry."""
    with Listener(KEYS, fail_first=99).listening() as listener:
        traffic = Traffic(Signer(KEYS), seed=1)
        posting = Posting(concurrency=1, retries=3, retry_seconds=0.01)

        tally = await Simulator(listener.url, islice(traffic, 2), posting).run()

    assert (tally.expected, tally.unexpected, tally.retried, listener.deliveries) == (0, 2, 6, 8)


async def test_an_endless_run_stops_when_told(listener: Listener) -> None:
    """The demo's simulator runs until its stop event, and its counters can be read meanwhile."""
    simulator = Simulator(listener.url, Traffic(Signer(KEYS), seed=1), Posting(rate=200, give_up=False))
    stop = asyncio.Event()

    running = asyncio.create_task(simulator.run(stop))
    await asyncio.to_thread(wait_until, lambda: simulator.tally.expected >= 20, description="20 answers")
    stop.set()
    tally = await running

    assert tally is simulator.tally
    assert tally.unexpected == 0
    assert tally.expected == listener.deliveries


async def test_the_demo_waits_for_a_receiver_that_comes_late() -> None:
    """Without giving up, deliveries before the receiver is there are repeated, and none is lost."""
    listener = Listener(KEYS)
    traffic = Traffic(Signer(KEYS), seed=1)
    posting = Posting(concurrency=2, retries=100, retry_seconds=0.05, give_up=False)
    simulator = Simulator(listener.url, islice(traffic, 6), posting)

    running = asyncio.create_task(simulator.run())
    await asyncio.to_thread(wait_until, lambda: simulator.tally.retried > 2, description="first failures")
    with listener.listening():
        tally = await running

    assert (tally.expected, tally.unexpected) == (6, 0)
