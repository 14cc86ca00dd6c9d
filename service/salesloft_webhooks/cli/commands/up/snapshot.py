"""What the pipeline is doing, gathered from the processes' metrics and from the store: the content of the live view."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.up.exposition import Meter, Totals
from salesloft_webhooks.errors import StoreError

if TYPE_CHECKING:
    import httpx2

    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stats import GroupStats, Stats

WINDOW_SECONDS = 10.0
"""Rates and latencies are those of the latest seconds."""


@dataclass(frozen=True, slots=True)
class GroupSnapshot:
    """One group.

    Attributes:
        name: Which.
        stats: What it still has to do; None while the store does not answer.
        handled: Attempts that succeeded since `up` started.
        failed: Attempts that will be repeated.
        rate: Handled a second.
        p50: Seconds from being stored to being handled, half of the events.
        p99: The same, all but a hundredth.
    """

    name: str
    stats: "GroupStats | None"
    handled: float
    failed: float
    rate: float
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class SalesloftSnapshot:
    """What the simulated SalesLoft says of itself.

    Attributes:
        subscriptions: Those that are enabled.
        changes: What has happened there.
        reached: Of these, delivered.
        unsubscribed: Of these, sent to nobody, for nobody had subscribed.
        lost: Of these, given up after four attempts.
    """

    subscriptions: int
    changes: int
    reached: int
    unsubscribed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole pipeline at one moment, in the order in which an event passes through it.

    Attributes:
        deliveries: Answered since `up` started, by outcome (`DeliveryOutcome`).
        rate: Deliveries a second.
        refused: Those refused with 401, by reason.
        p50: Seconds until the answer, half of the deliveries.
        p99: The same, all but a hundredth.
        stats: The store's; None while it does not answer.
        groups: One snapshot each.
        salesloft: The simulated SalesLoft's; None without one, and while it does not answer.
    """

    deliveries: Mapping[str, float] = field(default_factory=dict)
    rate: float = 0.0
    refused: Mapping[str, float] = field(default_factory=dict)
    p50: float | None = None
    p99: float | None = None
    stats: "Stats | None" = None
    groups: Sequence[GroupSnapshot] = ()
    salesloft: SalesloftSnapshot | None = None


class SnapshotTaker:
    """Takes snapshots. Processes and a store that do not answer leave their part as it was, or empty."""

    def __init__(
        self,
        store: "Store",
        client: "httpx2.AsyncClient",
        pages: Mapping[str, str],
        groups: Sequence[str],
        salesloft: str = "",
    ) -> None:
        self._store = store
        self._groups = groups
        self._client = client
        self._pages = pages
        self._salesloft_url = salesloft
        self._meter = Meter()
        self._past: deque[Totals] = deque()

    async def take(self) -> Snapshot:
        """Ask everybody, and put it together."""
        await asyncio.gather(*(self._read(process, url) for process, url in self._pages.items()))
        totals = self._meter.totals(time.monotonic())
        self._past.append(totals)
        while totals.at - self._past[0].at > WINDOW_SECONDS:
            self._past.popleft()
        found = compose(totals, totals.since(self._past[0]), await self._stats(), self._groups)
        return replace(found, salesloft=await self._salesloft())

    async def _read(self, process: str, url: str) -> None:
        import httpx2

        try:
            response = await self._client.get(url)
        except httpx2.HTTPError:
            return
        if response.is_success:
            with suppress(ValueError):  # somebody else answers on that port
                self._meter.read(process, response.text)

    async def _salesloft(self) -> SalesloftSnapshot | None:
        import httpx2

        if not self._salesloft_url:
            return None
        try:
            account = (await self._client.get(f"{self._salesloft_url}/account")).json()
        except (httpx2.HTTPError, ValueError):
            return None
        names = ("changes", "reached", "unsubscribed", "lost")
        return SalesloftSnapshot(account["subscriptions"]["enabled"], *(account[name] for name in names))

    async def _stats(self) -> "Stats | None":
        from salesloft_webhooks.broker.administration.stats import measure

        try:
            return await measure(self._store)
        except StoreError:
            return None


def compose(totals: Totals, recent: Totals, stats: "Stats | None", groups: Sequence[str]) -> Snapshot:
    """A snapshot from sums since the start, sums of the latest seconds, and the store's own figures."""
    seconds = recent.at or 1.0
    known = {row.group: row for row in stats.groups} if stats else {}
    return Snapshot(
        deliveries=totals.by("outcome", "deliveries_total"),
        rate=recent.total("deliveries_total") / seconds,
        refused={reason: count for reason, count in totals.by("reason", "signature_failures_total").items() if count},
        p50=recent.quantile(0.5, "delivery_duration_seconds"),
        p99=recent.quantile(0.99, "delivery_duration_seconds"),
        stats=stats,
        groups=[
            GroupSnapshot(
                name=name,
                stats=known.get(name),
                handled=totals.total("attempts_total", group=name, outcome="done"),
                failed=totals.total("attempts_total", group=name, outcome="retried"),
                rate=recent.total("attempts_total", group=name, outcome="done") / seconds,
                p50=recent.quantile(0.5, "event_age_seconds", group=name),
                p99=recent.quantile(0.99, "event_age_seconds", group=name),
            )
            for name in groups
        ],
    )
