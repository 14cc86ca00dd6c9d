"""A worker that dies between the answer that hands an event over and the start of its handler."""

import asyncio
from pathlib import Path

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.e2e.effects import await_finished
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

IDS = [f"e{number}" for number in range(10)]


async def publish(server: Server) -> None:
    """Ten events of one person, all there before anybody looks."""
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for event_id in IDS:
            event = NewEvent(event_id, "person.updated", "person:1", "2026-03-07T04:26:14Z", b'{"id":1}')
            await publisher.publish(NewDelivery("default", (event,)))


def test_an_event_handed_over_to_a_worker_that_dies_is_run_by_the_next_one(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL before its handler starts: the lease lapses, the next worker runs it, and the lane goes on in order."""
    diary = tmp_path / "diary"
    asyncio.run(publish(valkey))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.dying_handlers:router",
        "WORKER_ORDERING": "entity",
        "DIARY": str(diary),
        "LEASE_SECONDS": "2",
    }
    dying = WorkerProcess("mine", valkey.url, settings | {"DEADLY": "e4"})
    dying.launch()
    wait_until(lambda: dying.ended, seconds=30, description="the worker has died")
    before = diary.read_text().split("\n")
    heir = WorkerProcess("mine", valkey.url, settings).start()
    try:
        await_finished(valkey, "mine")
    finally:
        heir.kill()

    assert before == ["e0 1", "e1 1", "e2 1", "e3 1", ""]
    assert diary.read_text().split() == [
        word for event_id in IDS for word in (event_id, "2" if event_id == "e4" else "1")
    ]
