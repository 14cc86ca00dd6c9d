"""When the loop asks the store for work: at once where there may be some, and not for nothing."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, GroupOptions, HandedOver, Outcome, Publisher, Settlement, Taken, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from salesloft_webhooks.worker.assignment import BEAT_SECONDS
from salesloft_webhooks.worker.idle_wait import QUIET_SECONDS
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline

FAR_OFF = 2.0
"""A poll interval that no test waits for."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much each take has asked for."""
    counts: list[int] = []
    take = Group.take

    async def counted(group: Group, partition: int, count: int, *, alone: bool = False) -> Taken:
        counts.append(count)
        return await take(group, partition, count, alone=alone)

    monkeypatch.setattr(Group, "take", counted)
    return counts


async def idle(_event: Event) -> None:
    """Handle it without doing anything."""


async def test_the_end_of_an_attempt_is_no_reason_to_ask(valkey: Server, asked: list[int]) -> None:
    """An event costs two takes, the second to see that no more has come; its end and its outcome cost none."""

    async def handle(_event: Event) -> None:
        await asyncio.sleep(0.05)

    async with pipeline(valkey, handle, poll_seconds=FAR_OFF) as running:
        await eventually(lambda: bool(asked), "the worker waits for entries")
        await asyncio.sleep(0.1)
        before = len(asked)
        await running.publish("e1")
        await running.finished(1)
        await asyncio.sleep(0.1)

        assert len(asked) - before == 2


async def test_what_nothing_waits_for_is_settled_with_the_next_take(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both calls begin one right after the other, for most of ten events, so that they cost one waking up."""
    seen: list[str] = []
    take, settle = Group.take, Group.settle_and_continue

    async def noted_take(group: Group, partition: int, count: int, *, alone: bool = False) -> Taken:
        seen.append("take begins")
        taken = await take(group, partition, count, alone=alone)
        seen.append(f"take ends with {len(taken.leases)}")
        return taken

    async def noted_settle(group: Group, *args: Any) -> HandedOver:
        seen.append("settle begins")
        answer = await settle(group, *args)
        seen.append("settle ends")
        return answer

    monkeypatch.setattr(Group, "take", noted_take)
    monkeypatch.setattr(Group, "settle_and_continue", noted_settle)
    async with pipeline(valkey, idle, poll_seconds=FAR_OFF) as running:
        await eventually(lambda: bool(seen), "the worker waits for entries")
        for number in range(10):
            await running.publish(f"e{number}")
            await running.finished(number + 1)

    followed = [at + 1 for at, what in enumerate(seen) if what == "take ends with 1"]
    together = [sorted(seen[at : at + 2]) == ["settle begins", "take begins"] for at in followed]
    assert together.count(True) > 5


async def test_the_next_of_a_lane_does_not_wait(valkey: Server) -> None:
    """In an ordered group an outcome may make the next event of the entity due: the loop looks at once."""
    handled: list[str] = []

    async def handle(event: Event) -> None:
        await asyncio.sleep(0.05)
        handled.append(event.event_id)

    async with pipeline(valkey, handle, poll_seconds=FAR_OFF, worker_ordering=Ordering.ENTITY) as running:
        await running.publish("e1", "e2", "e3", key="person:1")
        await running.finished(3, seconds=0.75 * FAR_OFF)

    assert handled == ["e1", "e2", "e3"]


async def test_a_retry_runs_in_its_time(valkey: Server) -> None:
    """The time of a retry that was settled while the loop waits for entries is known to it: it does not poll for it."""
    attempts: list[int] = []

    async def handle(event: Event) -> None:
        attempts.append(event.attempt)
        await asyncio.sleep(0.1)
        if event.attempt < 3:
            raise LookupError

    async with pipeline(valkey, handle, poll_seconds=FAR_OFF) as running:
        await running.publish("e1")
        await running.finished(1, seconds=0.75 * FAR_OFF)

    assert attempts == [1, 2, 3]


async def test_an_idle_worker_seldom_takes(valkey: Server, asked: list[int]) -> None:
    """In twenty poll intervals without work it takes once or twice; between that it only looks what is due."""
    async with pipeline(valkey, idle, poll_seconds=0.1):
        await eventually(lambda: bool(asked), "the worker waits for entries")
        await asyncio.sleep(0.3)
        before = len(asked)
        await asyncio.sleep(2)

        assert len(asked) - before <= 2


async def test_a_beat_looks_as_well(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due in partition 0 comes along with the worker's beat: its loop looks itself only every other time."""
    looks: list[int] = []
    look = Group.look

    async def counted(group: Group, partition: int) -> bool:
        looks.append(partition)
        return await look(group, partition)

    monkeypatch.setattr(Group, "look", counted)
    async with pipeline(valkey, idle, poll_seconds=1.0):
        await asyncio.sleep(8)

    assert 2 <= len(looks) <= 4


async def test_beats_put_off_no_take(valkey: Server, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a poll interval longer than a beat the loop need not look itself, and takes all the same."""
    monkeypatch.setattr("salesloft_webhooks.worker.idle_wait.QUIET_SECONDS", 1.0)
    async with pipeline(valkey, idle, poll_seconds=BEAT_SECONDS + 0.1):
        await eventually(lambda: bool(asked), "the worker waits for entries")
        before = len(asked)
        await asyncio.sleep(5)

        assert len(asked) - before >= 2


async def test_what_a_beat_finds_due_runs_at_once(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that another consumer hands back is found by a beat, although the loop never looks itself."""

    async def never(_group: Group, _partition: int) -> bool:
        return False

    settings = Settings.load(redis_url=valkey.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        other = Group(store, GroupOptions("mine"), "other")
        await other.register()
        event = NewEvent("e1", "person.created", "person:1", "2026-03-07T04:26:14Z", b"{}")
        await publisher.publish(NewDelivery("default", (event,)))
        (lease,) = (await other.take(0, 1)).leases
        monkeypatch.setattr(Group, "look", never)
        async with pipeline(valkey, idle, poll_seconds=FAR_OFF) as running:
            await asyncio.sleep(0.5)
            await other.settle(0, [Settlement(lease, Outcome.RELEASE)])
            await eventually(lambda: running.outcome("e1") == "done", "it has run", BEAT_SECONDS + 0.5)


async def test_what_others_make_due_is_found_at_the_next_poll(valkey: Server) -> None:
    """An entry that another consumer hands back runs long before the idle worker would take by itself."""
    settings = Settings.load(redis_url=valkey.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        other = Group(store, GroupOptions("mine"), "other")
        await other.register()
        event = NewEvent("e1", "person.created", "person:1", "2026-03-07T04:26:14Z", b"{}")
        await publisher.publish(NewDelivery("default", (event,)))
        (lease,) = (await other.take(0, 1)).leases
        async with pipeline(valkey, idle, poll_seconds=0.1) as running:
            await asyncio.sleep(0.5)
            await other.settle(0, [Settlement(lease, Outcome.RELEASE)])
            await eventually(lambda: running.outcome("e1") == "done", "it has run", QUIET_SECONDS / 2)


async def test_what_arrives_during_a_long_quiet_is_taken_at_once(valkey: Server) -> None:
    """However often the blocking read has ended without an entry: the next entry still ends the wait."""
    async with pipeline(valkey, idle, poll_seconds=FAR_OFF, store_timeout_seconds=0.1) as running:
        await asyncio.sleep(FAR_OFF + 1)
        await running.publish("e1")
        await eventually(lambda: running.outcome("e1") == "done", "it has run", FAR_OFF / 4)


async def test_a_take_asks_for_half_of_the_slots(valkey: Server, asked: list[int]) -> None:
    """The other half is asked for while the first runs, so that store and handlers work at once; all slots are used."""
    together = asyncio.Barrier(5)

    async def handle(_event: Event) -> None:
        await together.wait()

    async with pipeline(valkey, handle, worker_concurrency=5) as running:
        await running.publish(*(f"e{number}" for number in range(5)))
        await running.finished(5)

    assert max(asked) == 3
