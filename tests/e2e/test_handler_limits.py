"""Workers with a limited handler, one of which is killed or frozen in the middle: the limit of each key holds."""

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, KEYS, PARTITIONS, AT_ONCE = 60, 2, 3, 2
KEY = "sl:{0}:g:mine:limit:*"


async def publish(server: Server) -> None:
    """Events of two entities, of which each has its limit."""
    settings = Settings.load(redis_url=server.url, partitions=PARTITIONS)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for number in range(EVENTS):
            key = f"person:{number % KEYS}"
            event = NewEvent(f"e{number}", "person.created", key, "2026-03-07T04:26:14Z", b'{"id":1}')
            await publisher.publish(NewDelivery("default", (event,)))


def most_at_once(diary: str) -> int:
    """How many calls of one key ran at the same time in all processes; those of one that was hit end with that."""
    running: Counter[tuple[str, str]] = Counter()
    most = 0
    hit = ""
    for line in sorted(diary.splitlines(), key=lambda line: int(line.split()[0])):
        _, what, process, _, key = line.split()
        if what == "hit":
            hit = process
            for other in list(running):
                if other[1] == process:
                    running[other] = 0
        else:
            running[key, process] += 1 if what == "begin" else -1
            if process == hit:  # what it had begun before may still end
                running[key, process] = max(0, running[key, process])
        most = max(most, sum(number for (name, _), number in running.items() if name == key))
    return most


def handled(diary: Path) -> set[str]:
    """The events of which a call has ended."""
    lines = diary.read_text().splitlines() if diary.exists() else []
    return {line.split()[3] for line in lines if line.split()[1] == "end"}


def nothing_runs(redis: Any) -> bool:
    """Every permit is given back, or has ended by the server's clock."""
    seconds, micros = redis.time()
    return all(
        score <= seconds * 1000 + micros // 1000
        for key in redis.keys(KEY)
        if not key.endswith((":waiting", ":turn", ":since"))
        for permit, score in redis.zrange(key, 0, -1, withscores=True)
        if permit != "/bucket"
    )


@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_permits_come_back_with_the_leases_of_a_worker(server: Server, tmp_path: Path, what: signal.Signals) -> None:
    """Two at once of each key in three workers, also when one is dead or goes on beyond its leases; all is handled."""
    asyncio.run(publish(server))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.handler_limit_handlers:router",
        "FOLDER": str(tmp_path),
        "SIGNAL": what.name,
        "LEASE_SECONDS": "2",
        "POLL_SECONDS": "0.2",
        "PARTITIONS": str(PARTITIONS),
    }
    workers = [WorkerProcess("mine", server.url, settings) for _ in range(3)]
    diary, hit = tmp_path / "diary", tmp_path / "hit"

    try:
        for worker in workers:
            worker.launch()
        wait_until(lambda: len(handled(diary)) == EVENTS, seconds=120, description="all are handled by those that live")
        for worker in workers:
            if str(worker.pid) == hit.read_text():
                worker.signal(signal.SIGCONT)

        with server.client() as redis:
            wait_until(lambda: nothing_runs(redis), seconds=30, description="every permit is given back, or has ended")
            assert all(redis.ttl(key) != -1 for key in redis.keys(KEY))
    finally:
        for worker in workers:
            worker.kill()

    assert hit.exists()
    assert most_at_once(diary.read_text()) == AT_ONCE
