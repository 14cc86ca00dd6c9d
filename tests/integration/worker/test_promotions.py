"""A replica is promoted that had not received the last of what workers reported: it is not done again."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group
from salesloft_webhooks.settings import Ordering
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


def copy_of(redis: Any) -> dict[str, Any]:
    """All that is stored, as a replica has it."""
    return {key: redis.dump(key) for key in redis.scan_iter("*", 1000)}


def promote(redis: Any, replica: dict[str, Any]) -> None:
    """Let the store be the replica, from one moment to the next."""
    change = redis.pipeline(transaction=True)
    change.flushall()
    for key, value in replica.items():
        change.restore(key, 0, value)
    change.execute()


class Held:
    """A handler that ends when it may, and counts what it runs."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, event: Event) -> None:
        """One run."""
        self.runs[event.event_id] += 1
        self.begun.set()
        await self.go_on.wait()


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_a_promoted_replica_is_told_what_is_done(valkey: Server, ordering: Ordering) -> None:
    """What was confirmed just before the connection broke is said again, long before its lease lapses, in order."""
    held = Held()

    async with pipeline(valkey, held, worker_ordering=ordering, lease_seconds=60) as line:
        await line.publish("e1", "e2", "e3", key="person:1")
        await held.begun.wait()
        replica = copy_of(line.redis)
        held.go_on.set()
        await line.finished(3)
        promote(line.redis, replica)
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        await line.finished(3)
        assert {line.outcome(event_id) for event_id in ("e1", "e2", "e3")} == {"done"}

    assert held.runs == {"e1": 1, "e2": 1, "e3": 1}


async def test_a_connection_that_is_lost_between_two_calls_is_noticed(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call fails, because none is under way when it breaks: the next one makes a connection, and that is noticed."""

    async def nothing_new(_group: Group, _partition: int, _last_id: str, seconds: float) -> bool:
        resting.set()
        await asyncio.sleep(seconds)
        return False

    async def handle(event: Event) -> None:
        begun.set()
        await go_on.wait()

    begun, go_on, resting = asyncio.Event(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(Group, "wait", nothing_new)  # it would have a call under way, on a connection of its own
    async with pipeline(valkey, handle, lease_seconds=60) as line:
        await line.publish("e1")
        await begun.wait()
        replica = copy_of(line.redis)
        go_on.set()
        await line.finished(1)
        resting.clear()
        await resting.wait()
        promote(line.redis, replica)
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")

        await line.finished(1)

        assert line.outcome("e1") == "done"


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_nothing_is_repeated_by_who_has_done_it(valkey: Server, ordering: Ordering) -> None:
    """A promoted replica that had not heard of `done` leases the event again: who has done it says so once more."""
    held = Held()

    async with pipeline(valkey, held, worker_ordering=ordering, lease_seconds=1.2) as line:
        await line.publish("e1")
        await held.begun.wait()
        replica = copy_of(line.redis)
        held.go_on.set()
        await eventually(lambda: line.outcome("e1") == "done", "the primary has heard of it")
        await line.publish("e2")  # a take is answered in between
        await eventually(lambda: line.outcome("e2") == "done", "time has passed")
        promote(line.redis, replica)
        assert line.outcome("e1") is None
        await eventually(lambda: line.outcome("e1") == "done", "the replica has heard of it")

    assert held.runs["e1"] == 1
