"""Several events of one person under one lease: in order, once each, and given up at once when anything is odd."""

import asyncio
from collections.abc import Sequence

import pytest

from salesloft_webhooks import Event, Retry
from salesloft_webhooks.broker import Group, HandedOver, Outcome, Settlement
from salesloft_webhooks.worker import lane_run, settler
from tests.support.lanes import ENTITY, IDS, LANE, fill, let_runs_last
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


class Calls:
    """What is settled by each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[tuple[str, Outcome]]] = []
        self.behind: list[int] = []
        settle = Group.settle_and_continue

        async def watched(
            group: Group, partition: int, batch: Sequence[Settlement], room: int, behind: int
        ) -> HandedOver:
            self.batches.append([(each.lease.event.event_id, each.outcome) for each in batch])
            self.behind.append(behind)
            return await settle(group, partition, batch, room, behind)

        monkeypatch.setattr(Group, "settle_and_continue", watched)

    @property
    def longest(self) -> list[str]:
        """The ids of the call with the most outcomes."""
        return [event_id for event_id, _ in max(self.batches, key=len)]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may last."""
    let_runs_last(monkeypatch)


@pytest.mark.usefixtures("unhurried")
async def test_many_events_of_a_lane_share_a_call(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred events run once each, in order, as first attempts, one at a time, and a few calls settle them."""
    calls, runs, now, most, proceed = Calls(monkeypatch), list[tuple[str, int]](), 0, 0, asyncio.Event()

    async def handle(event: Event) -> None:
        nonlocal now, most
        await proceed.wait()
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        runs.append((event.event_id, event.attempt))
        now -= 1

    async with pipeline(server, handle, **ENTITY) as running:
        await fill(running, proceed)
        await running.finished(100)
        slots, attempts = running.worker._loops[0]._slots, running.worker._loops[0].attempts
        # Soon: until the answer to the last settle is there, the slot that it had room in is held.
        await eventually(lambda: (slots.running, slots.free, attempts) == (0, slots.total, {}), "all slots are free")

    assert (runs, most) == ([(event_id, 1) for event_id in IDS], 1)
    assert len(calls.batches) < 15


@pytest.mark.usefixtures("unhurried")
async def test_no_run_is_split_between_calls(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few outcomes a call is to have, it has all of a run: between two the store could give the rest away."""
    calls, proceed = Calls(monkeypatch), asyncio.Event()
    monkeypatch.setattr(settler, "BATCH", 1)

    async def handle(_: Event) -> None:
        await proceed.wait()

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:20])
        await running.finished(20)

    assert len(calls.longest) > 5


@pytest.mark.usefixtures("unhurried")
async def test_a_retry_within_a_run_comes_before_what_follows(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that fails ends the run: it is tried again, and only then what waits behind it."""
    calls, runs, proceed = Calls(monkeypatch), list[tuple[str, int]](), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))
        if event.event_id == "e010" and event.attempt == 1:
            raise Retry(after=0.01)

    async with pipeline(server, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:20])
        await running.finished(20)

    failed_at = IDS.index("e010") + 1
    ordinary = [(event_id, 1) for event_id in IDS[:20]]
    assert runs == [*ordinary[:failed_at], ("e010", 2), *ordinary[failed_at:]]
    (batch,) = [each for each in calls.batches if ("e010", Outcome.RETRY) in each]
    assert batch[-1] == ("e010", Outcome.RETRY)
    assert len(batch) > 1


async def test_handlers_that_take_their_time_run_under_their_own_leases(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for something is settled before the next of its lane begins: a crash repeats one event, not many."""
    calls, proceed = Calls(monkeypatch), asyncio.Event()

    async def handle(_: Event) -> None:
        await proceed.wait()
        await asyncio.sleep(0.005)

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:10])
        await running.finished(10)

    assert {len(batch) for batch in calls.batches} == {1}
    assert set(calls.behind) == {0}


async def test_nothing_slow_is_begun_behind_what_is_fast(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of a type whose handlers take their time are never run behind others: each begins a call of its own."""
    calls, proceed = Calls(monkeypatch), asyncio.Event()
    monkeypatch.setattr(lane_run, "RUN_SECONDS", 5.0)

    async def handle(event: Event) -> None:
        await proceed.wait()
        if event.event_type == "person.updated":
            await asyncio.sleep(0.005)

    async with pipeline(valkey, handle, **ENTITY) as running:
        slow = IDS[3:20:8]
        for event_id in IDS[:20]:
            event_type = "person.updated" if event_id in slow else "person.created"
            await running.publish(event_id, key="person:1", event_type=event_type)
        await eventually(lambda: running.redis.llen(LANE) == 20, "the lane is filled")
        proceed.set()
        await running.finished(20)

    assert not [event_id for batch in calls.batches for event_id, _ in batch[1:] if event_id in slow]


async def test_a_run_ends_when_its_time_is_over(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast the handlers are, what is done is settled after a while: the rest of the copies is forgotten."""
    calls, proceed = Calls(monkeypatch), asyncio.Event()
    monkeypatch.setattr(lane_run, "RUN_SECONDS", 0.0)

    async def handle(_: Event) -> None:
        await proceed.wait()

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:20])
        await running.finished(20)

    assert max(calls.behind) > 0
    assert {len(batch) for batch in calls.batches} == {1}


@pytest.mark.usefixtures("unhurried")
async def test_a_run_takes_the_outcomes_before_it_along(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is asked to stop begins nothing more: what has run is settled, what runs is handed back."""
    calls, proceed, begun = Calls(monkeypatch), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        if event.event_id == "e005":
            begun.set()
            await asyncio.sleep(60)

    async with pipeline(valkey, handle, grace_seconds=0.1, **ENTITY) as running:
        await fill(running, proceed, IDS[:10])
        await begun.wait()
        running.stop.set()
        await asyncio.wait_for(running.task, 10)
        rows = running.redis.xpending_range("sl:{0}:events", "mine", "-", "+", 20)
        done = [event_id for event_id in IDS[:10] if running.outcome(event_id) == "done"]

    assert done == IDS[:5]
    assert calls.batches[-1][-1] == ("e005", Outcome.RELEASE)
    assert [(row["consumer"], row["times_delivered"]) for row in rows] == [("-", 0)] * 5
