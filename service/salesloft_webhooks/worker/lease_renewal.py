"""Renewing leases while handlers run, also when one of them blocks the event loop.

The renewals run in a thread of their own, on an event loop and a connection of their own: a handler that blocks the
worker's loop for longer than a lease would else be run by somebody else meanwhile, and by us again afterwards. What
blocks without ever letting another thread run (a C extension that holds the interpreter's lock) still does that.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import MAX_BATCH, MOST_AT_ONCE, Group, Lease, open_store
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Ordering, Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.attempt import Attempt
from salesloft_webhooks.worker.handler_permits import HandlerPermits, Permit
from salesloft_webhooks.worker.outcome_bounds import Unsettled
from salesloft_webhooks.worker.partition_loop import PartitionLoop

RENEWALS_PER_LEASE = 3
"""Two renewals may fail before a lease lapses."""
BLOCKED_SECONDS = 1.0
"""A loop that does nothing for so long is blocked; less where leases are short."""
JOIN_SECONDS = 1.0
"""How long the thread's end is waited for; it does nothing but renew, so it may be left alone."""

Held = Attempt | Unsettled


class Blockages:
    """Which looks at a loop's last heartbeat find it blocked anew.

    Args:
        limit_seconds: A loop without a heartbeat for longer is blocked.
        now: The clock when looking begins.
    """

    def __init__(self, limit_seconds: float, now: float) -> None:
        self._limit = limit_seconds
        self._last_look = now
        self._known = False

    def found(self, heartbeat: float, now: float) -> bool:
        """Look; whether it is blocked, and was not found so since it last did something."""
        slept = now - self._last_look >= self._limit  # then it may be the machine that stops, for ourselves as well
        self._last_look = now
        if now - heartbeat <= self._limit:
            self._known = False
        elif not self._known and not slept:
            self._known = True
            return True
        return False


class LeaseRenewer:
    """Renews the leases of all partitions of one worker, and watches its event loop."""

    def __init__(
        self,
        group: Group,
        loops: Sequence[PartitionLoop],
        permits: HandlerPermits,
        settings: Settings,
        telemetry: WorkerTelemetry,
    ) -> None:
        self._group = group
        self._permits = permits
        self._loops = loops
        self._settings = settings
        self._telemetry = telemetry
        self._every_seconds = group.options.lease_seconds / RENEWALS_PER_LEASE
        self._heartbeat = time.monotonic()

    async def run(self) -> None:
        """Renew until cancelled; fails when the thread does."""
        self._worker_loop = asyncio.get_running_loop()
        self._worker_thread = threading.get_ident()
        own_loop, stop, outcome = asyncio.new_event_loop(), asyncio.Event(), Future[None]()
        outcome.set_running_or_notify_cancel()  # it is not for others to cancel
        thread = threading.Thread(target=self._serve, args=(own_loop, stop, outcome), name="renewer", daemon=True)
        thread.start()
        ended = asyncio.wrap_future(outcome)
        try:
            await asyncio.shield(ended)
        finally:
            with suppress(RuntimeError):  # it has ended already
                own_loop.call_soon_threadsafe(stop.set)
            await asyncio.wait([ended], timeout=JOIN_SECONDS)

    # -- in the thread ----------------------------------------------------------------------------------------------

    def _serve(self, own_loop: asyncio.AbstractEventLoop, stop: asyncio.Event, outcome: Future[None]) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: own_loop) as runner:
                runner.run(self._renew_until(stop))
        except BaseException as exc:  # noqa: BLE001 - whatever it is, the worker must hear of it
            outcome.set_exception(exc)
        else:
            outcome.set_result(None)

    async def _renew_until(self, stop: asyncio.Event) -> None:
        async with open_store(self._settings) as store, Background() as background:
            group = Group(store, self._group.options, self._group.consumer)

            async def renew_leases() -> None:
                for loop in self._loops:
                    held = loop.held()
                    # Also with nothing to renew: the call says that the store is there (see broker's docstring).
                    for start in range(0, max(1, len(held)), MAX_BATCH):
                        await self._renew(group, loop, held[start : start + MAX_BATCH])

            async def renew() -> None:
                await asyncio.gather(self._keep_permits(group), renew_leases())  # neither waits for the other's server

            async def stopped() -> None:
                await stop.wait()

            tasks = [
                background.start(stopped(), name="stop"),
                background.start(self._watch(), name="watching the worker's loop"),
                background.repeat(renew, name="renewing", every_seconds=self._every_seconds),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _renew(self, group: Group, loop: PartitionLoop, held: Sequence[Held]) -> None:
        asked = time.monotonic()
        leases = [each.lease for each in held]
        try:
            kept = await group.extend(loop.partition, leases)
        except StoreError:
            self._give_up_lapsed(loop, held)
            return
        for each, lease, ours in zip(held, leases, kept, strict=True):
            if ours:
                each.renewed = asked
            else:
                self._lose(loop, each, lease)

    async def _keep_permits(self, group: Group) -> None:
        """In a group that is limited: what runs has permits, which end as leases do."""
        claims = [claim for loop in self._loops if (claim := loop.permits.claim).attempts]
        if claims and self._group.limits.limited:
            with suppress(StoreError):  # then they may end, as the leases may
                await group.limits.keep(claims)
        for start in range(0, len(permits := self._permits.in_use()), MOST_AT_ONCE):
            if not await self._keep_handler_permits(group, permits[start : start + MOST_AT_ONCE]):
                return  # the others would wait as long for the same server, and the next round of leases for them

    async def _keep_handler_permits(self, group: Group, permits: Sequence[Permit]) -> bool:
        """Whether the store has answered; else they may end, as the leases may."""
        asked, kept = time.monotonic(), list[bool]()
        with suppress(StoreError):
            kept = await group.handler_limits.keep([permit.ask for permit in permits])
        for permit, still_ours in zip(permits, kept, strict=False):  # unanswered: none
            permit.kept(asked, still_ours=still_ours)
        for permit in permits:
            if permit.over:  # given back meanwhile, and kept behind that: once more
                with suppress(RuntimeError):
                    self._worker_loop.call_soon_threadsafe(self._permits.give_back, permit)
        return bool(kept)

    def _give_up_lapsed(self, loop: PartitionLoop, held: Sequence[Held]) -> None:
        """We cannot reach the store, others perhaps can.

        In an ordered group a lapsed lease may already run elsewhere, so ours stops. Without order it may finish: a late
        `done` counts, which saves the effect from being repeated.
        """
        if self._group.options.ordering is Ordering.ENTITY:
            now = time.monotonic()
            for each in held:
                if now - each.renewed > self._group.options.lease_seconds:
                    self._lose(loop, each, each.lease)

    def _lose(self, loop: PartitionLoop, held: Held, lease: Lease) -> None:
        with suppress(RuntimeError):  # the worker has ended
            self._worker_loop.call_soon_threadsafe(loop.lose, held, lease)

    async def _watch(self) -> None:
        """Report, once each time, that the worker's loop is blocked, by which handler and where."""
        limit = min(BLOCKED_SECONDS, self._every_seconds)
        blockages = Blockages(limit, time.monotonic())
        while True:
            self._worker_loop.call_soon_threadsafe(self._record_heartbeat)
            await asyncio.sleep(limit / 4)
            if blockages.found(self._heartbeat, time.monotonic()):
                self._report_blocked()

    def _record_heartbeat(self) -> None:
        self._heartbeat = time.monotonic()

    def _report_blocked(self) -> None:
        task = asyncio.current_task(self._worker_loop)
        attempts = [each for loop in self._loops for each in loop.attempts.copy().values()]
        blocking = next((each for each in attempts if each.task is task), None)
        frame = sys._current_frames().get(self._worker_thread)  # noqa: SLF001 - the documented way to see a thread
        self._telemetry.loop_blocked(
            blocking.handler_names if blocking else "unknown",
            where=f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "unknown",
        )
