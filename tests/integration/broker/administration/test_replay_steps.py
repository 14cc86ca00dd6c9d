"""How runs get on with history: from its beginning to its end and no further, past copies and what is not meant."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salesloft_webhooks.broker import Group, Publisher
from salesloft_webhooks.broker.administration import replay_steps, scan
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.replay_steps import ReplaySteps
from salesloft_webhooks.broker.administration.run_records import Run, RunKind
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.integration.broker.administration.test_replay_runs import begin_replay, finish
from tests.support.broker_driver import TTL, Driven
from tests.support.publish_observers import SilentObserver

BATCH = 3
MONTH_SECONDS = 2_592_000


@pytest.fixture(autouse=True)
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small batches, of one small look each; where each look began."""
    real, began = scan.read, list[str]()

    async def read(store: Any, key: str, low: str, high: str, **options: Any) -> Any:
        began.append(low)
        return await real(store, key, low, high, **options)

    monkeypatch.setattr(replay_steps, "read", read)
    for name in ("BATCH", "PAGE", "LOOKED_AT"):
        monkeypatch.setattr(replay_steps, name, BATCH)
    return began


async def replayed(driven: Driven, selection: Selection) -> Run:
    """Replay it into `crm`, by a run, to its end."""
    run_id = await begin_replay(driven, selection)
    return await finish(driven, RunKind.REPLAY, ReplaySteps(driven.store, TTL), run_id)


def entries(driven: Driven) -> list[tuple[str, str]]:
    """The key and the id of each entry, in one partition in their order."""
    keys = [driven.store.keys.events(partition) for partition in range(driven.store.partitions)]
    with driven.server.client() as client:
        return [(key, entry_id) for key in keys for entry_id, _ in client.xrange(key)]


async def handled_at(driven: Driven, group: Group, *event_ids: str) -> datetime:
    """Events of one person that the group has handled; a time that lies behind them, and before what comes later."""
    await driven.publish(*event_ids, person=1)
    assert await driven.handle(group) == list(event_ids)
    await asyncio.sleep(0.003)
    seconds, micros = await driven.store.client.time()
    await asyncio.sleep(0.003)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)


async def test_what_lies_before_and_behind_is_not_replayed(driven: Driven) -> None:
    """A selection begins and ends when it says."""
    group = await driven.group()
    since = await handled_at(driven, group, "before")
    until = await handled_at(driven, group, "in it")
    await handled_at(driven, group, "behind")

    run = await replayed(driven, Selection(since=since, until=until))

    assert run.outcomes == {"replayed": 1}
    assert await driven.handle(group) == ["in it"]


async def test_many_of_the_millisecond_with_which_it_begins(driven: Driven) -> None:
    """A batch that ends within it is gone on with behind it, not begun again."""
    group = await driven.group()
    milliseconds: Counter[str] = Counter()
    first, many = "", 0
    async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
        while many <= BATCH:  # a millisecond may end in the middle of them
            names = [f"e{len(milliseconds)} {number}" for number in range(3 * BATCH)]
            events = tuple(NewEvent(name, "person.updated", "person:1", "2026", b"{}") for name in names)
            await publisher.publish(NewDelivery("default", events))
            milliseconds = Counter(entry_id.partition("-")[0] for _, entry_id in entries(driven))
            ((first, many),) = milliseconds.most_common(1)
    await driven.handle(group, count=sum(milliseconds.values()))

    run = await replayed(driven, Selection(since=datetime.fromtimestamp(int(first) / 1_000, UTC)))

    assert run.outcomes == {"replayed": sum(count for at, count in milliseconds.items() if at >= first)}


async def test_few_entries_are_looked_at_for_a_batch(driven: Driven, reads: list[str]) -> None:
    """Where few are meant, a batch ends without one, and the next goes on behind: others have their turn."""
    group = await driven.group()
    await driven.publish(*(f"other {number}" for number in range(3 * BATCH)), person=1, event_type="email.sent")
    await driven.publish("e1", "e2", person=1)
    await driven.handle(group)
    run_id = await begin_replay(driven, Selection(types=("person.*",)))
    steps = ReplaySteps(driven.store, TTL)
    await finish(driven, RunKind.REPLAY, steps, run_id, rounds=1)
    reads.clear()

    await finish(driven, RunKind.REPLAY, steps, run_id, rounds=1)
    first = len(reads)
    run = await finish(driven, RunKind.REPLAY, steps, run_id)

    assert first == 1
    assert run.outcomes == {"replayed": 2}
    assert len([low for low in reads if low.startswith("(") and low != "(0-0"]) == 3


async def test_of_copies_whose_first_entry_has_left_one_is_replayed(driven: Driven) -> None:
    """The run remembers it, for a month at most."""
    group, event_ids = await driven.group(), ("e1", "e2", "e3", "e4")
    await handled_at(driven, group, *event_ids)
    for _ in range(2):
        assert (await replayed(driven, Selection())).outcomes["replayed"] == 4
        await driven.handle(group)
    for key, entry_id in entries(driven)[:4]:
        await driven.store.client.xdel(key, entry_id)

    run_id = await begin_replay(driven, Selection())
    steps = ReplaySteps(driven.store, TTL)
    await finish(driven, RunKind.REPLAY, steps, run_id, rounds=3)
    lives = [await driven.store.client.ttl(key) for key in driven.keys("*:copies")]
    run = await finish(driven, RunKind.REPLAY, steps, run_id)

    assert run.outcomes == {"replayed": 4, "repeated": 4}
    assert lives
    assert all(MONTH_SECONDS - 60 < each <= MONTH_SECONDS for each in lives)


async def test_a_copy_is_replayed_whose_first_entry_is_not_meant(driven: Driven) -> None:
    """It lies before the selection begins: the copy stands for the event then."""
    group = await driven.group()
    since = await handled_at(driven, group, "e1")
    assert (await replayed(driven, Selection())).outcomes == {"replayed": 1}
    await driven.handle(group)

    run = await replayed(driven, Selection(since=since))

    assert run.outcomes == {"replayed": 1}
