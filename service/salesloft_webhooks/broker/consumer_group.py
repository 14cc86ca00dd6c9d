"""A consumer group, seen from one consumer: take entries, settle attempts, renew leases, wait for more.

See the package's docstring for how streams, ``due``, lanes and leases work together.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from salesloft_webhooks.broker.attempt_history import EXTRA_WORDS, extra_words
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.earlier_lanes import EarlierLanes
from salesloft_webhooks.broker.follow_up_rows import FOLLOW_UP_WORDS, follow_up_words
from salesloft_webhooks.broker.group_maintenance import MAX_BATCH, GroupMaintenance, milliseconds
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.lease import HandedOver, Lease, Outcome, Settled, Settlement, Taken
from salesloft_webhooks.broker.lease_rows import lease_in, settled_in
from salesloft_webhooks.settings import Ordering

SettleReply = tuple[list[bytes], list[list[Any]], bytes, int, bytes]
"""What ``settle.lua`` answers, in its order."""


class Group(GroupMaintenance):
    """One consumer's view of its group; what is for the group as a whole stands in `GroupMaintenance`."""

    def __init__(self, store: Store, options: GroupOptions, consumer: str) -> None:
        super().__init__(store, options, consumer)
        # Due entries get the larger half of a take, then the smaller, in turn: neither kind starves, even at count 1.
        # By partition, else of two that are asked in turn one would get the smaller half each time.
        self._halves: defaultdict[int, Iterator[Callable[[float], int]]] = defaultdict(
            lambda: cycle((math.ceil, math.floor))
        )
        # Takes are numbered by partition, and apart from them the settles that may hand something over. The number goes
        # up with the answer: until that is here each further call is a repeat, by which nothing is leased twice.
        self._take_numbers = defaultdict[int, int](lambda: 1)
        self._take_unanswered = defaultdict[int, bool](bool)
        self._settle_numbers = defaultdict[int, int](lambda: 1)
        self._settle_unanswered = defaultdict[int, bool](bool)
        self._earlier_lanes = EarlierLanes(store, options.name)

    async def take(self, partition: int, count: int, *, alone: bool = False) -> Taken:
        """Lease up to ``count`` entries (at most `MAX_BATCH`); ``alone``: isolated ones, to run apart from all others.

        With 0 nothing is leased, and the answer says whether there is something. One at a time per partition.

        Raises:
            StoreError: nothing is known about the outcome; the next call of this partition is a repeat of this one,
                and is given what this one has leased.
        """
        count = min(count, MAX_BATCH)
        partitions = self._store.partitions  # as of this call: a raise may come before the answer
        args: list[Argument] = [
            self.options.name,
            self.consumer,
            count,
            milliseconds(self.options.lease_seconds),
            0 if alone or not count else next(self._halves[partition])(count / 2),
            self.options.ordering.value,
            self.options.max_attempts,
            self.options.idempotency_ttl_seconds,
            MAX_BATCH,
            int(alone),
            self.options.version,
            milliseconds(self.options.no_handler_seconds),
            self._take_numbers[partition],
            int(self._take_unanswered[partition]),
            partitions,
        ]
        if self.limits.in_force.stored:
            args.append(self.limits.in_force.stored)
        self._take_unanswered[partition] = True
        reply = await self._store.run("take", partition, args)
        self._take_unanswered[partition] = False
        self._take_numbers[partition] += 1
        state, wait, last_id, skipped, poisoned, entries, isolated, run, unhandled, ended = reply
        self._earlier_lanes.note_end(partition, partitions, ended.decode())
        word, _, limits = state.decode().partition(" ")
        self.limits.learn(limits)
        return Taken(
            leases=self._leases(partition, run, entries),
            wait_seconds=None if wait < 0 else wait / 1000,
            last_id=last_id.decode(),
            paused=word == "paused",
            healed=word == "healed",
            skipped=skipped,
            poisoned=tuple(name.decode() for name in poisoned),
            isolated=isolated,
            unhandled=tuple(name.decode() for name in unhandled),
        )

    def _leases(self, partition: int, run: bytes, rows: list[list[Any]]) -> tuple[Lease, ...]:
        name, its_run, keys = self.options.name, run.decode(), self._store.body_keys
        return tuple(lease_in(row, partition=partition, group=name, run=its_run, keys=keys) for row in rows)

    async def must_wait(self, leases: Sequence[Lease]) -> set[str]:
        """Entry ids of those leases whose entity has something unfinished where it was before the last raises.

        Raises:
            StoreError: nobody knows; let all wait that are of an ordered group.
        """
        return await self._earlier_lanes.unfinished(leases) if self.options.ordering is Ordering.ENTITY else set()

    async def settle(self, partition: int, settlements: Sequence[Settlement]) -> list[Settled]:
        """Store outcomes of one partition, at most `MAX_BATCH`, in one round trip. Safe to repeat.

        Raises:
            StoreError: nothing is known about the outcome.
        """
        results, *_ = await self._settle(partition, self._store.partitions, settlements)
        return settled_in(results)

    async def settle_and_continue(
        self, partition: int, settlements: Sequence[Settlement], room: int, behind: int = 0
    ) -> HandedOver:
        """Like `settle`, and lease up to ``room`` entries that are next in the lanes of what is finished by it.

        With them come copies of up to ``behind`` entries that wait behind them. One at a time per partition.

        Raises:
            StoreError: nothing is known about the outcome; the next call of this partition must settle the same again,
                and perhaps more. It is given what this one has leased, also beyond its ``room``.
        """
        repeated = self._settle_unanswered[partition]
        partitions = self._store.partitions  # as of this call: a raise may come before the answer
        self._settle_unanswered[partition] = True
        results, rows, run, due, ended = await self._settle(
            partition, partitions, settlements, room, behind, repeated=repeated
        )
        self._settle_unanswered[partition] = False
        self._settle_numbers[partition] += 1
        self._earlier_lanes.note_end(partition, partitions, ended.decode())
        return HandedOver(
            results=tuple(settled_in(results)), leases=self._leases(partition, run, rows), something_is_due=due == 1
        )

    async def _settle(
        self,
        partition: int,
        partitions: int,
        settlements: Sequence[Settlement],
        room: int = 0,
        behind: int = 0,
        *,
        repeated: bool = False,
    ) -> SettleReply:
        options = self.options
        args: list[Argument] = [options.name, self.consumer, options.idempotency_ttl_seconds]
        args += (milliseconds(options.lease_seconds), room, self._settle_numbers[partition], int(repeated))
        outcomes, more, later = words_of(settlements)
        args += (options.version, partitions, behind, len(more) // EXTRA_WORDS, len(later) // FOLLOW_UP_WORDS)
        args += (*outcomes, *more, *later)
        reply: SettleReply = await self._store.run("settle", partition, args)
        return reply

    async def extend(self, partition: int, leases: Sequence[Lease]) -> list[bool]:
        """Renew leases of one partition; False for each that is lost: stop its handler, the outcome would not count."""
        args: list[str | int] = [self.options.name, self.consumer, milliseconds(self.options.lease_seconds)]
        for lease in leases:
            args += (lease.entry_id, lease.lane, lease.event.attempt, lease.run)
        return [reply == 1 for reply in await self._store.run("extend", partition, args)]

    async def wait(self, partition: int, last_id: str, seconds: float) -> bool:
        """Wait until an entry newer than ``last_id`` arrives, at most ``seconds``: whether it has. Consumes nothing."""
        key = self._store.keys.events(partition)
        with translated():
            found = await self._store.client.xread({key: last_id}, count=1, block=max(1, int(seconds * 1000)))
        return bool(found)

    def is_connected(self, partition: int) -> bool:
        """Whether what is sent now goes by a connection that is there already."""
        return self._store.line(partition) is not None

    @contextmanager
    def each_connection_calls(self, call: Callable[[], None]) -> Iterator[None]:
        """Within, ``call`` is called whenever there is a new connection, behind which may be another server."""
        self._store.lines.on_open.add(call)
        try:
            yield
        finally:
            self._store.lines.on_open.discard(call)

    async def look(self, partition: int) -> bool:
        """Whether a take would find something due.

        Raises:
            StoreError: nobody knows.
        """
        found: int = await self._store.run("look", partition, [self.options.name])
        return found == 1


def words_of(settlements: Sequence[Settlement]) -> tuple[list[Argument], list[Argument], list[Argument]]:
    """What ``settle.lua`` is given of outcomes: of each; of those that have a history; and of their follow-ups.

    In one pass, and with no call for an event that succeeds at once: it is made for every event.
    """
    now = time.monotonic()
    outcomes, more, later = list[Argument](), list[Argument](), list[Argument]()
    for number, item in enumerate(settlements, 1):
        lease, event, delay = item.lease, item.lease.event, item.delay_seconds
        outcomes += (lease.entry_id, lease.lane, event.event_id, event.attempt, lease.run)
        outcomes += (item.outcome, milliseconds(delay) if delay else 0, item.reason, item.error)
        if item.outcome is not Outcome.DONE or event.attempt > 1 or lease.resubmitted:
            more += extra_words(number, item, now)
        if item.follow_ups or item.follow_ups_before:
            later += follow_up_words(number, item, now)
    return outcomes, more, later
