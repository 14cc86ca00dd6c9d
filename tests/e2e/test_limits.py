"""Workers of a limited group, one of which is killed in the middle: the limit holds, and its permits come back."""

import asyncio
from collections import Counter
from pathlib import Path

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.permits_model import counted
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, PARTITIONS, AT_ONCE = 60, 2, 3


async def publish(server: Server) -> None:
    """Events of as many people."""
    settings = Settings.load(redis_url=server.url, partitions=PARTITIONS)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for number in range(EVENTS):
            event = NewEvent(f"e{number}", "person.created", f"person:{number}", "2026-03-07T04:26:14Z", b'{"id":1}')
            await publisher.publish(NewDelivery("default", (event,)))


def most_at_once(diary: str) -> int:
    """How many attempts ran at the same time in all processes; those of one that died end with it."""
    running: Counter[str] = Counter()
    most = 0
    for line in sorted(diary.splitlines(), key=lambda line: int(line.split()[0])):
        _, what, process, _ = line.split()
        if what == "die":
            running[process] = 0
        else:
            running[process] += 1 if what == "begin" else -1
        most = max(most, running.total())
    return most


def test_a_killed_worker_gives_its_permits_back_with_its_leases(server: Server, tmp_path: Path) -> None:
    """Three at once in two workers, also after one is dead; everything is handled, and no permit is lost for good."""
    asyncio.run(publish(server))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.limited_handlers:router",
        "FOLDER": str(tmp_path),
        "DEADLY": "e30",
        "LEASE_SECONDS": "2",
        "POLL_SECONDS": "0.2",
        "PARTITIONS": str(PARTITIONS),
    }
    workers = [WorkerProcess("mine", server.url, settings) for _ in range(2)]
    diary = tmp_path / "diary"
    try:
        for worker in workers:
            worker.launch()

        def handled() -> set[str]:
            lines = diary.read_text().splitlines() if diary.exists() else []
            return {line.split()[3] for line in lines if line.split()[1] == "end"}

        wait_until(lambda: len(handled()) == EVENTS, seconds=90, description="all are handled")
        with server.client() as redis:
            wait_until(
                lambda: counted(redis, "mine") == 0, seconds=20, description="every permit is given back, or has ended"
            )
    finally:
        for worker in workers:
            worker.kill()

    assert (tmp_path / "died").exists()
    assert most_at_once(diary.read_text()) == AT_ONCE
