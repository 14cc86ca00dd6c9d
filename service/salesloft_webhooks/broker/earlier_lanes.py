"""Order per person across a raise of the number of partitions, for one group.

A raise moves an entity to another partition, where its lane is empty. So what the new partition gives out has to wait
until the group has finished the entity in its earlier ones: until it has read all that was stored there by the number
of that time (up to the mark that the seal left, `partition_raise`), and the head of the lane there is younger or gone.
An entry waits only for places of layouts that ended before it was stored, so no two ever wait for each other.

A worker hears of a raise a moment after the first event was stored by the new number, perhaps in a partition that it
serves. So each take says where the worker's number has ended there, if it has: what was stored behind that waits until
the worker works with the new number.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.lease import Lease

LOOK_SECONDS = 0.25
"""How long what was found out about an earlier place that is not finished is believed."""
NOTHING = (0, 0)

EntryId = tuple[int, int]


class Place(Struct, frozen=True):
    """A partition, as far as an earlier layout has filled it: up to its mark."""

    partition: int
    partitions: int


class EarlierLanes:
    """Knows which entities a group has not finished in their earlier partitions."""

    def __init__(self, store: Store, group: str) -> None:
        self._store = store
        self._group = group
        self._marks: dict[int, dict[int, EntryId]] = {}
        self._read: set[Place] = set()
        self._finished: set[Place] = set()
        self._looked: dict[Place, float] = {}
        self._ends: dict[int, tuple[int, EntryId]] = {}

    def note_end(self, partition: int, number: int, ended: str) -> None:
        """A take by this number of partitions has found where that ended in a partition; empty: it has not."""
        if ended:
            self._ends[partition] = number, _parsed(ended)

    async def unfinished(self, leases: Sequence[Lease]) -> set[str]:
        """Entry ids of those leases that have to wait.

        Raises:
            StoreError: the earlier places cannot be asked.
        """
        too_new = {lease.entry_id for lease in leases if self._is_of_a_later_layout(lease)} if self._ends else set()
        if not self._store.earlier:
            return too_new
        waits = [(lease, place) for lease in leases for place in await self._waits_for(lease)]
        for place in {place for _, place in waits}:
            await self._look(place)
        unread = {lease.entry_id for lease, place in waits if place not in self._read}
        return (
            too_new
            | unread
            | await self._behind_heads([each for each in waits if each[1] in self._read - self._finished])
        )

    def _is_of_a_later_layout(self, lease: Lease) -> bool:
        """Whether it was stored by a number of partitions that this process has yet to hear of."""
        number, end = self._ends.get(lease.partition, (0, NOTHING))
        return bool(lease.lane) and number == self._store.partitions and _parsed(lease.entry_id) > end

    async def _waits_for(self, lease: Lease) -> list[Place]:
        """The earlier places of a lease's entity that are not known to be finished."""
        if not lease.lane:
            return []
        for partition in {lease.partition, *(place.partition for place in self._homes(lease))}:
            await self._learn_marks(partition)
        own, stored = self._marks[lease.partition], _parsed(lease.entry_id)
        return [
            place
            for place in self._homes(lease)
            if stored > own.get(place.partitions, NOTHING)  # else it is older than that layout's end
            and place.partition != lease.partition
            and place not in self._finished
        ]

    def _homes(self, lease: Lease) -> Iterator[Place]:
        for layout in self._store.earlier:
            yield Place(partition_of(lease.lane, layout.partitions), layout.partitions)

    async def _learn_marks(self, partition: int) -> None:
        earlier = {layout.partitions for layout in self._store.earlier}
        if earlier <= self._marks.get(partition, {}).keys():
            return
        with translated():
            fields: Any = await self._store.client.hgetall(self._store.keys.layout(partition))
        ended = {int(name): _parsed(mark.split()[0].decode()) for name, mark in fields.items() if name.isdigit()}
        # What has no mark was sealed for a later number before that one could be used: there is nothing by it.
        self._marks[partition] = dict.fromkeys(earlier, NOTHING) | ended

    async def _look(self, place: Place) -> None:
        """Find out how far the group is in an earlier place: it reads up to the mark first, and finishes that then."""
        if self._marks[place.partition][place.partitions] == NOTHING:
            self._read.add(place)
            self._finished.add(place)
        if place in self._finished or self._looked_lately(place):
            return
        self._looked[place] = time.monotonic()
        if place not in self._read and await self._has_read(place):
            self._read.add(place)
        if place in self._read and await self._has_finished(place):
            self._finished.add(place)

    def _looked_lately(self, place: Place) -> bool:
        return time.monotonic() - self._looked.get(place, -LOOK_SECONDS) < LOOK_SECONDS

    async def _has_read(self, place: Place) -> bool:
        """Whether nothing up to the mark is left behind the last entry that the group was given."""
        stream = self._store.keys.events(place.partition)
        with translated():
            groups: Any = await self._store.client.xinfo_groups(stream)
            reached = next((each for each in groups if each["name"].decode() == self._group), None)
            begin = f"({reached['last-delivered-id'].decode()}" if reached else "-"
            return not await self._store.client.xrange(stream, begin, self._mark(place), count=1)

    async def _has_finished(self, place: Place) -> bool:
        """Whether nothing up to the mark is pending, once all of it was read."""
        stream = self._store.keys.events(place.partition)
        with translated():
            return not await self._store.client.xpending_range(stream, self._group, "-", self._mark(place), 1)

    def _mark(self, place: Place) -> str:
        """The entry id with which an earlier layout ends in a place."""
        ms, sequence = self._marks[place.partition][place.partitions]
        return f"{ms}-{sequence}"

    async def _behind_heads(self, waits: Sequence[tuple[Lease, Place]]) -> set[str]:
        """Of leases whose earlier places are read: those in whose lanes there an entry up to the mark is left."""
        if not waits:
            return set()
        asking: Any = self._store.client.pipeline(transaction=False)
        for lease, place in waits:
            asking.lindex(self._store.keys.lane(place.partition, self._group, lease.lane), 0)
        with translated():
            heads = await asking.execute()
        return {
            lease.entry_id
            for (lease, place), head in zip(waits, heads, strict=True)
            if head and _parsed(head.decode()) <= self._marks[place.partition][place.partitions]
        }


def _parsed(entry_id: str) -> EntryId:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)
