"""A batch of events becomes a file for each type and day; the events are done when their file is stored.

Nobody owns an event and nothing is remembered: a repeat writes the same events again, into a file of the same name if
it comes in the same company, else beside others that have them, too. docs/decisions/0097 says why that is once.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from salesloft_webhooks.errors import PermanentError, Unavailable
from salesloft_webhooks.events import Event
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
        self._threads = ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="warehouse")
        self._telemetry = WarehouseTelemetry()

    def close(self) -> None:
        """Wait for nothing: what a thread still writes may be stored or not, and its events are not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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
            except (ValueError, OverflowError) as exc:  # a time at the end of what a calendar has
                failures[event.event_id] = PermanentError(f"it cannot be a row: {type(exc).__name__}")
        outcomes = await asyncio.gather(
            *(self._in_thread(partial(self._store, *each)) for each in folders.items()), return_exceptions=True
        )
        for members, outcome in zip(folders.values(), outcomes, strict=True):
            if isinstance(outcome, Exception):
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
        found = self._storage.find(path)
        # Of the same size it is the same file. Another one is written over: its upload may have been cut off.
        if found is None or found.size != content.size:
            self._storage.write(path, content)
        return content.size, time.perf_counter() - began

    async def _in_thread(self, deed: Callable[[], ResultT]) -> ResultT:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await loop.run_in_executor(self._threads, deed)
        except TimeoutError as exc:
            raise Unavailable("the warehouse's storage does not answer", after=15) from exc
