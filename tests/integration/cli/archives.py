"""A warehouse in a folder, whose events the store has forgotten."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.support import samples
from tests.support.broker_driver import Driven
from tests.support.in_thread import in_thread

BEGAN = datetime(2026, 3, 7, 9, tzinfo=UTC)


def opened(section: object) -> Storage:
    """The warehouse of a section of the handlers file."""
    return open_storage(WarehouseConfiguration.model_validate(section))


def folder(path: Path) -> Storage:
    """An empty warehouse in a folder."""
    path.mkdir()
    return opened({"url": path.as_uri()})


def put(storage: Storage, *batches: Sequence[Event]) -> None:
    """Store events as the workers of the group `warehouse` do, a file for each type and day of each batch."""
    for batch in batches:
        assert in_thread(lambda batch=batch: WarehouseWriter(storage, 60).write(batch)) == {}  # type: ignore[misc]


def event(number: int, *, person: int = 1, event_type: str = "person.updated", source: str = "default") -> Event:
    """The event `e<number>`, received so many minutes after the first."""
    received = BEGAN + timedelta(minutes=number)
    return samples.event(
        event_type,
        {"id": 70 + number, "person_id": person},
        event_id=f"e{number:02}",
        created_at=received.isoformat(),
        received_at=received,
        source=source,
        entity_key=f"person:{person}",
    )


async def only_the_group(driven: Driven) -> None:
    """A store that knows the group `crm`, and no event."""
    await driven.group()
