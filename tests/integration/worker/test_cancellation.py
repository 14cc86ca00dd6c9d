"""The worker's own loops end when they are cancelled, also when the client turns that into a lost connection."""

import asyncio
from collections.abc import Sequence

import pytest

from salesloft_webhooks import Event, Unavailable
from salesloft_webhooks.broker import Group, HandedOver, Settlement, Taken
from salesloft_webhooks.errors import StoreUnavailable
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def lost_when_cancelled() -> None:
    """Wait for the cancellation, and make a store's error of it, as redis-py does while it connects."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise StoreUnavailable("connection lost") from None


async def test_a_settler_that_is_cancelled_while_the_client_fails_ends(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker ends a few seconds after its grace although its settler's cancellation comes as a lost connection."""
    asked = asyncio.Event()

    async def settle(_group: Group, _partition: int, _settlements: Sequence[Settlement], *_: int) -> HandedOver:
        asked.set()
        await lost_when_cancelled()
        return HandedOver((), (), something_is_due=False)

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Group, "settle_and_continue", settle)
    monkeypatch.setattr("salesloft_webhooks.worker.worker.SETTLE_SECONDS", 0.1)
    async with pipeline(valkey, handle, grace_seconds=0.1) as running:
        await running.publish("e1")
        await asked.wait()
        running.stop.set()
        await asyncio.wait_for(running.task, 5)


async def test_a_partition_loop_that_is_cancelled_while_the_client_fails_ends(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for the loop that takes."""
    asked = asyncio.Event()

    async def take(_group: Group, _partition: int, _count: int, *, alone: bool = False) -> Taken:
        asked.set()
        await lost_when_cancelled()
        raise AssertionError("unreachable")

    async def handle(event: Event) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Group, "take", take)
    async with pipeline(valkey, handle):
        await asked.wait()
        loop = next(task for task in asyncio.all_tasks() if task.get_name() == "partition 0")
        loop.cancel()
        await asyncio.wait_for(asyncio.wait([loop]), 5)

        assert loop.cancelled()


async def test_a_pause_under_way_ends_with_its_worker(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task that pauses the group is owned: when the worker has ended, it has ended, too."""
    pausing = asyncio.Event()

    async def pause(_group: Group, _seconds: float, _reason: str) -> None:
        pausing.set()
        await lost_when_cancelled()

    async def handle(event: Event) -> None:
        raise Unavailable("down", after=0.1)

    monkeypatch.setattr(Group, "pause", pause)
    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await pausing.wait()
        await eventually(lambda: not running.worker._loops[0].attempts, "the attempt has ended")
        running.stop.set()
        await asyncio.wait_for(running.task, 10)

    assert [task.get_name() for task in asyncio.all_tasks() if "paus" in task.get_name()] == []


async def test_a_handler_that_makes_light_of_being_cancelled_has_not_handled_its_event(valkey: Server) -> None:
    """Cut off at the end of the grace period, it returns as if nothing had happened: its event is handled anew."""
    asked = asyncio.Event()

    async def handle(event: Event) -> None:
        asked.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return

    async with pipeline(valkey, handle, grace_seconds=0.1) as running:
        await running.publish("e1")
        await asked.wait()
        running.stop.set()
        await asyncio.wait_for(running.task, 5)

        assert running.outcome("e1") is None
