"""What one attempt asks for: follow-ups, stored at once or kept until the event is done, and cancellations."""

import asyncio
import time
from collections.abc import Callable

from msgspec import structs

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Lease, Outcome, Settlement
from salesloft_webhooks.errors import FollowUpRefused, Retry, StoreError
from salesloft_webhooks.follow_ups import ASKED_MOST, ATTEMPT_BYTES, ENDED_MOST, Cancelled, Wanted

AWAY_LEAST, AWAY_MOST = 2.0, 60.0
"""When an event comes again whose follow-up could not be stored, in seconds: the longer that goes on, the later. What
its handler does before it asks is done again each time."""


class FollowUpCounter:
    """What all attempts of a worker ask at.

    Args:
        follow_ups: Where they are stored.
        tasks: The names that the group's routers have.
        note_due: Called with partition and seconds: one is due there by then.
    """

    def __init__(self, follow_ups: FollowUps, tasks: frozenset[str], note_due: Callable[[int, float], None]) -> None:
        self.follow_ups = follow_ups
        self.tasks = tasks
        self.note_due = note_due
        self._away_since: float | None = None

    def answered(self) -> None:
        """The store has taken something of a follow-up."""
        self._away_since = None

    def away_seconds(self) -> float:
        """The store has not: when to ask again."""
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        return min(max(AWAY_LEAST, now - self._away_since), AWAY_MOST)


class FollowUpAsker:
    """Made when an attempt asks for the first time."""

    def __init__(self, lease: Lease, counter: FollowUpCounter, loop: asyncio.AbstractEventLoop) -> None:
        self._before: dict[str, FollowUpAct] = {}
        self._lease = lease
        self._counter = counter
        self._on_done: dict[str, FollowUpAct] = {}
        self._loop = loop
        self._asked = self._ended = self._bytes = 0

    async def ask_later(self, wanted: Wanted) -> bool:
        """See `Event.later`."""
        self._check_loop()
        if wanted.task and wanted.task not in self._counter.tasks:
            raise FollowUpRefused("task=...: no router of the group has a task of this name")
        self._asked += 1
        if self._asked > ASKED_MOST:
            raise FollowUpRefused(f"more than {ASKED_MOST} follow-ups were asked for in one attempt")
        try:
            act = await self._counter.follow_ups.act(self._lease, wanted)
            self._bytes += act.size
            if self._bytes > ATTEMPT_BYTES:
                raise FollowUpRefused(f"the follow-ups of one attempt are more than {ATTEMPT_BYTES} bytes to store")
            self._on_done.pop(wanted.key, None)
            if wanted.on_done:
                await self._counter.follow_ups.check_room(self._lease.partition)
                self._on_done[wanted.key] = act
                return True
            asked = time.monotonic()
            waits, due_seconds = await self._counter.follow_ups.ask(self._lease, act)
        except StoreError as exc:
            raise self._again(exc) from exc
        self._counter.answered()
        if waits:
            self._note(structs.replace(act, stored=asked))
        if due_seconds is not None:
            self._counter.note_due(self._lease.partition, due_seconds)
        return waits

    async def cancel_later(self, key: str) -> Cancelled:
        """See `Event.cancel_later`."""
        self._check_loop()
        self._ended += 1
        if self._ended > ENDED_MOST:
            raise FollowUpRefused(f"more than {ENDED_MOST} follow-ups were cancelled in one attempt")
        kept = self._on_done.pop(key, None)
        try:
            ended = await self._counter.follow_ups.end_by_key(self._lease, key)
        except StoreError as exc:
            raise self._again(exc) from exc
        self._counter.answered()
        for act in ended.here:
            self._note(act)
        return Cancelled(ended.found or kept is not None, ended.running)

    async def prepare(self) -> None:
        """Right before `done`: what it replaces in other partitions waits no more.

        Raises:
            StoreError: it may wait or not; the event has to come again.
        """
        for act in self._on_done.values():
            await self._counter.follow_ups.clear_earlier(self._lease, act)

    def with_follow_ups(self, settlement: Settlement) -> Settlement:
        """The same with what counts together with it if it is `done`, and with what was stored before in any case."""
        with_done = tuple(self._on_done.values()) if settlement.outcome is Outcome.DONE else ()
        return structs.replace(settlement, follow_ups=with_done, follow_ups_before=tuple(self._before.values()))

    def _note(self, act: FollowUpAct) -> None:
        """What was stored, the latest of a follow-up last: only that is said again of it."""
        self._before.pop(act.follow_up, None)
        self._before[act.follow_up] = act

    def _again(self, error: StoreError) -> Retry:
        after = self._counter.away_seconds()
        return Retry(f"the store did not take a follow-up: {error}", after=after, counted=False)

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise FollowUpRefused("follow-ups are asked for in the worker's event loop: by an `async def`")
