"""The role: one process of an installation reads all lists, round after round; the others wait for its lease to end."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from salesloft_webhooks.backfill.carrying import Carrier
from salesloft_webhooks.backfill.catching_up import CatchingUp, LeaseLost
from salesloft_webhooks.backfill.conditions import rules_of, salesloft_now, state_of
from salesloft_webhooks.backfill.coverage import chosen
from salesloft_webhooks.backfill.leadership import release, while_held
from salesloft_webhooks.backfill.progress import Progress, TooOld
from salesloft_webhooks.backfill.wanted_events import WantedEvents
from salesloft_webhooks.backfill.windows import UnreliableList
from salesloft_webhooks.backfill.yielding import Yielding
from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.broker import Publisher, Store, follow_partitions, new_consumer_name
from salesloft_webhooks.broker.backfill_jobs import ROLE_JOB, BackfillJob
from salesloft_webhooks.errors import SalesloftError, SalesloftUnauthorized, SalesloftWebhooksError, StoreError
from salesloft_webhooks.salesloft import Salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BackfillState, BackfillTelemetry, get_logger

ALL = "*"
"""Stands for all resources, where something is written down of all."""
SUBSCRIBED = "subscribed"
STUCK_SECONDS = 900.0
"""Longer than any single wait: for the rate limit, for repeats, for a server that does not answer."""
MUCH_TO_READ = timedelta(minutes=15)

log = get_logger(__name__)


class Rounds:
    """Reads the lists as long as it holds the lease.

    Args:
        store: Where events and cursors are.
        publisher: Publishes.
        salesloft: What is read.
        settings: See `Settings`.
    """

    def __init__(self, store: Store, publisher: Publisher, salesloft: Salesloft, settings: Settings) -> None:
        self._kinds = chosen(settings.backfill_resources)
        self._store, self._salesloft, self._settings = store, salesloft, settings
        self._telemetry = BackfillTelemetry(kind.name for kind in self._kinds)
        self._job = BackfillJob(store, ROLE_JOB, new_consumer_name())
        self._wanted = WantedEvents(salesloft, settings)
        self._rules = rules_of(settings)
        yielding = Yielding(store, settings, self._telemetry, sleep=self._sleep)
        carrier = Carrier(store, publisher, yielding, settings)
        self._all = [
            CatchingUp(kind, salesloft, carrier, self._job, self._telemetry, self._rules) for kind in self._kinds
        ]
        self._heartbeat = time.monotonic()
        self._problem: str | None = "not begun yet"

    async def run(self) -> None:
        """Go on until cancelled; then the lease is given back."""
        try:
            while True:
                await self.round()
                await self._sleep(self._settings.backfill_every_seconds)
        finally:
            await release(self._job)

    async def round(self) -> None:
        """Read every list to the end of its window, if it is this process' turn."""
        try:
            now = await self._job.hold()
            self._telemetry.leading(leads=now is not None)
            if now is None:
                self._problem = None
            else:
                await while_held(self._job, self._read_all(now))
        except LeaseLost:
            log.warning("backfill.lease_lost")
            self._telemetry.leading(leads=False)
        except SalesloftWebhooksError as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            self._problem = str(exc)
            for each in self._all:
                self._telemetry.state(each.kind.name, state_of(exc), str(exc))

    async def _read_all(self, store_now: datetime) -> None:
        """Page by page in turn, so that a list with much to read holds up no other."""
        await follow_partitions(self._store)
        written = await self._job.read()
        for each in self._all:
            each.say_how_far(written.get(each.kind.name, {}), store_now)
        now = await salesloft_now(self._salesloft, self._kinds, store_now)
        self._problem = None
        await self._know_what_is_wanted(written.get(ALL, {}))
        unfinished = [each for each in self._all if await self._opened(each, written.get(each.kind.name, {}), now)]
        while unfinished:
            for each in tuple(unfinished):
                self._heartbeat = time.monotonic()
                if not await self._step(each, now):
                    unfinished.remove(each)

    async def _know_what_is_wanted(self, written: Mapping[str, str]) -> None:
        self._wanted.remember(written.get(SUBSCRIBED, ""))
        await self._wanted.ask()
        if self._wanted.remembered != written.get(SUBSCRIBED, ""):
            await self._job.commit(ALL, {SUBSCRIBED: self._wanted.remembered}, {})

    async def _opened(self, each: CatchingUp, written: Mapping[str, str], now: datetime) -> bool:
        """Open the next window of a resource; whether there is something to read."""
        if not self._wanted.of(each.kind):
            self._telemetry.state(each.kind.name, BackfillState.IDLE)
            if written.get("cursor"):  # what happens until somebody wants it again is nobody's loss
                await self._job.commit(each.kind.name, {"cursor": ""}, {})
            return False
        since = timedelta(seconds=self._settings.backfill_since_seconds)
        await each.begin(written, Progress.beginning(now - self._rules.settle - since))
        try:
            if each.open_window(now):
                return True
        except TooOld as exc:
            self._telemetry.state(each.kind.name, state_of(exc), "its cursor is older than what is remembered")
            return False
        self._telemetry.state(each.kind.name, BackfillState.FOLLOWING)
        return False

    async def _step(self, each: CatchingUp, now: datetime) -> bool:
        """Read a page of a resource; whether there is more to read in this round."""
        try:
            more = await each.step(now, self._wanted.of(each.kind))
        except SalesloftUnauthorized:
            raise  # that is the same for all of them
        except (SalesloftError, StoreError, UnreliableList) as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            self._telemetry.state(each.kind.name, state_of(exc), str(exc))
            return False
        if not more:
            self._telemetry.state(each.kind.name, BackfillState.FOLLOWING)
        elif each.progress and now - each.progress.reached > MUCH_TO_READ:
            self._telemetry.state(each.kind.name, BackfillState.CATCHING_UP)
        return more

    async def _sleep(self, seconds: float) -> None:
        self._heartbeat = time.monotonic()
        await asyncio.sleep(seconds)

    def not_live(self) -> str | None:
        """Why the process should be restarted; None: it gets on."""
        silence = time.monotonic() - self._heartbeat
        return f"no progress for {silence:.0f} s" if silence > STUCK_SECONDS else None

    def not_ready(self) -> str | None:
        """Why it cannot work; None: it can, or waits for its turn."""
        return self._problem
