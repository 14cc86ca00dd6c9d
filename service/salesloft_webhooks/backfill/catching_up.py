"""One resource of one job: reads its windows page by page, brings the rows to the store, then moves the cursor.

    ===========================  =====================================================================================
    what may die between         and what happens then
    ===========================  =====================================================================================
    the page and its rows        nothing was published: the page is read again
    the rows and the cursor      some were published: the page is read again, what is known is not published again, and
                                 what this backfill had brought is counted then
    the cursor and the answer    it was written, or not; either is true to what is stored
    losing the lease, and        rows that the next one publishes as well, which is the same delivery once more; the
    noticing it                  cursor is refused to whoever has lost the lease
    ===========================  =====================================================================================

The invariant: the cursor never passes a change that was visible and is not durable in the store.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from salesloft_webhooks.backfill.carrying import Carrier, Look, Tally
from salesloft_webhooks.backfill.coverage import Resource
from salesloft_webhooks.backfill.progress import Progress, Rules
from salesloft_webhooks.backfill.windows import FilteredWindow, NewestFirstWindow, Step, Window
from salesloft_webhooks.broker.backfill_jobs import KEPT_SINCE, BackfillJob
from salesloft_webhooks.errors import SalesloftWebhooksError
from salesloft_webhooks.salesloft import LISTS, Salesloft
from salesloft_webhooks.telemetry import BackfillTelemetry, Found, get_logger
from salesloft_webhooks.timestamps import canonical, parse_timestamp

log = get_logger(__name__)


class LeaseLost(SalesloftWebhooksError):
    """Another process holds the job: this one has to stop."""


class CatchingUp:
    """Reads one resource.

    Args:
        kind: Which.
        salesloft: Where.
        carrier: Brings its rows to the store.
        job: Where the cursor is written down; None: nowhere.
        telemetry: Who is told.
        rules: How windows are cut.

    Attributes:
        progress: How far it has come; None before it has begun.
        found: What this process has found, by how it had come.
        types: Deliveries that this process has published, or would have, by event type.
    """

    def __init__(
        self,
        kind: Resource,
        salesloft: Salesloft,
        carrier: Carrier,
        job: BackfillJob | None,
        telemetry: BackfillTelemetry,
        rules: Rules,
    ) -> None:
        self.kind = kind
        self.progress: Progress | None = None
        self.found: Counter[Found] = Counter()
        self.types: Counter[str] = Counter()
        self._salesloft, self._carrier, self._job = salesloft, carrier, job
        self._telemetry, self._rules = telemetry, rules
        self._committed: datetime | None = None
        self._tried_since: datetime | None = None
        self._window: Window | None = None
        self._until: datetime | None = None
        self._tally = Tally()

    def say_how_far(self, written: Mapping[str, str], now: datetime) -> None:
        """Tell what is written down, before SalesLoft is asked: a process that starts while it fails is behind, too.

        Args:
            written: Of this resource.
            now: By the store's clock; a list that was never read is behind since it was first tried.
        """
        if kept_since := _server_time(written, KEPT_SINCE):
            self._telemetry.kept_since(self.kind.name, kept_since)
        if found := progress_of(written):
            self._telemetry.read_until(self.kind.name, found.reached)
        elif self.progress is None and not written:
            self._tried_since = self._tried_since or now
            self._telemetry.read_until(self.kind.name, self._tried_since)

    async def begin(self, written: Mapping[str, str], otherwise: Progress) -> None:
        """Go on from what is written down; where nothing is, begin ``otherwise``.

        A store that has lost everything has forgotten what was handled, too. So this process goes on exactly where it
        was, without an overlap: what lies before would be done a second time.

        Raises:
            StoreError: the beginning cannot be written down.
            LeaseLost: another process holds the job.
        """
        found = progress_of(written)
        if found is not None:
            self.progress, self._committed = found, _server_time(written, "at")
            return
        if self.progress is None or "cursor" in written:  # emptied on purpose, by `forget`
            self.progress = otherwise
        else:
            log.warning("backfill.store_empty", resource=self.kind.name)
            self.progress = Progress(self.progress.cursor, self.progress.cursor, self.progress.reached)
        await self._commit(self.progress)

    def open_window(self, now: datetime, until: datetime | None = None) -> bool:
        """Begin the next window; whether there is anything to read.

        Args:
            now: SalesLoft's clock.
            until: Where the last window ends; it is then asked for what is left only.

        Raises:
            TooOld: nobody remembers what was handled then.
        """
        assert self.progress is not None  # noqa: S101 - it has begun
        span = self.progress.window(now, self._rules)
        self._window, self._tally = None, Tally()
        if span is None:
            return False
        since, last = span[0], min(span[1], until or span[1])
        if since >= last:
            return False
        which = LISTS[self.kind.name]
        self._until = last
        self._window = (
            FilteredWindow(since, last, sceptical=until is not None)
            if which.filtered
            else NewestFirstWindow(since, last)
        )
        return True

    async def step(self, now: datetime, wanted: Collection[str]) -> bool:
        """Read one page and bring its rows to the store; whether there is more in this window.

        Raises:
            SalesloftError, UnreliableList: the page cannot be read; the window can be begun anew.
            StoreError: its rows cannot be stored; likewise.
            LeaseLost: another process holds the job.
        """
        assert self._window is not None  # noqa: S101 - it was opened
        assert self.progress is not None  # noqa: S101 - it has begun
        ask = self._window.ask
        page = await self._salesloft.lists.page(
            LISTS[self.kind.name], since=ask.since, until=ask.until, direction=ask.direction, page=ask.page
        )
        self._telemetry.page_read(self.kind.name)
        step = self._window.read(page.rows, page.next_page)
        since = self.progress.created_since(now, self._rules)
        look = Look(self.kind, wanted, since, self.progress.cursor, self._committed, now)
        await self._carrier.carry(step.rows, look, self._tally)
        await self._move(step)
        return not step.ended

    async def _move(self, step: Step) -> None:
        assert self.progress is not None  # noqa: S101 - it has begun
        moved = self.progress if step.position is None else self.progress.moved(step.position)
        if step.ended and self._until is not None:
            moved = moved.read_until(self._until)
        if step.cut:
            self._telemetry.tie_cut(self.kind.name)
        if step.position is None and not step.ended:
            return  # within a tie: all of it counts at once
        if moved != self.progress or self._tally.found:
            await self._commit(moved)
        if step.ended:
            self._telemetry.read_until(self.kind.name, moved.reached)

    async def _commit(self, moved: Progress) -> None:
        """Write down the cursor and what was counted up to it, in one step; then say so."""
        counts = self._tally.counts
        if self._job is not None:
            fields = {name: canonical(getattr(moved, name).isoformat()) or "" for name in moved.__struct_fields__}
            self._committed = await self._job.commit(
                self.kind.name, fields, {str(name): counts[name] for name in counts}
            )
            if self._committed is None:
                raise LeaseLost("another process holds this backfill")
        self.progress = moved
        tally, self._tally = self._tally, Tally()
        self._telemetry.counted(
            self.kind.name, counts, [(tally.found[key], seconds) for key, seconds in tally.delays.items()]
        )
        self.found.update(counts)
        self.types.update(tally.types)


def progress_of(written: Mapping[str, str]) -> Progress | None:
    """What is written down, as `Progress`; None where nothing is."""
    times = {name: parse_timestamp(written.get(name)) for name in Progress.__struct_fields__}
    if any(time is None for time in times.values()):
        return None
    return Progress(**{name: time for name, time in times.items() if time is not None})


def _server_time(written: Mapping[str, str], field: str) -> datetime | None:
    text = written.get(field, "")
    return datetime.fromtimestamp(int(text) / 1_000, UTC) if text.isdigit() else None
