"""Measures the pipeline: what every group still has to do, and how full the store is.

One script call per partition; its cost does not grow with the backlog, so it may run every few seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.representatives import partitions_by_server
from salesloft_webhooks.limits import LimitsInForce
from salesloft_webhooks.masked_text import masked_text

COUNTED_AT_ONCE = 1_000
SILENCE_SECONDS = 30.0
"""A consumer without a lease that has been silent for so long counts as gone: it would ask every second or two."""
NO_OLDEST = -1
LAG_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class GroupStats:
    """What one group still has to do, summed over the partitions.

    Attributes:
        group: Its name.
        lag: Entries it has not read yet.
        pending: Entries it has read and not finished: running + scheduled + parked + unhandled.
        running: Leased to a consumer (whose lease may have lapsed).
        scheduled: Waiting for a retry's time.
        parked: Waiting behind an earlier entry of the same lane.
        unhandled: Waiting for a worker that has a handler for their type.
        due: Pending entries whose time has come: workers should take them at once.
        dead: Dead letters.
        oldest_age_seconds: Age of the oldest entry it has not finished; 0 when there is none.
        consumers: Worker processes that are there; after a crash it takes `SILENCE_SECONDS` to notice.
        pause: Whether it takes events.
        pause_by: The object that declares the pause, ``namespace/name``; empty: none does.
        pause_reason: Why not, as a handler, a person or the declaration said it; empty: nobody did.
        pause_seconds: How long the pause still lasts; None without a pause or without an end.
        retry_reason: What went wrong with the event that is retried next, masked; empty: none waits for a retry.
        limits: What limits it, for people (``10 at once, 100/min``); empty: nothing.
        follow_ups: Follow-ups that wait for their time; no entries yet.
        follow_ups_due: Those of them whose time has come: they become entries as soon as a worker is there.
        next_follow_up_seconds: How long until the first of them is due; not above 0: it is; None: none waits.
    """

    group: str
    lag: int = 0
    pending: int = 0
    running: int = 0
    scheduled: int = 0
    parked: int = 0
    unhandled: int = 0
    due: int = 0
    dead: int = 0
    oldest_age_seconds: float = 0.0
    consumers: int = 0
    pause: Pause = Pause.NONE
    pause_by: str = ""
    pause_reason: str = ""
    pause_seconds: float | None = None
    retry_reason: str = ""
    limits: str = ""
    follow_ups: int = 0
    follow_ups_due: int = 0
    next_follow_up_seconds: float | None = None

    @property
    def paused(self) -> bool:
        """Whether it takes nothing at the moment."""
        return self.pause is not Pause.NONE

    @property
    def backlog(self) -> int:
        """What a worker could run now, or is running: without parked entries, and retries whose time has not come."""
        waiting = max(0, self.scheduled - self.due)
        return self.lag + self.follow_ups_due + max(0, self.pending - self.parked - self.unhandled - waiting)

    @property
    def follow_ups_overdue_seconds(self) -> float:
        """How long ago the follow-up that is due first was due, and has not begun; 0: none is overdue."""
        return max(0.0, -(self.next_follow_up_seconds or 0.0))

    def _next_follow_ups(self) -> tuple[float, ...]:
        return () if self.next_follow_up_seconds is None else (self.next_follow_up_seconds,)

    def __add__(self, other: "GroupStats") -> "GroupStats":
        """The same group on two partitions. A consumer serves several partitions, so consumers are not added."""
        return replace(
            self,
            lag=self.lag + other.lag,
            pending=self.pending + other.pending,
            running=self.running + other.running,
            scheduled=self.scheduled + other.scheduled,
            parked=self.parked + other.parked,
            unhandled=self.unhandled + other.unhandled,
            due=self.due + other.due,
            dead=self.dead + other.dead,
            oldest_age_seconds=max(self.oldest_age_seconds, other.oldest_age_seconds),
            consumers=max(self.consumers, other.consumers),
            pause=other.pause if self.pause is Pause.NONE else self.pause,
            pause_by=other.pause_by if self.pause is Pause.NONE else self.pause_by,
            pause_reason=other.pause_reason if self.pause is Pause.NONE else self.pause_reason,
            pause_seconds=other.pause_seconds if self.pause is Pause.NONE else self.pause_seconds,
            retry_reason=self.retry_reason or other.retry_reason,
            follow_ups=self.follow_ups + other.follow_ups,
            follow_ups_due=self.follow_ups_due + other.follow_ups_due,
            next_follow_up_seconds=min(self._next_follow_ups() + other._next_follow_ups(), default=None),
        )


@dataclass(frozen=True, slots=True)
class PartitionStats:
    """How full one partition is.

    Attributes:
        partition: Its number.
        entries: Length of its stream, history for replays included.
        quarantined: Signed but unreadable deliveries kept.
        memory_used_bytes: Of the server it lies on.
        memory_limit_bytes: What that may use, the least of its ``maxmemory`` and ``STORE_MAX_BYTES``; 0: no limit.
        stream_bytes: What its stream takes, about.
        history_seconds: Age of the oldest entry of its stream; 0: there is none.
        added: Entries that were ever added to its stream: replays and redrives as well.
        server: The number of its server; several partitions may share one.
    """

    partition: int
    entries: int
    quarantined: int
    memory_used_bytes: int
    memory_limit_bytes: int
    stream_bytes: int = 0
    history_seconds: float = 0.0
    added: int = 0
    server: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """One measurement: groups by name, partitions by number, and when, server ms."""

    groups: tuple[GroupStats, ...]
    partitions: tuple[PartitionStats, ...]
    at_ms: int = 0


def memory_limit_bytes(partitions: Iterable[PartitionStats]) -> int:
    """What all servers together may use; 0: one of them has no limit."""
    limits = {each.server: each.memory_limit_bytes for each in partitions}
    return 0 if 0 in limits.values() else sum(limits.values())


async def measure(store: Store, *, silence_seconds: float = SILENCE_SECONDS) -> Stats:
    """Measure all partitions and all groups, registered ones without a single entry included.

    Args:
        store: Where.
        silence_seconds: A consumer that holds nothing and has been silent for so long is not counted.

    Raises:
        StoreError: the store cannot be asked.
    """
    args: list[str | int] = [int(silence_seconds * 1_000), *sorted(await group_names(store))]
    groups: dict[str, GroupStats] = {}
    partitions = []
    now = 0
    servers = {number: server for server, its in enumerate(partitions_by_server(store)) for number in its}
    for partition in range(store.partitions):
        reply = await store.run("stats", partition, args)
        now, entries, quarantined, used, maxmemory, rows, size, oldest, added = reply
        limit = min((each for each in (maxmemory, store.max_bytes) if each), default=0)
        age = max(now - oldest, 0) / 1_000 if oldest else 0.0
        server = servers.get(partition, 0)
        partitions.append(PartitionStats(partition, entries, quarantined, used, limit, size, age, added, server))
        for row in rows:
            stats = await _group(store, partition, now, row)
            groups[stats.group] = groups[stats.group] + stats if stats.group in groups else stats
    return Stats(tuple(groups[name] for name in sorted(groups)), tuple(partitions), now)


async def group_names(store: Store) -> set[str]:
    """Every group that was ever registered and not removed with all it had.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        names: Any = await store.client.smembers(store.keys.groups)
    return {name.decode() for name in names}


async def _group(store: Store, partition: int, now: int, row: Iterable[Any]) -> GroupStats:
    (
        name,
        lag,
        last,
        pending,
        unrun,
        parked,
        unhandled,
        due,
        dead,
        oldest,
        consumers,
        *more,
        limits,
    ) = row
    pause, pause_ms, retry, follow_ups, follow_ups_due, first_ms = more
    stored = StoredPause.read(pause)
    return GroupStats(
        group=name.decode(),
        lag=await _count_after(store, partition, last) if lag == LAG_UNKNOWN else lag,
        pending=pending,
        running=pending - unrun,
        scheduled=max(unrun - parked - unhandled, 0),
        parked=parked,
        unhandled=unhandled,
        due=due,
        dead=dead,
        oldest_age_seconds=0.0 if oldest == NO_OLDEST else max(now - oldest, 0) / 1_000,
        consumers=consumers,
        pause=stored.kind,
        pause_by=stored.declared_by,
        pause_reason=stored.reason,
        pause_seconds=pause_ms / 1_000 if pause_ms >= 0 else None,
        retry_reason=masked_text(retry.decode(errors="backslashreplace")),
        limits=LimitsInForce.read(limits.decode(errors="replace")).limits.text,
        follow_ups=follow_ups,
        follow_ups_due=follow_ups_due,
        next_follow_up_seconds=None if first_ms == b"" else first_ms / 1_000,
    )


async def _count_after(store: Store, partition: int, last: bytes) -> int:
    """From both ends in turn, so that a group that has read nearly all, or nearly nothing, is counted at once."""
    unread, after, read, before = 0, b"(" + last, 0, last
    while True:
        counted, after, _ = await store.run("count", partition, [after, COUNTED_AT_ONCE, "up"])
        unread += int(counted)
        if not after:
            return unread
        counted, before, entries = await store.run("count", partition, [before, COUNTED_AT_ONCE, "down"])
        read += int(counted)
        if not before:
            return max(int(entries) - read, 0)
