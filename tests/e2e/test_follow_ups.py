"""A worker that is killed at every step of a follow-up: it runs, of each event one; what was cancelled never does."""

import asyncio
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

STEPS = (
    "before asking",
    "after asking",
    "before cancelling",
    "after cancelling",
    "before its effect",
    "after its effect",
)
EVENTS = (("one", "email.sent", 1), ("two", "email.sent", 2), ("three", "email.replied", 2))


async def publish(server: Server) -> None:
    """A mail to each of two people, of whom the second has replied already."""
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for event_id, event_type, person in EVENTS:
            event = NewEvent(event_id, event_type, f"person:{person}", "2026-03-07T04:26:14Z", b'{"id":1}')
            await publisher.publish(NewDelivery("default", (event,)))


@pytest.mark.parametrize("on_done", [False, True], ids=["at once", "with done"])
@pytest.mark.parametrize("deadly", STEPS)
def test_a_worker_is_killed_at_a_step(valkey: Server, tmp_path: Path, deadly: str, *, on_done: bool) -> None:
    """SIGKILL there, once: in the end the first person's follow-up has run, the second's has not, and none waits."""
    asyncio.run(publish(valkey))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.follow_up_handlers:router",
        "DEADLY": deadly,
        "FOLDER": str(tmp_path),
        "LEASE_SECONDS": "1",
        "UPKEEP_SECONDS": "0.5",
        **({"ON_DONE": "1"} if on_done else {}),
    }
    reminded, first = tmp_path / "reminded", id_of("mine", "one", "remind")
    with valkey.client() as redis:

        def over() -> bool:
            return bool(redis.hget(f"sl:{{0}}:event:{first}", "mine") == "done") and not redis.exists(
                "sl:{0}:g:mine:later"
            )

        died = False
        while not over():
            worker = WorkerProcess("mine", valkey.url, settings)
            worker.launch()
            wait_until(lambda: worker.ended or over(), seconds=40, description="dead or over")  # noqa: B023
            died = died or worker.ended
            worker.kill()

    assert died
    ran = reminded.read_text().splitlines()
    assert set(ran) == {f"one {first}"}
    assert len(ran) == (2 if deadly == "after its effect" else 1)
