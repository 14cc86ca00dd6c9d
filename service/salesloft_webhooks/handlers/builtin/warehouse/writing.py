"""A batch of events becomes a file for each type and day; the events are done when their file is stored.

Nobody owns an event and nothing is remembered: a repeat writes the same events again, into a file of the same name if
it comes in the same company, else beside others that have them, too. docs/decisions/0097 says why that is once.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.daemon_threads import DaemonThreads
from salesloft_webhooks.handlers.builtin.warehouse.event_table import occurred_at, parquet_of, row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import folder_of, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.telemetry import WarehouseTelemetry

ResultT = TypeVar("ResultT")

FILES_AT_ONCE = 8
"""What a batch of many types gains by; more only wait for the same network."""


class WarehouseWriter:
    """Writes the events of one worker.

    Args:
        storage: Where to.
        timeout_seconds: How long the files of a batch may take.
    """

    def __init__(self, storage: Storage, timeout_seconds: float) -> None:
        self._storage = storage
        self._timeout_seconds = timeout_seconds
        self._threads = DaemonThreads(FILES_AT_ONCE)
        self._telemetry = WarehouseTelemetry()

    async def check_ready(self) -> None:
        """See `Storage.check_reachable`.

        Raises:
            Unavailable: the storage does not answer, or not to us.
        """
        await self._in_thread(self._storage.check_reachable)

    async def write(self, events: Sequence[Event]) -> Mapping[str, Exception]:
        """Store the events; which of them are not stored, and why."""
        folders: dict[str, list[Event]] = defaultdict(list)
        failures: dict[str, Exception] = {}
        for event in events:
            try:
                folders[folder_of(event.event_type, occurred_at(event))].append(event)
            except (ValueError, OverflowError) as exc:  # no folder has such a name; the end of what a calendar has
                failures[event.event_id] = PermanentError(f"it cannot be a row: {exc}")
        outcomes = await asyncio.gather(
            *(self._in_thread(partial(self._store, *each)) for each in folders.items()), return_exceptions=True
        )
        all_failed = all(isinstance(outcome, BaseException) for outcome in outcomes)
        for members, outcome in zip(folders.values(), outcomes, strict=True):
            if isinstance(outcome, Unavailable) and not all_failed:
                # The storage is there, so it is about this folder, and must not hold up the others.
                failures.update((event.event_id, Retry(str(outcome))) for event in members)
            elif isinstance(outcome, Exception):
                failures.update((event.event_id, outcome) for event in members)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                self._telemetry.stored(*outcome)
        return failures

    def _store(self, folder: str, events: Sequence[Event]) -> tuple[int, float]:
        """Its size in bytes, and how many seconds it took."""
        content = parquet_of([table_of([row_of(event) for event in events])])
        path = f"{folder}/{name_of(event.event_id for event in events)}"
        began = time.perf_counter()
        if not self._is_stored(path):
            self._storage.write(path, content)
        return content.size, time.perf_counter() - began

    def _is_stored(self, path: str) -> bool:
        """Whether a whole file of these events is there, which is left as it is: somebody may have read it."""
        found = self._storage.find(path)
        try:
            return found is not None and not isinstance(table_of_file(self._storage, found), Damaged)
        except FileNotFoundError:  # a compaction has just deleted it, and so has written one with all of its events
            return True

    async def _in_thread(self, deed: Callable[[], ResultT]) -> ResultT:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._threads.run(deed)
        except TimeoutError as exc:
            raise Unavailable("the warehouse's storage does not answer", after=15) from exc
