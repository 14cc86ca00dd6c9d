"""What one attempt asks for: follow-ups, stored at once or kept until the event is done, and cancellations."""

import asyncio
from collections.abc import Callable

from msgspec import structs

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Lease, Settlement
from salesloft_webhooks.errors import FollowUpRefused, Retry, StoreError
from salesloft_webhooks.follow_ups import ASKED_MOST, ATTEMPT_BYTES, ENDED_MOST, Cancelled, Wanted

STORE_AWAY_SECONDS = 2.0
"""When an event comes again whose follow-up could not be stored."""


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


class FollowUpAsker:
    """Made when an attempt asks for the first time."""

    def __init__(self, lease: Lease, counter: FollowUpCounter, loop: asyncio.AbstractEventLoop) -> None:
        self._before: list[FollowUpAct] = []
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
                self._on_done[wanted.key] = act
                return True
            waits, due_seconds = await self._counter.follow_ups.ask(self._lease, act)
        except StoreError as exc:
            raise _again(exc) from exc
        if waits:
            self._before.append(act)
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
            raise _again(exc) from exc
        self._before += (FollowUpAct(each) for each in ended.here)
        return Cancelled(ended.found or kept is not None, ended.running)

    async def prepare(self) -> None:
        """Right before `done`: what it replaces in other partitions waits no more.

        Raises:
            StoreError: it may wait or not; the event has to come again.
        """
        for act in self._on_done.values():
            await self._counter.follow_ups.clear_earlier(self._lease, act)

    def with_follow_ups(self, done: Settlement) -> Settlement:
        """The same with what counts together with it, and with what was stored before."""
        return structs.replace(done, follow_ups=tuple(self._on_done.values()), follow_ups_before=tuple(self._before))

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise FollowUpRefused("follow-ups are asked for in the worker's event loop: by an `async def`")


def _again(error: StoreError) -> Retry:
    return Retry(f"the store did not take a follow-up: {error}", after=STORE_AWAY_SECONDS, counted=False)
