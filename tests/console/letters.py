"""Dead letters for the console's tests, and a handler that is broken until it is mended."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Publisher, Settlement, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.in_thread import in_thread
from tests.support.publish_observers import SilentObserver

HANDLERS = """
from pathlib import Path
from salesloft_webhooks import Event, PermanentError, Router
router = Router()

@router.on("person.updated")
async def handle(event: Event) -> None:
    with Path({handled!r}).open("a") as file:
        file.write(event.event_id + "\\n")
"""


def bury(redis_url: str, errors: Sequence[str], *, group: str = "crm") -> None:
    """A dead letter for each error, of as many people."""

    async def work() -> None:
        settings = Settings.load(redis_url=SecretStr(redis_url))
        async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
            killer = Group(store, GroupOptions(group), "killer")
            await killer.register()
            for begin in range(0, len(errors), 100):
                events = tuple(
                    NewEvent(f"event-{number}", "person.updated", f"person:{number}", "", b'{"id":1}')
                    for number in range(begin, min(begin + 100, len(errors)))
                )
                await publisher.publish(NewDelivery("default", events))
            while leases := (await killer.take(0, 100)).leases:
                await killer.settle(
                    0,
                    [
                        Settlement(lease, Outcome.DEAD, reason="permanent", error=errors[int(lease.event.event_id[6:])])
                        for lease in leases
                    ],
                )
            await killer.retire(leaving=True)

    in_thread(work)


def mended(folder: Path) -> tuple[dict[str, str], Path]:
    """Settings of a worker whose handler works, and the file in which it writes what it has handled."""
    handled = folder / "handled"
    (folder / "mended_handlers.py").write_text(HANDLERS.format(handled=str(handled)))
    return {"WORKER_HANDLERS": "mended_handlers:router", "PYTHONPATH": str(folder)}, handled
