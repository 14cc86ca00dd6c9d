"""Keeping the store within its limits of memory: what goes first when there is too much of it.

Redis refuses every write once it is full, so something has to go before that, and never what is still to be done:

    =====  =================================  ===================================================================
    order  what goes                          when
    =====  =================================  ===================================================================
    1      finished history, oldest first     the server uses more than ``HISTORY_MEMORY_SHARE`` of what it may use,
                                              or a stream has more than its part of ``HISTORY_MAX_BYTES``
    2      idempotency records of events      no finished history is left, and the server uses more than half of
           whose entries are gone, oldest     what is above that share; none younger than `YOUNGEST_RECORD_SECONDS`
           first
    never  entries that a group has not       the server is full: writes are refused, the answer is 503 until
           finished, dead letters,            workers have caught up
           quarantine, watermarks
    =====  =================================  ===================================================================

What a server may use is the least of its ``maxmemory`` and ``STORE_MAX_BYTES``; without both there is no limit. The
server knows only the first, so by the second one receivers refuse (`StoreWatch`): when a look has removed all that may
go and it was not enough. Between two looks more may come than there is room for; the next one sees it.

Whoever fills the store makes room: receivers look once a second, and at once when a write was refused; workers with
their maintenance. Each step is one atomic script that looks at the limits again, so any number may do it at once, and
it looks at its own server, so that in a cluster each has its own. Partitions of one server give what is oldest first.
"""

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.representatives import representatives
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Settings

SLICE = 10_000
"""Entries that one call may remove or examine, so that the server is never blocked for long."""
RECORDS_SLICE = 100
"""Keys that one call may examine for records to forget."""
WORK_SECONDS = 0.5
"""Time for one look with all its calls; what is left is left for the next one."""
MOMENT_SECONDS = 0.2
"""The same while deliveries wait for it."""
REST_PER_CALL_SECONDS, LONGEST_REST_SECONDS = 0.02, 10.0
"""After a pass over everything that found nothing: how long the next one waits, by the calls that it took. So what
looks for finished entries among unfinished ones in vain costs the server no more than a tenth of its time. Finished
entries at the front of a stream cost nothing to find, and are removed meanwhile."""
YOUNGEST_RECORD_SECONDS = 900.0
"""Younger records stay whatever happens: a sender that repeats a delivery does so within minutes."""
BEGIN, FRONT_ONLY = b"0-0", b""
"""Where to look for finished entries behind unfinished ones: from the first entry on, or not at all."""


class RoomObserver(Protocol):
    """What is told of what had to go; both roles' telemetry is one."""

    def room_made(self, *, entries: int, records: int) -> None:
        """Finished entries, or idempotency records, were removed before their time."""


class Room(Struct, frozen=True):
    """What one look has found and done.

    Attributes:
        over: Something was over its limit when it was looked at last.
        limit_bytes: What the servers looked at may use, of the one that may least; 0: one of them has no limit.
        entries: Finished entries removed before their time.
        records: Idempotency records forgotten before their time.
        full: A server uses ``STORE_MAX_BYTES`` or more, and not because there was no time to remove all that may go.
    """

    over: bool
    limit_bytes: int
    entries: int
    records: int
    full: bool


class _Step(Struct, frozen=True):
    """One call's answer about a partition; see ``make_room.lua``."""

    excess: int
    limit: int
    removed: int
    oldest_ms: int
    after: bytes
    used: int


def _most_used(looks: Mapping[int, _Step]) -> int:
    """By the fullest of the servers."""
    return max(look.used for look in looks.values())


class _Rest:
    """Between two passes, after one that was in vain: the longer the more calls it took."""

    def __init__(self) -> None:
        self._calls = self._found = 0
        self._until = 0.0

    @property
    def resting(self) -> bool:
        return time.monotonic() < self._until

    def count_call(self, found: int) -> None:
        self._calls += 1
        self._found += found

    def begin(self) -> None:
        if not self._found and not self.resting:
            self._until = time.monotonic() + min(self._calls * REST_PER_CALL_SECONDS, LONGEST_REST_SECONDS)
        self._calls = self._found = 0


class MemoryBounds:
    """Makes room where a limit is exceeded. One per part of a process that looks.

    Args:
        store: Where.
        settings: The limits.
        observer: Told of what had to go; nobody by default.
    """

    def __init__(self, store: Store, settings: Settings, observer: RoomObserver | None = None) -> None:
        self._store = store
        self._share = settings.history_memory_share
        self._records_share = (1 + settings.history_memory_share) / 2
        self._max_bytes = settings.history_max_bytes
        self._store_max_bytes = settings.store_max_bytes
        self._least_used = math.inf
        self._ttl_seconds = settings.idempotency_ttl_seconds
        self._observer = observer
        self._after: defaultdict[int, str | bytes] = defaultdict(lambda: BEGIN)
        self._cursors: defaultdict[int, bytes] = defaultdict(lambda: b"0")
        self._record_age = self._ttl_seconds / 2
        self._entries_rest, self._records_rest = _Rest(), _Rest()

    @property
    def _most_bytes(self) -> int:
        """Each partition's part of the limit."""
        return -(-self._max_bytes // self._store.partitions)

    async def keep(self, seconds: float = WORK_SECONDS) -> Room:
        """Look, and remove what has to go until all are within their limits, nothing may go, or the time is over.

        Raises:
            StoreError: the store cannot be asked.
        """
        until = time.monotonic() + seconds
        looks = await self._look(representatives(self._store))
        used = _most_used(looks)
        if self._most_bytes or any(look.excess > 0 for look in looks.values()):
            looks = await self._look(range(self._store.partitions))
        oldest = {partition: look.oldest_ms for partition, look in looks.items() if look.excess > 0}
        over = set(oldest)
        entries = await self._shorten_history(oldest, over, until)
        records = 0
        with suppress(StoreError):  # whether it is full is judged by what is used, all the same
            records = 0 if entries else await self._forget_records(set(over), until)
        if self._observer is not None and entries + records:
            self._observer.room_made(entries=entries, records=records)
        goes_on = entries + records > 0 and time.monotonic() >= until
        full = await self._is_full(used, goes_on=goes_on)
        return Room(bool(over), min(look.limit for look in looks.values()), entries, records, full)

    async def _is_full(self, used: int, *, goes_on: bool) -> bool:
        """Whether what may not go fills a server, which used so much before: by our own limit, not by the server's.

        ``goes_on``: the time was over before all had gone that may. Then there is room as long as more goes than comes.
        """
        if not self._store_max_bytes:
            return False
        if used >= self._store_max_bytes:
            used = _most_used(await self._look(representatives(self._store)))
        if used < self._store_max_bytes:
            self._least_used = math.inf
            return False
        falls, self._least_used = used < self._least_used, min(used, self._least_used)
        return not (goes_on and falls)

    async def makes_room(self) -> bool:
        """Whether there is room on a server that was full; False: what nobody has finished fills it, or nobody knows.

        Takes a moment and no longer, for deliveries wait; whoever looks regularly goes on with it.
        """
        try:
            room = await self.keep(MOMENT_SECONDS)
        except StoreError:
            return False
        return room.entries + room.records > 0 or (room.limit_bytes > 0 and not room.over)

    async def _look(self, partitions: Iterable[int]) -> dict[int, _Step]:
        return {partition: await self._step(partition, most=0) for partition in partitions}

    async def _step(self, partition: int, *, most: int) -> _Step:
        after = FRONT_ONLY if self._entries_rest.resting else self._after.get(partition, BEGIN)
        args: list[Argument] = [self._share, self._most_bytes, most, after, self._store_max_bytes]
        return _Step(*await self._store.run("make_room", partition, args))

    async def _shorten_history(self, oldest: dict[int, int], over: set[int], until: float) -> int:
        """Remove finished entries of partitions, given with the ms of their oldest; returns how many.

        What is found within its limits, whoever made the room, leaves ``over``.
        """
        removed = 0
        while oldest and time.monotonic() < until:
            partition = min(oldest, key=oldest.__getitem__)
            step = await self._step(partition, most=SLICE)
            removed += step.removed
            oldest[partition] = step.oldest_ms
            self._after[partition] = step.after or BEGIN
            self._entries_rest.count_call(step.removed)
            if step.excess == 0:
                over.discard(partition)
            if step.excess == 0 or not step.after:
                del oldest[partition]
            if not step.after:
                self._entries_rest.begin()
        return removed

    async def _forget_records(self, over: set[int], until: float) -> int:
        """Forget old records where no finished history is left; returns how many."""
        if not over:
            self._record_age = self._ttl_seconds / 2
        forgotten, exhausted = 0, False
        while over and time.monotonic() < until and not self._records_rest.resting:
            partition = min(over)
            args: list[Argument] = [self._records_share, int(self._record_age * 1000)]
            args += [self._cursors.get(partition, b"0"), RECORDS_SLICE, self._store_max_bytes]
            excess, count, self._cursors[partition] = await self._store.run("forget_records", partition, args)
            forgotten += count
            self._records_rest.count_call(count)
            if excess == 0 or self._cursors[partition] == b"0":
                over.discard(partition)
                exhausted = exhausted or excess > 0
        if exhausted:
            self._take_younger_records()
        return forgotten

    def _take_younger_records(self) -> None:
        """All records were looked at, and it was not enough."""
        if self._record_age == YOUNGEST_RECORD_SECONDS:
            self._records_rest.begin()
        self._record_age = max(self._record_age / 2, YOUNGEST_RECORD_SECONDS)
