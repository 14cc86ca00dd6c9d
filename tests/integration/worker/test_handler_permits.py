"""The permit of an event for its limited handlers: what becomes of it however the attempt goes."""

import asyncio
import threading
import time

import pytest

from salesloft_webhooks import Event, Limit, Retry, Router
from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import GroupOptions, HandlerLimits, Lease, Want, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.handlers.held_permit import HELD
from salesloft_webhooks.handlers.threads import HandlerThreads
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import render_metrics
from salesloft_webhooks.worker.handler_permits import HandlerPermits, HeldUp
from tests.integration.worker.limited_calls import Calls, no_permits, workers
from tests.support.samples import event as new_event
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def test_no_handler_of_an_event_runs_twice_because_another_is_limited(valkey: Server) -> None:
    """The first handler has no limit, the second may run once at a time: each runs once for each of twelve events."""
    router, first, second = Router[None](), list[str](), Calls()

    @router.on("*")
    async def unlimited(event: Event) -> None:
        first.append(event.event_id)

    @router.on("*", limit=Limit(max_running=1))
    async def limited(event: Event) -> None:
        await second.call(event, seconds=0.01)

    async with workers(valkey, router, 2) as running:
        await running.publish(*(f"e{number}" for number in range(12)))
        await running.finished(12, seconds=60)

    assert sorted(first) == sorted(second.ended) == sorted(f"e{number}" for number in range(12))
    assert second.most[""] == 1


async def test_whatever_ends_a_call_its_permit_comes_back(valkey: Server) -> None:
    """Failed, too slow, snoozed, exited: the next one begins each time, long before a lease is over."""
    router, seen = Router[None](), list[str]()

    @router.on("*", limit=Limit(max_running=1), timeout_seconds=0.2, max_attempts=2)
    async def sync(event: Event) -> None:
        seen.append(event.event_id)
        if seen.count(event.event_id) > 1:
            return
        if event.event_id == "fails":
            raise ValueError("broken")
        if event.event_id == "slow":
            await asyncio.sleep(60)
        if event.event_id == "snoozes":
            raise Retry("early", after=0, counted=False)
        if event.event_id == "exits":
            raise SystemExit

    async with pipeline(valkey, router) as running:
        await running.publish("fails", "slow", "snoozes", "exits", "fine")
        await running.finished(5, seconds=30)

        assert running.outcomes() == {"done": 5}
        await no_permits(running)


async def test_a_plain_function_keeps_its_permit_until_its_thread_has_ended(valkey: Server) -> None:
    """Its time is over after a tenth of its work: the next one begins when it has really ended."""
    router, running_now, most, lock = Router[None](), list[int](), list[int](), threading.Lock()

    @router.on("*", limit=Limit(max_running=1), timeout_seconds=0.1, max_attempts=1)
    def sync(_event: Event) -> None:
        with lock:
            running_now.append(1)
            most.append(len(running_now))
        time.sleep(0.5)
        with lock:
            running_now.pop()

    async with pipeline(valkey, router) as running:
        await running.publish("e1", "e2", "e3")
        await running.finished(3, seconds=30)

        assert running.outcomes() == {"dead": 3}
        await no_permits(running)
    assert max(most) == 1


async def test_a_thread_that_outlives_its_attempt_keeps_the_permit() -> None:
    """Cancelled twice, nobody waits for the function any more; the permit is held until it has ended."""
    threads, free, held = HandlerThreads(1), threading.Event(), list["asyncio.Future[object]"]()

    class Permit:
        """Writes down until when it is held."""

        def hold_until(self, ended: "asyncio.Future[object]") -> None:
            """As the worker's."""
            held.append(ended)

    token = HELD.set(Permit())
    attempt = asyncio.create_task(threads.run(free.wait))
    HELD.reset(token)
    try:
        await eventually(lambda: bool(held), "the function runs")
        for _ in range(2):
            attempt.cancel()
            await asyncio.sleep(0.01)

        assert attempt.done()
        assert not held[0].done()
    finally:
        free.set()
        threads.close()
    await asyncio.wait(held)


async def test_an_event_that_cannot_be_read_fails_alone(valkey: Server) -> None:
    """Nobody knows what its key is: it is a dead letter after its attempts, and the others are handled."""
    router, seen = Router[None](), list[str]()

    @router.on("*", limit=Limit(max_running=1, key="data.user.id"))
    async def sync(event: Event) -> None:
        seen.append(event.event_id)

    async with pipeline(valkey, router, max_attempts=2) as running:
        broken = NewEvent("broken", "person.created", "person:1", "2026-03-07T04:26:14Z", b'{"user":')
        await running.publisher.publish(NewDelivery("default", (broken,)))
        await running.publish("fine")
        await running.finished(2, seconds=30)

        assert running.outcomes() == {"dead": 1, "done": 1}
    assert seen == ["fine"]


async def test_how_often_events_are_held_up_is_counted_by_handler_and_limit(valkey: Server) -> None:
    """And attempts that did not begin are told from all others."""
    router, free = Router[None](), asyncio.Event()

    @router.on("person.created", limit=Limit(max_running=1))
    async def sync(_event: Event) -> None:
        await free.wait()

    name = sync.__qualname__
    counted = f'handler_held_up_total{{group="mine",handler="{name}",limit="running"}} '.encode()
    async with pipeline(valkey, router) as running:
        await running.publish("e1", "e2")
        await eventually(lambda: counted in render_metrics()[0], "the second one is held up")
        free.set()
        await running.finished(2, seconds=30)

    text = render_metrics()[0].decode()
    (line,) = (
        each
        for each in text.splitlines()
        if 'attempts_total{event_type="person.created",group="mine",outcome="held_up"}' in each
    )
    assert float(line.rsplit(" ", 1)[1]) >= 1


async def test_while_the_store_cannot_be_asked_events_come_again() -> None:
    """Nobody knows whether there is a permit: no handler begins, and nothing is spent."""
    settings = Settings.load(redis_url="redis://127.0.0.1:1/0")
    async with open_store(settings) as away, Background() as background:
        permits = HandlerPermits(HandlerLimits(away, GroupOptions("mine")), "consumer")
        background.start(permits.run(), name="permits")

        with pytest.raises(HeldUp) as held_up:
            await permits.ask(Lease(0, "1-1", "", new_event("person.created", {})), [Want("sync", "1 -", "k")])

    assert (held_up.value.limit, held_up.value.counted) == ("store", False)
    assert held_up.value.seconds >= 2
