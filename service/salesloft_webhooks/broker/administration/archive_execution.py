"""Carries out the replay of an archive, from wherever it was left, through failures of the store."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Protocol

from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
from salesloft_webhooks.broker.administration.archive_replay import (
    BATCH,
    BEGINNING,
    ArchivedEvent,
    ArchiveReplay,
    FromArchive,
    Place,
)
from salesloft_webhooks.broker.administration.archive_runs import ArchiveRun, places_of_run
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import StoreFull, StoreUnavailable
from salesloft_webhooks.settings import Settings

PATIENCE_SECONDS = 300.0
"""A store that fails for so long ends the command; the run is gone on with later."""
FAILURE_SECONDS = 1.0
"""Between two tries while it fails."""

Results = AsyncIterator[tuple[ArchivedEvent, FromArchive]]


class Archive(Protocol):
    """Events in their order."""

    def batches(self, behind: Place, size: int) -> Iterator[list[ArchivedEvent]]:
        """All behind a place, so many at a time."""


async def forecast_archive(
    store: Store, settings: Settings, group: str, archive: Archive, stopped: Callable[[], bool]
) -> Results:
    """What would become of each event now; nothing is changed.

    Raises:
        StoreError: the store cannot be asked.
    """
    looking = ArchiveReplay(store, settings, group)
    for events in archive.batches(BEGINNING, BATCH):
        if stopped():
            return
        for result in await looking.give(events, [BEGINNING] * store.partitions):
            yield result


async def carry_out(
    store: Store,
    settings: Settings,
    group: str,
    run: ArchiveRun,
    archive: Archive,
    *,
    pace: ArchivePace,
    stopped: Callable[[], bool],
) -> Results:
    """Give what lies behind the run's places; yields what became of each event.

    When ``stopped`` says so, nothing more is begun.

    Raises:
        Lost: how far the run was is not known any more.
        StoreError: for longer than `PATIENCE_SECONDS`. What was yielded is done, the batch at hand may be.
    """
    giving = ArchiveReplay(store, settings, group, run.run_id)
    failing_since: float | None = None
    while not stopped():
        try:
            places, _ = await places_of_run(store, run)
            async for result in _go_on(giving, archive, places, pace, stopped):
                failing_since = None
                yield result
        except Moved:
            continue
        except (StoreUnavailable, StoreFull) as exc:
            if failing_since is None:
                failing_since = time.monotonic()
                pace.waits(f"waits for the store: {exc}")
            if time.monotonic() - failing_since > PATIENCE_SECONDS:
                raise
            await asyncio.sleep(FAILURE_SECONDS)
        else:
            return


async def _go_on(
    giving: ArchiveReplay, archive: Archive, places: Sequence[Place], pace: ArchivePace, stopped: Callable[[], bool]
) -> Results:
    for events in archive.batches(min(places), min(BATCH, max(1, int(pace.per_second)))):
        await pace.permit(stopped)
        if stopped():
            return
        results = await giving.give(events, places)
        pace.passed(len(events))
        for result in results:
            yield result
        places = [max(place, events[-1].place) for place in places]
