"""What one attempt asks for: follow-ups, stored at once or kept until the event is done, and cancellations."""

import time
from collections.abc import Callable
from enum import Enum, auto

from msgspec import structs

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Lease, Outcome, Settlement
from salesloft_webhooks.errors import FollowUpRefused, Retry, StoreError
from salesloft_webhooks.follow_ups import Cancelled, Wanted, subject_of
from salesloft_webhooks.handlers.follow_up_limits import ATTEMPT_OVER, FollowUpLimits

AWAY_LEAST, AWAY_MOST = 2.0, 60.0
"""When an event comes again whose follow-up could not be stored, in seconds: the longer that goes on, the later. What
its handler does before it asks is done again each time."""


class Call(Enum):
    """What an attempt may have to wait for."""

    ASK = auto()
    CANCEL = auto()


class FollowUpCounter:
    """What all attempts of a worker ask at.

    Args:
        follow_ups: Where they are stored.
        tasks: The names that the group's routers have.
        note_due: Called with partition and seconds: one is due there by then.
        refused: Called with partition and reason: the store has not taken what an attempt wants.
    """

    def __init__(
        self,
        follow_ups: FollowUps,
        tasks: frozenset[str],
        note_due: Callable[[int, float], None],
        refused: Callable[[int, str], None],
    ) -> None:
        self.follow_ups = follow_ups
        self.tasks = tasks
        self.note_due = note_due
        self._refused = refused
        self._away_since: dict[tuple[int, Call], float] = {}

    def answered(self, partition: int, call: Call) -> None:
        """The store has taken one. That a cancellation is taken says nothing of the room for others."""
        self._away_since.pop((partition, call), None)

    def away_seconds(self, partition: int, call: Call, error: StoreError) -> float:
        """The store has not: when to ask again."""
        self._refused(partition, str(error))
        now = time.monotonic()
        return min(max(AWAY_LEAST, now - self._away_since.setdefault((partition, call), now)), AWAY_MOST)


class FollowUpAsker:
    """Made when an attempt asks for the first time."""

    def __init__(self, lease: Lease, counter: FollowUpCounter) -> None:
        self._before: dict[str, FollowUpAct] = {}
        self._lease = lease
        self._counter = counter
        self._on_done: dict[str, FollowUpAct] = {}
        self._limits = FollowUpLimits(counter.tasks)
        self._over = False

    async def ask_later(self, wanted: Wanted) -> bool:
        """See `Event.later`. False of a debounced handler: it is not put off."""
        self._limits.ask(wanted)
        partition = self._lease.partition
        try:
            if wanted.debounced and not await self._can_be_put_off():
                return False
            act = await self._counter.follow_ups.act(self._lease, wanted)
            self._limits.store(0 if wanted.debounced else act.size)
            if wanted.on_done:
                await self._counter.follow_ups.check_room(self._lease, act)
            self._check_open()
            self._on_done.pop(act.subject, None)
            if wanted.on_done:
                self._counter.answered(partition, Call.ASK)
                self._on_done[act.subject] = act
                return True
            asked = time.monotonic()
            waits, due_seconds = await self._counter.follow_ups.ask(self._lease, act)
        except StoreError as exc:
            raise self._again(Call.ASK, exc) from exc
        self._counter.answered(partition, Call.ASK)
        if waits:
            self._note(structs.replace(act, stored=asked))
        if due_seconds is not None:
            self._counter.note_due(partition, due_seconds)
        return waits

    async def _can_be_put_off(self) -> bool:
        """Whether the event is no replay or redrive, which would pass for the last; and what waits will begin."""
        return not self._lease.resubmitted and await self._counter.follow_ups.may_begin()

    async def cancel_later(self, key: str) -> Cancelled:
        """See `Event.cancel_later`."""
        self._limits.end()
        self._check_open()
        kept = self._on_done.pop(subject_of(self._lease.event.entity_key, key), None)
        try:
            ended = await self._counter.follow_ups.end_by_key(self._lease, key)
        except StoreError as exc:
            raise self._again(Call.CANCEL, exc) from exc
        self._counter.answered(self._lease.partition, Call.CANCEL)
        for act in ended.here:
            self._note(act)
        return Cancelled(ended.found or kept is not None, ended.running)

    async def prepare(self) -> Retry | None:
        """Right before `done`: what it replaces in other partitions waits no more. Nothing can be asked from now on.

        Returns:
            Why the event has to come again, and when: the store has not taken that. None: it has.
        """
        self._over = True
        try:
            for act in tuple(self._on_done.values()):
                await self._counter.follow_ups.prepare(self._lease, act)
        except StoreError as exc:
            return self._again(Call.ASK, exc)
        return None

    def with_follow_ups(self, settlement: Settlement) -> Settlement:
        """The same with what counts together with it if it is `done`, and with what was stored before in any case."""
        with_done = tuple(self._on_done.values()) if settlement.outcome is Outcome.DONE else ()
        return structs.replace(settlement, follow_ups=with_done, follow_ups_before=tuple(self._before.values()))

    def _note(self, act: FollowUpAct) -> None:
        """What was stored, the latest of a follow-up last: only that is said again of it."""
        self._before.pop(act.follow_up, None)
        self._before[act.follow_up] = act

    def _again(self, call: Call, error: StoreError) -> Retry:
        after = self._counter.away_seconds(self._lease.partition, call, error)
        return Retry(f"the store did not take a follow-up: {error}", after=after, counted=False)

    def _check_open(self) -> None:
        if self._over:  # by what a handler has left behind
            raise FollowUpRefused(ATTEMPT_OVER)
