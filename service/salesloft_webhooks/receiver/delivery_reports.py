"""Tells the store every few seconds which deliveries came, so that silence can be seen without a Prometheus."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.delivery_counts import EVERY_SECONDS, OUTCOME, TYPE, Arrived, tell_deliveries
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import ReceiverTelemetry

LAST_WORDS_SECONDS = 1.0


class DeliveryReports:
    """Use as ``async with``, around the time in which deliveries are taken.

    The counts are those of the metrics, so a delivery pays nothing. What could not be told comes with the next report.

    Args:
        store: The open store.
        telemetry: Who counts.
        every_seconds: Between two reports.
    """

    def __init__(self, store: Store, telemetry: ReceiverTelemetry, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._store, self._telemetry, self._every_seconds = store, telemetry, every_seconds
        self._told: dict[tuple[str, str, str], tuple[int, float]] = {}
        self._background = Background()

    async def __aenter__(self) -> Self:
        self._background.repeat(self._tell, name="delivery reports", every_seconds=self._every_seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._tell()

    async def _tell(self) -> None:
        now = dict(self._seen())
        arrived = [
            Arrived(*what, _age(seen), seen[0] - self._told.get(what, (0, 0.0))[0])
            for what, seen in now.items()
            if seen != self._told.get(what, (0, 0.0))
        ]
        if arrived:
            with suppress(StoreError):  # the store watch says so
                await tell_deliveries(self._store, arrived)
                self._told = now

    def _seen(self) -> Iterator[tuple[tuple[str, str, str], tuple[int, float]]]:
        for source, outcome, count in self._telemetry.counted():
            yield (source, OUTCOME, outcome), (count, 0.0)
        for source, event_type, count, last in self._telemetry.seen_types():
            yield (source, TYPE, event_type), (count, last)


def _age(seen: tuple[int, float]) -> float:
    """Of the latest; of an outcome nobody has written down when it was, so it was just now."""
    return max(time.time() - seen[1], 0.0) if seen[1] else 0.0
