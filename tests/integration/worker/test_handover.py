"""A worker that is handed its lanes on: few takes, and none of the rules of taking left out."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, HandedOver, Lease, Settlement, Store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Ordering
from salesloft_webhooks.worker.idle_wait import IdleWait
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline

EVENTS = 100
IDS = [f"e{number:03}" for number in range(EVENTS)]
ENTITY: dict[str, Any] = {"worker_ordering": Ordering.ENTITY, "lease_seconds": 60}


class Spy:
    """Counts what a worker asks of its group, and what it is handed over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.handed_over: list[str] = []
        self.takes = 0
        settle, take = Group.settle_and_continue, Group.take

        async def watched_settle(
            group: Group, partition: int, batch: Sequence[Settlement], room: int, behind: int
        ) -> HandedOver:
            answer = await settle(group, partition, batch, room, behind)
            self.handed_over += [each.event.event_id for lease in answer.leases for each in (lease, *lease.behind)]
            return answer

        async def watched_take(group: Group, *args: Any, **options: Any) -> Any:
            self.takes += 1
            return await take(group, *args, **options)

        monkeypatch.setattr(Group, "settle_and_continue", watched_settle)
        monkeypatch.setattr(Group, "take", watched_take)


async def fill(running: Pipeline, handled: "asyncio.Event", *ids: str, key: str = "person:1") -> None:
    """Let a lane of many events fill up behind its head, then let the handlers go on."""
    await running.publish(*ids, key=key)
    groups = "sl:{0}:g:mine:lane:" + key
    await eventually(lambda: running.redis.llen(groups) == len(ids), "the lane is filled")
    handled.set()


async def test_a_lane_is_worked_off_without_takes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred events of one person run once each and in order, and a handful of takes gives them out."""
    spy, runs, proceed = Spy(monkeypatch), list[str](), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append(event.event_id)

    async with pipeline(server, handle, poll_seconds=2, **ENTITY) as running:
        await fill(running, proceed, *IDS)
        before = spy.takes
        await running.finished(EVENTS)

    assert runs == IDS
    assert len(set(spy.handed_over)) >= EVENTS - 10
    assert spy.takes - before <= 10


@pytest.mark.parametrize("every", [2, 5])
async def test_lost_answers_break_no_lane(valkey: Server, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    """Many answers are lost after the call did its work: a lane still runs once, in order, each as attempt 1."""
    runs: list[tuple[str, int]] = []
    calls, proceed, original = 0, asyncio.Event(), Store.run

    async def run(store: Store, name: str, *args: Any, **options: Any) -> Any:
        nonlocal calls
        reply = await original(store, name, *args, **options)
        calls += name in {"take", "settle"}
        if name in {"take", "settle"} and calls % every == 0:
            raise StoreUnavailable("the reply is lost")
        return reply

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))

    async with pipeline(valkey, handle, worker_concurrency=3, **ENTITY) as running:
        await fill(running, proceed, *IDS[:20])
        monkeypatch.setattr(Store, "run", run)
        await running.finished(20, seconds=30)
        monkeypatch.setattr(Store, "run", original)

    assert runs == [(event_id, 1) for event_id in IDS[:20]]


async def test_what_is_handed_over_to_a_worker_that_stops_goes_back(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to stop while a settle is under way, a worker starts nothing of its answer: the attempt is not counted."""
    runs: list[str] = []
    handed_over: list[str] = []
    asked, proceed, original = asyncio.Event(), asyncio.Event(), Group.settle_and_continue

    async def settle(group: Group, partition: int, batch: Sequence[Settlement], room: int, behind: int) -> HandedOver:
        answer = await original(group, partition, batch, room, behind)
        if answer.leases:
            handed_over.extend(lease.event.event_id for lease in answer.leases)
            asked.set()
            await asyncio.sleep(0.2)
        return answer

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append(event.event_id)

    monkeypatch.setattr(Group, "settle_and_continue", settle)
    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, "e1", "e2", "e3")
        await asked.wait()
        running.stop.set()
        await asyncio.wait_for(running.task, 5)
        rows = running.redis.xpending_range("sl:{0}:events", "mine", "-", "+", 10)

    left = ["e1", "e2", "e3"][len(runs) :]
    assert handed_over == left[:1]
    assert [(row["consumer"], row["times_delivered"]) for row in rows] == [("-", 0) for _ in left]


async def test_nothing_is_handed_over_where_others_look_after_a_partition(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a partition that is not this worker's any more, a lane goes on by takes."""
    spy, proceed = Spy(monkeypatch), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()

    async with pipeline(valkey, handle, **ENTITY) as running:
        await running.publish("e0", key="person:1")
        await eventually(lambda: bool(running.worker._loops[0].attempts), "the first runs")
        running.worker._loops[0].idle_wait.assign(assigned=False)
        monkeypatch.setattr(IdleWait, "assign", lambda *_, **__: None)  # who is alone gets it back with the next beat
        await running.publish(*IDS[:5], key="person:1")
        proceed.set()
        await running.finished(6)

    assert spy.handed_over == []


async def test_handing_over_fills_no_more_slots_than_there_are(valkey: Server) -> None:
    """Eight lanes in four slots: never more than four handlers run, and all lanes are finished."""
    running_now, most, proceed = 0, 0, asyncio.Event()

    async def handle(event: Event) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await proceed.wait()
        await asyncio.sleep(0.001)
        running_now -= 1

    async with pipeline(valkey, handle, worker_concurrency=4, **ENTITY) as running:
        for number in range(80):
            await running.publish(f"e{number}", key=f"person:{number % 8}")
        proceed.set()
        await running.finished(80)

    assert most == 4


async def test_what_is_handed_over_waits_for_its_turn_after_a_raise(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose entity has something unfinished in an earlier partition goes back, and runs when that is finished."""
    runs: list[tuple[str, int]] = []
    asked = Counter[str]()
    proceed = asyncio.Event()

    async def must_wait(_group: Group, leases: Sequence[Lease]) -> set[str]:
        asked.update(lease.event.event_id for lease in leases)
        return {lease.entry_id for lease in leases if lease.event.event_id == "e2" and asked["e2"] < 3}

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))

    monkeypatch.setattr(Group, "must_wait", must_wait)
    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, "e1", "e2", "e3")
        await running.finished(3)

    assert asked["e2"] == 3
    assert runs == [("e1", 1), ("e2", 1), ("e3", 1)]
