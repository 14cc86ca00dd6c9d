"""The partitions of one worker: a loop for each, more when their number is raised, and which of them are its own."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from salesloft_webhooks.background import repeat
from salesloft_webhooks.broker import Group, Store, attend, follow_partitions
from salesloft_webhooks.errors import ConfigurationError, StoreError
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger
from salesloft_webhooks.worker.assignment import BEAT_SECONDS, GONE_SECONDS, assigned
from salesloft_webhooks.worker.partition_loop import PartitionLoop

Start = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]

log = get_logger(__name__)


class ServedPartitions:
    """Serves all partitions, or those of ``WORKER_PARTITIONS``.

    Attributes:
        settings: The process's settings.
        loops: One for each partition; grows.
        tasks: What runs them.
    """

    def __init__(self, store: Store, group: Group, settings: Settings, loop_of: Callable[[int], PartitionLoop]) -> None:
        self.settings = settings
        self._store = store
        self._group = group
        self._loop_of = loop_of
        self._chosen = _chosen(settings)
        self._shared: tuple[list[str], int] = ([], 0)
        self._start: Start | None = None
        self.loops = [loop_of(partition) for partition in self._served()]
        self.tasks: list[asyncio.Task[None]] = []

    async def run(self, start: Start) -> None:
        """Run the loops with ``start``, follow a raise and share with others, until cancelled.

        The caller ends what was started.
        """
        self._start = start
        for loop in self.loops:
            self._run(loop)
        await repeat(self._beat, every_seconds=BEAT_SECONDS, failed=self._postponed)

    async def follow(self) -> None:
        """Work with the store's number of partitions.

        Raises:
            StoreError: the store cannot be asked.
        """
        changed = await follow_partitions(self._store)
        if changed and self._start is not None:
            log.info("partitions.changed", partitions=self._store.partitions)
            await self._group.register(refresh=True)
        served = self._served()
        if self._start is None:  # nothing runs yet: the setting may have been greater, too
            self.loops[:] = [loop for loop in self.loops if loop.partition in served]
        for partition in served[len(self.loops) :]:
            self.loops.append(self._loop_of(partition))
            if self._start is not None:
                self._run(self.loops[-1])

    def maintained(self) -> list[int]:
        """The partitions that this worker trims and audits: its own; with ``WORKER_PARTITIONS`` all."""
        if self._chosen:
            return list(range(self._store.partitions))
        return [loop.partition for loop in self.loops if loop.idle_wait.assigned]

    def _served(self) -> list[int]:
        return self._chosen or list(range(self._store.partitions))

    def _run(self, loop: PartitionLoop) -> None:
        assert self._start is not None  # noqa: S101 - called by `run` and after it
        self.tasks.append(self._start(loop.run(), f"partition {loop.partition}"))

    async def _beat(self) -> None:
        if self._chosen:
            await self.follow()
            return
        asked = time.monotonic()
        heard = await attend(self._store, self._group, GONE_SECONDS)
        if not heard.follows or len(self.loops) < self._store.partitions:
            await self.follow()
        self.loops[0].idle_wait.looked(asked, found=heard.due)
        self._share_out(heard.consumers)

    def _share_out(self, consumers: list[str]) -> None:
        partitions = [loop.partition for loop in self.loops]
        if self._shared != (consumers, len(partitions)):
            self._shared = consumers, len(partitions)
            mine = assigned(self._group.consumer, consumers, partitions)
            for loop in self.loops:
                loop.idle_wait.assign(assigned=loop.partition in mine)

    def _postponed(self, error: Exception, _failures: int) -> float:
        if isinstance(error, StoreError):
            log.info("assignment.postponed", reason=str(error))
        else:  # the loops go on as they are: that costs latency at the most
            log.error("assignment.failed", exc_info=error)
        return BEAT_SECONDS


def _chosen(settings: Settings) -> list[int]:
    chosen = [int(text) if text.isdecimal() else -1 for text in settings.worker_partitions]
    if -1 in chosen:
        raise ConfigurationError("WORKER_PARTITIONS: numbers, separated by commas")
    if any(number >= settings.partitions for number in chosen):
        raise ConfigurationError("WORKER_PARTITIONS: each number is below PARTITIONS")
    return chosen
