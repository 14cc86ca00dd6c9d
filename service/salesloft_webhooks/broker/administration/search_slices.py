"""The slices of a search, over one partition or several in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.history import EventInGroup, fields_from, record_from, states_of
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.stored_records import Entry, read_entry
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.sealed_data import opened_fields

SLICE_ENTRIES, SLICE_BYTES, SLICE_FOUND = 100, 256 * 1024, 50
"""What one slice looks at, whichever comes first: entries, bytes of bodies, entries found."""
SLICE_STATES = 50
"""Entries where the state in a group decides: each costs the server three times as much."""
END_OF_TIME_MS = 2**53


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that is meant.

    Attributes:
        entry: The entry.
        groups: Where its event stands, by group; of a copy for one group in that group only.
    """

    entry: Entry
    groups: tuple[EventInGroup, ...]


class Front:
    """How far the partitions were looked through, and what was found that may not be passed on yet.

    Args:
        partitions: How many there are.
        query: What is searched for.
        after: What is newer, and this entry, was passed on before.

    Attributes:
        after: What is newer, and this entry, was passed on; None: there is nothing more.
    """

    def __init__(self, partitions: int, query: Query, after: Reference | None) -> None:
        self.after = after
        self._held = list[Found]()
        beginnings = [_beginning(partition, query, after) for partition in range(partitions)]
        # Below the lowest id is nothing, and Redis refuses to look there.
        self._positions = {each.partition: each for each in beginnings if each.ms or each.sequence}

    @property
    def latest(self) -> Reference | None:
        """Where to look next: below this position in its partition; None: everything was looked through."""
        return max(self._positions.values(), default=None)

    @property
    def held(self) -> int:
        """How many were found that may not be passed on yet."""
        return len(self._held)

    def reach(self, partition: int, position: Reference | None, found: Sequence[Found]) -> None:
        """A partition was looked through down to this position (None: to its end), and so much was found there."""
        if position is None:
            del self._positions[partition]
        else:
            self._positions[partition] = position
        self._held = sorted((*self._held, *found), key=lambda one: one.entry.reference, reverse=True)

    def take(self, most: int) -> tuple[Found, ...]:
        """What is newer than all that was not looked at yet, the latest first."""
        front = self.latest
        ready = [one for one in self._held if front is None or one.entry.reference >= front][:most]
        del self._held[: len(ready)]
        self.after = ready[-1].entry.reference if ready and len(ready) == most else front
        if front is None and not self._held:
            self.after = None
        return tuple(ready)


class Slices:
    """Looks at one slice after another, and remembers what is asked again and again.

    Attributes:
        unreadable: How many entries may have the text that is looked for, and cannot be read.
        why_unreadable: What the last of them says; empty: all could be read.
    """

    def __init__(self, store: Store, query: Query) -> None:
        self._store = store
        self.unreadable, self.why_unreadable = 0, ""
        self._query, self._query_without_text = query, replace(query, contains="")
        self._arguments = query.arguments()
        self._entries = SLICE_ENTRIES if query.state is None else SLICE_STATES
        self._oldest = "-" if query.since is None else str(_ms_of(query.since))
        self._patterns: dict[str, tuple[str, ...]] = {}

    async def look(self, front: Front, *, most_found: int) -> int:
        """Look at the next slice.

        Returns:
            The number of entries looked at.

        Raises:
            StoreError: the store cannot be asked.
        """
        if (at := front.latest) is None:
            return 0
        below: list[Argument] = [f"({at.entry_id}", self._oldest, self._entries, SLICE_BYTES, most_found]
        looked, last, now, rows = await self._store.run("search", at.partition, below + self._arguments)
        found = [one for row in rows if (one := await self._found(at.partition, now, row))]
        front.reach(at.partition, Reference.of(at.partition, last) if last else None, found)
        return int(looked)

    async def _found(self, partition: int, now: int, row: Sequence[Any]) -> Found | None:
        """What the script has found, unless it is not meant after all."""
        entry_id, flat_entry, flat_record, standings = row
        opened = opened_fields(self._store.body_keys, fields_from(flat_entry))
        entry = read_entry(Reference.of(partition, entry_id), opened)
        for group in [standing[0].decode() for standing in standings]:
            if group not in self._patterns:
                self._patterns[group] = (await registration(self._store, group)).events
        groups = states_of(now, record_from(flat_record), standings, entry, self._patterns)
        if entry.only:
            groups = tuple(each for each in groups if each.group == entry.only)
        if self._query.contains and entry.unreadable and self._query_without_text.wants(entry, groups):
            self.unreadable, self.why_unreadable = self.unreadable + 1, entry.unreadable
        return Found(entry, groups) if self._query.wants(entry, groups) else None


def _beginning(partition: int, query: Query, after: Reference | None) -> Reference:
    """The position below which a partition is looked through first."""
    end = END_OF_TIME_MS if query.until is None else _ms_of(query.until) + 1
    latest = Reference(end, 0, partition)
    if after is None:
        return latest
    # An entry of the same id in an earlier partition comes later in the order, and was not passed on.
    position = Reference(after.ms, after.sequence + (partition < after.partition), partition)
    return min(latest, position)


def _ms_of(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1_000))  # no entry is older than its ids can say
