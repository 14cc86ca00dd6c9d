"""Replays of an archive, carried out step by step."""

from typing import Any

from salesloft_webhooks.broker import Publisher, Stored
from salesloft_webhooks.broker.administration.archive_execution import carry_out
from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
from salesloft_webhooks.broker.administration.archive_replay import FromArchive
from salesloft_webhooks.broker.administration.archive_runs import (
    ArchiveRun,
    begin_archive_run,
    end_archive_run,
    new_run,
)
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from tests.support.archived_events import Listed
from tests.support.broker_driver import Driven
from tests.support.publish_observers import SilentObserver

FAST = 100_000.0


async def begun(driven: Driven, archive: Listed, group: str = "crm") -> ArchiveRun:
    """A run that has given nothing yet."""
    run = new_run(driven.store, "file:///archive", Selection(), len(archive.events), 0)
    assert await begin_archive_run(driven.store, group, run)
    return run


async def given(
    driven: Driven, run: ArchiveRun, archive: Listed, *, stop_after: int | None = None, group: str = "crm"
) -> dict[str, FromArchive]:
    """Carry a run out, or give it up after so many events; the outcomes by event id."""
    found: dict[str, FromArchive] = {}
    pace = ArchivePace(driven.store, driven.settings, FAST, lambda _: None)
    results = carry_out(
        driven.store,
        driven.settings,
        group,
        run,
        archive,
        pace=pace,
        stopped=lambda: stop_after is not None and len(found) >= stop_after,
    )
    async for event, outcome in results:
        assert event.event_id not in found
        found[event.event_id] = outcome
    return found


async def replayed(driven: Driven, *events: Any, group: str = "crm") -> dict[str, FromArchive]:
    """A whole run."""
    archive = Listed(*events)
    run = await begun(driven, archive, group)
    found = await given(driven, run, archive, group=group)
    await end_archive_run(driven.store, group, run)
    return found


async def delivered(
    driven: Driven, event_id: str, *, person: int = 1, mark: Watermark | None = None, backfilled: bool = False
) -> Stored:
    """What a receiver makes of a delivery of an event, or a backfill of what it has found."""
    event_type = event_id.partition("/")[0] if mark else "person.updated"
    event = NewEvent(event_id, event_type, f"person:{person}", "2026-03-07T04:26:14-05:00", b'{"id":1}', mark)
    async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
        return await publisher.publish(NewDelivery("default", (event,), backfilled=backfilled))
