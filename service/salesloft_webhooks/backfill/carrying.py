"""Brings rows to the store: looks up what has arrived, publishes what has not, and counts both."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from salesloft_webhooks.backfill.coverage import Resource
from salesloft_webhooks.backfill.rows import DIALECT, Delivery, deliveries
from salesloft_webhooks.backfill.windows import time_of
from salesloft_webhooks.backfill.yielding import Yielding
from salesloft_webhooks.broker import Publisher, Store, Stored, quarantine
from salesloft_webhooks.broker.arrivals import Arrival, arrivals
from salesloft_webhooks.dialects.uniform_resource import CALLBACK_TOKEN
from salesloft_webhooks.errors import SignatureRejected, StoreRefused, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.salesloft import Row
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import Found, get_logger

ROWS_AT_ONCE = 100

log = get_logger(__name__)


class Look(Struct, frozen=True):
    """What rows are looked at with.

    Attributes:
        kind: What they are of.
        wanted: SalesLoft's names of the events that are published.
        created_since: What was created before is not told of as new.
        cursor: Rows from it on are counted; those before were counted when it passed them.
        committed: When the cursor was last written down, by the store's clock; None: never.
        now: SalesLoft's clock.
    """

    kind: Resource
    wanted: Collection[str]
    created_since: datetime
    cursor: datetime
    committed: datetime | None
    now: datetime


class Tally(Struct):
    """What was found since the cursor was last written down: each version of a record once.

    Attributes:
        found: How it had come.
        delays: Seconds from the change until the store had it.
        types: Deliveries that were published, or would be, by the type of their own event.
    """

    found: dict[tuple[int | None, str | None], Found] = field(default_factory=dict)
    delays: dict[tuple[int | None, str | None], float] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> Mapping[Found, int]:
        """How many came in which way."""
        return Counter(self.found.values())

    def note(self, row: Row, found: Found, seconds: float | None = None) -> None:
        """Count a row."""
        key = (row.id, row.updated_at)
        self.found[key] = found
        if seconds is not None:
            self.delays[key] = seconds


class Carrier:
    """Brings rows to the store.

    Args:
        store: Where to look.
        publisher: Where to publish; None: nothing is published, only counted.
        yielding: When it may.
        settings: The source's name, and how much the quarantine holds.
    """

    def __init__(self, store: Store, publisher: Publisher | None, yielding: Yielding, settings: Settings) -> None:
        self._store, self._publisher, self._yielding = store, publisher, yielding
        self._settings = settings

    async def carry(self, rows: Sequence[Row], look: Look, tally: Tally) -> None:
        """Publish what has not arrived. When this returns, all of it is durable at the configured level.

        Raises:
            StoreError: some of it may be; to begin anew does no harm.
        """
        for first in range(0, len(rows), ROWS_AT_ONCE):
            await self._carry(rows[first : first + ROWS_AT_ONCE], look, tally)

    async def _carry(self, rows: Sequence[Row], look: Look, tally: Tally) -> None:
        told: list[tuple[Row, tuple[Delivery, ...]]] = []
        for row in rows:
            try:
                told.append((row, deliveries(look.kind, row, look.wanted, look.created_since)))
            except UnreadableDelivery as exc:
                await self._unreadable(row, look, tally, exc.reason)
            except SignatureRejected:
                await self._unreadable(row, look, tally, None)
        known = iter(await arrivals(self._store, [each.events for _, found in told for each in found]))
        for row, found in told:
            if found:
                await self._bring(row, [(each, next(known)) for each in found], look, tally)

    async def _bring(self, row: Row, found: Sequence[tuple[Delivery, Arrival]], look: Look, tally: Tally) -> None:
        counted, again = (time_of(row) or look.now) >= look.cursor, (row.id, row.updated_at) in tally.found
        missed = arrived_at = None
        for delivery, arrival in found:
            brought = False
            if not arrival.whole:
                try:
                    brought = await self._publish(delivery, arrival, tally, again=again)
                except StoreRefused as exc:
                    log.warning("backfill.refused", resource=look.kind.name, id=row.id, reason=str(exc))
                    return tally.note(row, Found.UNREADABLE)
            if brought or _is_missed(delivery, arrival, look, counted=counted):
                missed = arrival.at or look.now
            elif delivery.of_this_version:
                arrived_at = arrival.at
        happened = found[-1][0].happened
        if missed is not None:
            tally.note(row, Found.MISSED, (missed - happened).total_seconds())
        elif counted:
            tally.note(row, Found.ARRIVED, (arrived_at - happened).total_seconds() if arrived_at else None)
        return None

    async def _publish(self, delivery: Delivery, arrival: Arrival, tally: Tally, *, again: bool) -> bool:
        """Publish a delivery; whether nobody else had brought its own event. ``again``: it was seen in this step."""
        new = arrival.at is None
        if self._publisher is not None:
            await self._yielding.permit()
            made = NewDelivery(self._settings.backfill_source, delivery.events, backfilled=True)
            new = await self._publisher.publish(made) is Stored.NEW and new
        if new and not again:
            tally.types[delivery.events[0].event_type] += 1
        return new

    async def _unreadable(self, row: Row, look: Look, tally: Tally, reason: UnreadableReason | None) -> None:
        """Keep it where signed deliveries are kept that cannot be read; without a reason it is not fit to be kept."""
        if (time_of(row) or look.now) < look.cursor:
            return
        tally.note(row, Found.UNREADABLE)
        log.warning("backfill.unreadable", resource=look.kind.name, id=row.id, reason=reason)
        if reason is None or self._publisher is None or CALLBACK_TOKEN.encode() in row.raw:
            return
        await quarantine(
            self._store,
            source=self._settings.backfill_source,
            dialect=DIALECT,
            reason=reason,
            body=row.raw,
            limit=self._settings.quarantine_limit,
            from_headers=look.kind.event_names[-1],
        )


def _is_missed(delivery: Delivery, arrival: Arrival, look: Look, *, counted: bool) -> bool:
    """Whether a backfill brought it and nobody has counted that yet.

    That is so when it tells of the version that is counted now, and when it was brought since the last count: by the
    step before a crash, or of a row that became visible late.
    """
    if not arrival.backfilled or arrival.at is None:
        return False
    return (counted and delivery.of_this_version) or look.committed is None or arrival.at > look.committed
