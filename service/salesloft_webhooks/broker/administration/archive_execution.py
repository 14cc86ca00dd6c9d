"""Carries out the replay of an archive, from wherever it was left, through failures of the store."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Protocol

from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
from salesloft_webhooks.broker.administration.archive_replay import BATCH, ArchiveReplay, FromArchive
from salesloft_webhooks.broker.administration.archive_runs import ArchiveRun, places_of_run
from salesloft_webhooks.broker.administration.archived_events import BEGINNING, ArchivedEvent, Place
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import StoreFull, StoreUnavailable
from salesloft_webhooks.settings import Settings

PATIENCE_SECONDS = 300.0
"""A store that fails, or takes nothing, for so long ends the command; the run is gone on with later."""
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
    looking, patience = ArchiveReplay(store, settings, group), _Patience(lambda _: None)
    for events in archive.batches(BEGINNING, BATCH):
        results = None
        while results is None and not stopped():
            try:
                results = await looking.give(events, [BEGINNING] * store.partitions)
            except Moved as exc:
                await patience.wait(exc)
        for result in results or ():
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
    giving, patience = ArchiveReplay(store, settings, group, run.run_id), _Patience(pace.waits)
    while not stopped():
        try:
            places, _ = await places_of_run(store, run)
            async for result in _go_on(giving, archive, places, pace, stopped):
                patience.renew()
                yield result
        except (Moved, StoreUnavailable, StoreFull) as exc:
            await patience.wait(exc)
        else:
            return


class _Patience:
    """Waits between two tries, until nothing has come of them for too long.

    Args:
        waits: Called with the reason, once each time that it begins to wait.
    """

    def __init__(self, waits: Callable[[str], None]) -> None:
        self._waits = waits
        self._since: float | None = None

    def renew(self) -> None:
        """Something was done."""
        self._since = None

    async def wait(self, reason: Moved | StoreUnavailable | StoreFull) -> None:
        """Before the next try.

        Raises:
            StoreError: it has been `PATIENCE_SECONDS`.
        """
        if self._since is None:
            self._since = time.monotonic()
            self._waits(f"waits for the store: {reason}")
        if time.monotonic() - self._since > PATIENCE_SECONDS:
            raise StoreUnavailable(str(reason)) if isinstance(reason, Moved) else reason
        await asyncio.sleep(FAILURE_SECONDS)


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
