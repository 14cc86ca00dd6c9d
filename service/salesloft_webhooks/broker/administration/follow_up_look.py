"""Looks through follow-ups that wait, in the order in which they are due, a slice of one group and partition at a time.

What a slice costs does not grow with what waits (``list_later.lua``), nor does what a page costs: it looks at so many
and says where to go on.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, Place, WaitingFollowUp
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.follow_up_rows import read_row

LOOKED_AT = 250
"""In one call, at the most: of each its row is read, so that the server is never blocked for long."""
FOUND_AT_ONCE = 100
"""In one call, at the most."""
LOOKED_FOR_A_PAGE = 10_000
"""So many rows are looked at for a page, about, where few of them are meant."""
_ROW = 3

Source = tuple[str, int]
"""A group and a partition."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one call has looked at.

    Attributes:
        found: Those that are meant, the first due first; none when they are only counted.
        count: How many these are.
        looked: How many were looked at.
        reached: Everything up to there was looked at; None: to the end.
    """

    found: tuple[WaitingFollowUp, ...]
    count: int
    looked: int
    reached: Place | None


@dataclass(frozen=True, slots=True)
class FollowUpPage:
    """Some of those that are meant.

    Attributes:
        found: The first due first.
        next: Behind it the next page begins; None: there is none.
    """

    found: tuple[WaitingFollowUp, ...]
    next: Place | None


async def look(
    store: Store, wanted: FollowUpFilter, source: Source, behind: Place | None, *, most_found: int = FOUND_AT_ONCE
) -> Slice:
    """Look at the next slice of a group in a partition.

    Args:
        store: Where.
        wanted: Which are meant; its group does not count.
        source: Which group and partition.
        behind: What is due up to there was looked at before; None: nothing was.
        most_found: Of those that are meant so many at the most; 0: they are only counted.

    Raises:
        StoreError: the store cannot be asked.
    """
    group, partition = source
    place: list[Argument] = ["", ""] if behind is None else [behind.due_ms, behind.event_id]
    args = [group, min(most_found, FOUND_AT_ONCE), LOOKED_AT, *place, *wanted.arguments()]
    looked, count, due_ms, event_id, *flat = await store.run("list_later", partition, args)
    found = []
    for name, due, row in zip(*(flat[at::_ROW] for at in range(_ROW)), strict=True):
        if (waiting := read_row(name, row)) is not None:  # else somebody has damaged it
            found.append(WaitingFollowUp.of(group, partition, int(due), waiting))
    reached = Place(int(due_ms), event_id.decode()) if event_id else None
    return Slice(tuple(found), int(count), int(looked), reached)


async def sources(store: Store, wanted: FollowUpFilter) -> list[Source]:
    """Where those that are meant can wait.

    Raises:
        StoreError: the store cannot be asked.
    """
    groups: Iterable[str] = [wanted.group] if wanted.group else sorted(await group_names(store))
    return [(group, partition) for group in groups for partition in range(store.partitions)]


async def page(
    store: Store,
    wanted: FollowUpFilter,
    *,
    behind: Place | None = None,
    limit: int,
    most_looked: int = LOOKED_FOR_A_PAGE,
) -> FollowUpPage:
    """The next of those that are meant, of all groups and partitions in one order.

    Fewer than ``limit``, perhaps none, and a place to go on, where ``most_looked`` have been looked at. A call that has
    not come to the end counts as `LOOKED_AT`: with large bodies few take as long.

    Raises:
        StoreError: the store cannot be asked.
    """
    reached: dict[Source, Place | None] = dict.fromkeys(await sources(store, wanted), behind)
    held, looked, new = list[WaitingFollowUp](), 0, list(reached)
    while True:
        for source in new:
            piece = await look(store, wanted, source, reached[source], most_found=limit + 1)
            held += piece.found
            looked += piece.looked if piece.reached is None else LOOKED_AT
            if piece.reached is None:
                del reached[source]
            else:
                reached[source] = piece.reached
        # What comes behind the place that the slowest has reached may come behind something that is not known yet.
        front = min((place for place in reached.values() if place is not None), default=None)
        ready = sorted((one for one in held if front is None or one.place <= front), key=lambda one: one.place)
        if len(ready) > limit:
            return FollowUpPage(tuple(ready[:limit]), ready[limit - 1].place)
        if front is None or looked >= most_looked:
            return FollowUpPage(tuple(ready), front)
        new = [source for source, place in reached.items() if place == front]


async def each_waiting(store: Store, wanted: FollowUpFilter) -> AsyncGenerator[WaitingFollowUp]:
    """All that are meant, group by group and partition by partition. One may act on them meanwhile.

    Raises:
        StoreError: while reading.
    """
    for source in await sources(store, wanted):
        behind: Place | None = None
        while True:
            piece = await look(store, wanted, source, behind)
            for one in piece.found:
                yield one
            if (behind := piece.reached) is None:
                break


async def count(store: Store, wanted: FollowUpFilter) -> int:
    """How many are meant. At most half of the store's time is taken.

    Raises:
        StoreError: while counting.
    """
    total = 0
    for source in await sources(store, wanted):
        behind: Place | None = None
        while True:
            began = time.monotonic()
            piece = await look(store, wanted, source, behind, most_found=0)
            total += piece.count
            if (behind := piece.reached) is None:
                break
            await asyncio.sleep(time.monotonic() - began)
    return total
