"""A worker that is killed at every step of a debounced handler: the last event is handled, none after a newer one."""

import asyncio
import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

STEPS = (
    "before asking",
    "before asking of e2",
    "after asking",
    "after asking of e2",
    "before its effect",
    "after its effect",
)


async def publish(server: Server, *updates: tuple[str, int]) -> None:
    """Updates of people, in this order."""
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for event_id, person in updates:
            body = b'{"id":%d}' % person
            event = NewEvent(event_id, "person.updated", f"person:{person}", "2026-03-07T04:26:14Z", body)
            await publisher.publish(NewDelivery("default", (event,)))


def settings_for(folder: Path, deadly: str) -> dict[str, str]:
    """Of the workers."""
    return {
        "WORKER_HANDLERS": "tests.e2e.debounced_handlers:router",
        "DEADLY": deadly,
        "FOLDER": str(folder),
        "LEASE_SECONDS": "1",
        "UPKEEP_SECONDS": "0.5",
    }


def is_over(server: Server) -> bool:
    """Whether all is read and done, and nothing waits: at one moment, for what waits becomes an entry."""
    with server.client() as redis:
        both = redis.pipeline(transaction=True)
        both.xinfo_groups("sl:{0}:events")
        both.exists("sl:{0}:g:mine:later")
        groups, waits = both.execute()
        return bool(groups) and groups[0]["pending"] == 0 and groups[0]["lag"] == 0 and not waits


@pytest.mark.parametrize("deadly", STEPS)
def test_a_worker_is_killed_at_a_step(valkey: Server, tmp_path: Path, deadly: str) -> None:
    """SIGKILL there, once, of three updates of a person: the last call is with the last one, and each is made once.

    With an earlier one there may be a call: when the worker was away for longer than the handler is put off.
    """
    asyncio.run(publish(valkey, ("e1", 7), ("e2", 7), ("e3", 7)))
    died = False
    while not is_over(valkey) or not died:
        worker = WorkerProcess("mine", valkey.url, settings_for(tmp_path, deadly))
        worker.launch()
        wait_until(lambda: worker.ended or is_over(valkey), seconds=40, description="dead or over")  # noqa: B023
        assert worker.ended or died, "it was over before the worker came to that step"
        died = died or worker.ended
        worker.kill()

    calls = (tmp_path / "synced").read_text().splitlines()
    assert calls[-1] == "7 e3"
    assert calls == sorted(calls)
    assert len(calls) - len(set(calls)) == (deadly == "after its effect")


def test_workers_that_are_killed_at_any_time_lose_no_last_update(valkey: Server, tmp_path: Path) -> None:
    """Twenty people, five updates each, two workers, ten deaths: the last of each person is handled, in order."""
    chance = random.Random(7)
    updates = [(f"{person}.{number}", person) for number in range(5) for person in range(1, 21)]
    slices = [updates[at : at + 20] for at in range(0, len(updates), 20)]
    workers: list[WorkerProcess] = []

    def start() -> None:
        worker = WorkerProcess("mine", valkey.url, settings_for(tmp_path, "never"))
        worker.launch()
        workers.append(worker)

    start()
    start()
    for each in slices:
        asyncio.run(publish(valkey, *each))
        for _ in range(2):
            time.sleep(chance.uniform(0.1, 0.7))  # whatever they are at then
            workers.pop(0).kill()
            start()
    wait_until(lambda: is_over(valkey), seconds=60, description="all is done, and nothing waits")
    for worker in workers:
        worker.kill()

    calls = defaultdict[str, list[str]](list)
    for line in (tmp_path / "synced").read_text().splitlines():
        person, event_id = line.split()
        calls[person].append(event_id)
    assert {person: seen[-1] for person, seen in calls.items()} == {str(n): f"{n}.4" for n in range(1, 21)}
    assert all(seen == sorted(seen) for seen in calls.values())
