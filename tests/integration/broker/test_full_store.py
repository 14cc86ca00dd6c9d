"""A store of 100 MB under traffic: history makes room, and only work that nobody has finished fills it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Group, Outcome, Settlement, StoreWatch
from salesloft_webhooks.errors import StoreFull, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import STREAM, Bench, open_bench
from tests.support.publish_observers import Recorder
from tests.support.servers import Server, engines
from tests.support.waiting import eventually

MEMORY = 100 * 2**20
BODY = b"x" * 30_000  # with its fields just below 32 KiB, which allocators have a size for
AT_ONCE = 50
PAUSE_SECONDS = 0.1
"""Between two batches: 15 MB a second, of which our own limit learns once in a second."""
HELD = 97
"""Every so many-th event is not finished but waits for its retry of tomorrow."""


@pytest.fixture(params=engines())
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server without a limit."""
    server = Server(engines()[request.param], tmp_path, {"maxmemory-policy": "noeviction"}).start()
    yield server
    server.stop(kill=True)


@pytest.fixture(params=["maxmemory", "STORE_MAX_BYTES"])
async def opened(request: pytest.FixtureRequest, limited: Server) -> AsyncIterator[tuple[Bench, StoreWatch]]:
    """A bench with the receiver's watch beside it; of 100 MB by the server's own limit, or by ours alone."""
    by_server = request.param == "maxmemory"
    ours = {} if by_server else {"store_max_bytes": MEMORY}
    async with open_bench(limited, **ours) as bench:
        bench.redis.config_set("maxmemory", MEMORY if by_server else 0)
        async with StoreWatch(bench.store, Settings.load(redis_url=limited.url, **ours), Recorder()) as watch:
            yield bench, watch


async def publish(bench: Bench, watch: StoreWatch, numbers: "count[int]", events: int, *, pause: float = 0) -> int:
    """Publish events, many at once, while they are taken, as receivers do; returns how many were."""
    for already in range(0, events, AT_ONCE):
        await asyncio.sleep(pause)
        if watch.full:
            return already
        batch = [NewEvent(f"e{next(numbers)}", "a.b", "person:1", "2026", BODY) for _ in range(AT_ONCE)]
        calls = [bench.publisher.publish(NewDelivery("default", (event,))) for event in batch]
        results = await asyncio.gather(*calls, return_exceptions=True)
        if refused := [result for result in results if isinstance(result, BaseException)]:
            assert {type(each) for each in refused} <= {StoreFull, StoreUnavailable}  # both are 503
            return already + len(results) - len(refused)
    return events


async def work(group: Group, held: set[str]) -> None:
    """Finish what comes, except for those that are held."""
    while True:
        leases = (await group.take(0, AT_ONCE)).leases
        if not leases:
            await asyncio.sleep(0.01)
            continue
        settlements = []
        for lease in leases:
            hold = int(lease.event.event_id[1:]) % HELD == 0
            held |= {lease.event.event_id} if hold else set()
            settlements.append(Settlement(lease, Outcome.RETRY if hold else Outcome.DONE, 86_400.0, "", "later"))
        await group.settle(0, settlements)


def unfinished(bench: Bench) -> tuple[int, int]:
    """Entries that wait or are pending, and entries that nobody has to handle any more."""
    (info,) = bench.redis.xinfo_groups(STREAM)
    waiting = info["lag"] + info["pending"]
    return waiting, bench.redis.xlen(STREAM) - waiting


async def test_only_unfinished_work_fills_the_store(opened: tuple[Bench, StoreWatch]) -> None:
    """Three times its memory passes without a refusal; without a worker it fills, and recovers when that is back."""
    bench, watch = opened
    numbers, held = count(), set[str]()
    group = await bench.group(lease_seconds=60)
    async with working(group, held):
        for _ in range(20):
            assert await publish(bench, watch, numbers, 500) == 500
            await eventually(lambda: unfinished(bench)[0] < 250, "the worker keeps up", 30)
        await eventually(lambda: unfinished(bench)[0] == len(held), "all others are finished")
        assert (watch.problem, watch.full, _held_entries(bench)) == (None, None, sorted(held))

    taken = await publish(bench, watch, numbers, 10_000, pause=PAUSE_SECONDS)
    waiting, finished = unfinished(bench)
    assert (taken < 10_000, waiting) == (True, taken + len(held))
    assert 0.8 * MEMORY < waiting * len(BODY) < 1.3 * MEMORY
    assert finished < waiting / 50

    async with working(group, held):
        await eventually(lambda: unfinished(bench)[0] == len(held), "all others are finished", 30)
        await eventually(lambda: watch.full is None, "what is finished has made room", 30)
        assert await publish(bench, watch, numbers, 500) == 500
        await eventually(lambda: unfinished(bench)[0] == len(held), "what came since is taken", 30)
    assert _held_entries(bench) == sorted(held)


@asynccontextmanager
async def working(group: Group, held: set[str]) -> AsyncIterator[None]:
    """A worker that is there meanwhile."""
    task = asyncio.create_task(work(group, held))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _held_entries(bench: Bench) -> list[str]:
    """Ids of events that are pending and whose entries are there, of those that are held."""
    pending = [row["message_id"] for row in bench.redis.xpending_range(STREAM, "crm", "-", "+", 100_000)]
    entries = [entry for entry_id in pending for entry in bench.redis.xrange(STREAM, entry_id, entry_id)]
    return sorted(fields["id"] for _, fields in entries if int(fields["id"][1:]) % HELD == 0)
