"""A consumer group, seen from one consumer: take entries, settle attempts, renew leases, wait for more.

See the package's docstring for how streams, ``due``, lanes and leases work together.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.earlier_lanes import EarlierLanes
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.broker.lease import HandedOver, Lease, Settled, Settlement, Taken
from salesloft_webhooks.broker.lease_rows import lease_in, settled_in
from salesloft_webhooks.broker.records import REGISTRATION_FIELDS, RESERVED_GROUP_NAMES
from salesloft_webhooks.broker.store_format import NEWEST
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.settings import Ordering

MAX_BATCH = 500
"""Entries or outcomes in one script call: Lua's ``unpack`` and the time a server may be busy set the limit."""

LONGEST_SECONDS = 366 * 86_400
"""Longest delay or pause; far below `PARKED_SCORE`."""

Reply = list[bytes]


class Group:
    """One consumer's view of its group."""

    def __init__(self, store: Store, options: GroupOptions, consumer: str) -> None:
        if options.name in RESERVED_GROUP_NAMES:
            raise ConfigurationError("WORKER_GROUP: a reserved name")
        if consumer == NOBODY:
            raise ConfigurationError(f"{NOBODY!r} is not a consumer name")
        if not all(is_pattern(pattern) for pattern in (*options.events, *(options.handled or ()))):
            raise ConfigurationError(f"group {options.name}: not every filter is an event pattern: {RULE}")
        self.options = options
        self.consumer = consumer
        self._store = store
        # Due entries get the larger half of a take, then the smaller, in turn: neither kind starves, even at count 1.
        # By partition, else of two that are asked in turn one would get the smaller half each time.
        self._halves: defaultdict[int, Iterator[Callable[[float], int]]] = defaultdict(
            lambda: cycle((math.ceil, math.floor))
        )
        # Takes are numbered, so that one whose reply was lost can be repeated: it leases nothing twice.
        self._numbers = defaultdict[int, int](lambda: 1)
        self._unanswered = defaultdict[int, bool](bool)
        self._handovers = defaultdict[int, int](int)
        self._handover_unanswered = defaultdict[int, bool](bool)
        self._earlier_lanes = EarlierLanes(store, options.name)

    async def register(self, *, refresh: bool = False) -> None:
        """Make the group known, in every partition from the first entry on, and describe it for `status`.

        With ``refresh`` a description that is there stays as it is: the worker that started last wrote it.
        """
        await self._make_known()
        options, keys = self.options, self._store.keys
        await self._store.run_on(keys.groups, "enlist", [options.name])
        described: list[Argument] = [
            ",".join(options.events),
            options.ordering.value,
            ",".join(options.handlers),
            int(time.time() * 1000),
        ]
        fields = [word for pair in zip(REGISTRATION_FIELDS, described, strict=True) for word in pair]
        await self._store.run_on(keys.group(options.name), "describe", ["refresh" if refresh else "start", *fields])

    async def beat(self) -> set[int]:
        """Keep the group known and its version in force; the partitions in which entries wait for a handler."""
        known = await self._make_known()
        if any(made for made, _ in known):  # a server has lost its data
            await self.register(refresh=True)
        return {partition for partition, (_, unhandled) in enumerate(known) if unhandled}

    async def _make_known(self) -> list[tuple[int, int]]:
        grace = _ms(self.options.no_handler_seconds)
        args: list[Argument] = [self.options.name, self.options.version, grace, self.consumer, NEWEST]
        return [await self._store.run("register", partition, args) for partition in range(self._store.partitions)]

    async def take(self, partition: int, count: int, *, alone: bool = False) -> Taken:
        """Lease up to ``count`` entries (at most `MAX_BATCH`); ``alone``: isolated ones, to run apart from all others.

        One at a time per partition.

        Raises:
            StoreError: nothing is known about the outcome; the next call of this partition is a repeat of this one,
                and is given what this one has leased.
        """
        count = min(count, MAX_BATCH)
        number = self._store.partitions
        args: list[Argument] = [
            self.options.name,
            self.consumer,
            count,
            _ms(self.options.lease_seconds),
            0 if alone else next(self._halves[partition])(count / 2),
            self.options.ordering.value,
            self.options.max_attempts,
            self.options.idempotency_ttl_seconds,
            MAX_BATCH,
            int(alone),
            self.options.version,
            _ms(self.options.no_handler_seconds),
            self._numbers[partition],
            int(self._unanswered[partition]),
            number,
        ]
        self._unanswered[partition] = True
        reply = await self._store.run("take", partition, args)
        self._unanswered[partition] = False
        self._numbers[partition] += 1
        state, wait, last_id, skipped, poisoned, entries, isolated, run, unhandled, ended = reply
        self._earlier_lanes.note_end(partition, number, ended.decode())
        return Taken(
            leases=self._leases(partition, run, entries),
            wait_seconds=None if wait < 0 else wait / 1000,
            last_id=last_id.decode(),
            paused=state == b"paused",
            healed=state == b"healed",
            skipped=skipped,
            poisoned=tuple(name.decode() for name in poisoned),
            isolated=isolated,
            unhandled=tuple(name.decode() for name in unhandled),
        )

    def _leases(self, partition: int, run: bytes, rows: list[list[Any]]) -> tuple[Lease, ...]:
        name, its_run = self.options.name, run.decode()
        return tuple(lease_in(row, partition=partition, group=name, run=its_run) for row in rows)

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
        results, *_ = await self._settle(partition, settlements)
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
        repeated = self._handover_unanswered[partition]
        self._handovers[partition] += not repeated
        self._handover_unanswered[partition] = True
        number = self._store.partitions
        results, rows, run, due, ended = await self._settle(partition, settlements, room, behind, repeated=repeated)
        self._handover_unanswered[partition] = False
        self._earlier_lanes.note_end(partition, number, ended.decode())
        return HandedOver(
            results=tuple(settled_in(results)), leases=self._leases(partition, run, rows), something_is_due=due == 1
        )

    async def _settle(
        self,
        partition: int,
        settlements: Sequence[Settlement],
        room: int = 0,
        behind: int = 0,
        *,
        repeated: bool = False,
    ) -> tuple[Reply, list[list[Any]], bytes, int, bytes]:
        options = self.options
        args: list[str | int] = [options.name, self.consumer, options.idempotency_ttl_seconds]
        args += (_ms(options.lease_seconds), room, self._handovers[partition], int(repeated), options.version)
        args += (self._store.partitions, behind)
        for item in settlements:
            event = item.lease.event
            args += (item.lease.entry_id, item.lease.lane, event.event_id, event.attempt, item.lease.run)
            args += (item.outcome, _ms(item.delay_seconds), item.reason, item.error)
        answer: tuple[Reply, list[list[Any]], bytes, int, bytes] = await self._store.run("settle", partition, args)
        return answer

    async def extend(self, partition: int, leases: Sequence[Lease]) -> list[bool]:
        """Renew leases of one partition; False for each that is lost: stop its handler, the outcome would not count."""
        args: list[str | int] = [self.options.name, self.consumer, _ms(self.options.lease_seconds)]
        for lease in leases:
            args += (lease.entry_id, lease.lane, lease.event.attempt, lease.run)
        return [reply == 1 for reply in await self._store.run("extend", partition, args)]

    async def expire_unhandled(self, partition: int) -> list[str]:
        """Turn entries that have waited too long for a handler into dead letters; the event type of each.

        Raises:
            StoreError: ask again later.
        """
        options, limit = self.options, MAX_BATCH
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, _ms(options.no_handler_seconds), limit]
        died: Reply = await self._store.run("expire_unhandled", partition, args)
        return [event_type.decode() for event_type in died]

    async def wait(self, partition: int, last_id: str, seconds: float) -> bool:
        """Wait until an entry newer than ``last_id`` arrives, at most ``seconds``: whether it has. Consumes nothing."""
        key = self._store.keys.events(partition)
        with translated():
            found = await self._store.client.xread({key: last_id}, count=1, block=max(1, int(seconds * 1000)))
        return bool(found)

    async def look(self, partition: int) -> bool:
        """Whether a take would find something due.

        Raises:
            StoreError: nobody knows.
        """
        found: int = await self._store.run("look", partition, [self.options.name])
        return found == 1

    async def pause(self, seconds: float, reason: str = "") -> None:
        """Let the whole group take nothing for a while (circuit breaker). A pause by hand stays untouched.

        ``reason`` is one line for people: `status` shows it.
        """
        for partition in range(self._store.partitions):
            await self._store.run("pause", partition, [self.options.name, "breaker", max(1, _ms(seconds)), reason])

    async def retire(self, *, idle_seconds: float = 3600.0, leaving: bool = False) -> int:
        """Remove consumers that hold nothing and have been silent for a while; ``leaving``: and this one at once."""
        name = self.consumer if leaving else ""
        removed = 0
        for partition in range(self._store.partitions):
            removed += await self._store.run("retire", partition, [self.options.name, _ms(idle_seconds), name])
        return removed


def _ms(seconds: float) -> int:
    # Handlers choose delays: infinity and NaN (which is not below anything) must not kill the settler.
    return int(max(seconds, 0.0) * 1000) if seconds < LONGEST_SECONDS else LONGEST_SECONDS * 1000
