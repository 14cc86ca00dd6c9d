"""Dead letters counted by what they died of, for a page that has to be there at once.

A count is a walk through all letters, in slices (``count_dead.lua``). So it is made beside the pages, one at a time,
and kept in the memory of the process: a page shows the latest with its age, and asks for a new one. Letters that came
since are counted from where the walk before ended. When there are then fewer than were counted, some were redriven,
discarded or removed, by whomever, and their partition is counted anew: nothing else has to keep counters right.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from salesloft_webhooks.background import Shared
from salesloft_webhooks.broker.administration.dead_letter_causes import EVERYTHING, Cause, Narrowing, count_slice
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.error_classes import class_key
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.connection.store import Store

MOST_CAUSES = 1_000
"""Of a partition of a group, so many combinations are told apart."""
OTHERS = "(others: too many different errors to tell them apart)"
FRESH_SECONDS = 1.0
"""A count that is no older is not made anew."""
REST = 5
"""So many times as long as the last walk took there is none: many letters are not walked through all the time."""


@dataclass(slots=True)
class Tally:
    """How many letters, and when the last of them died (server ms)."""

    count: int = 0
    newest_ms: int = 0

    def add(self, count: int, newest_ms: int) -> None:
        """Add some."""
        self.count += count
        self.newest_ms = max(self.newest_ms, newest_ms)


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """The letters of a group with one class of error.

    Attributes:
        group: Who gave up.
        error: The class.
        key: What to call it.
        count: How many.
        reasons: Why, the most frequent first.
        types: Of which events, the most frequent first.
        newest: When the last of them died.
    """

    group: str
    error: str
    key: str
    count: int
    reasons: tuple[str, ...]
    types: tuple[str, ...]
    newest: datetime


@dataclass(slots=True)
class _Part:
    """What is counted of one partition of one group, up to an id."""

    last: str = "0-0"
    letters: int = 0
    causes: dict[Cause, Tally] = field(default_factory=dict)

    def add(self, cause: Cause, count: int, newest_ms: int) -> None:
        """Add letters of a cause."""
        known = cause if cause in self.causes or len(self.causes) < MOST_CAUSES else Cause("", "", OTHERS)
        self.causes.setdefault(known, Tally()).add(count, newest_ms)
        self.letters += count


class DeadLetterCounts:
    """The latest counts, and the walk that makes them.

    Args:
        store: Where.
        narrowing: Of these letters only; they are counted anew each time, for how many there are tells nothing of them.

    Attributes:
        walked_through: How many letters the walk under way has seen.
        walking: Whether one is under way.
    """

    def __init__(self, store: Store, narrowing: Narrowing = EVERYTHING) -> None:
        self._store, self._narrowing = store, narrowing
        self._parts: dict[tuple[str, int], _Part] = {}
        self._shared: Shared[str, None] = Shared()
        self._counted_at: float | None = None
        self._took = 0.0
        self.walked_through = 0
        self.walking = False

    @property
    def age_seconds(self) -> float | None:
        """How old the counts are; None: not everything has been counted yet."""
        return None if self._counted_at is None else time.monotonic() - self._counted_at

    async def refresh(self, *, seconds: float) -> None:
        """See to it that the counts are made anew, and wait so long for that at the most. All callers share them.

        Raises:
            StoreError: in that time; what was counted before stays.
        """
        age = self.age_seconds
        if age is not None and age < max(FRESH_SECONDS, REST * self._took):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._shared.result("walk", self.count)

    def outdate(self) -> None:
        """Many letters are gone: the next page waits for no rest."""
        self._took = 0.0

    async def count(self) -> None:
        """Count now.

        Raises:
            StoreError: what was counted before stays.
        """
        began, self.walked_through, self.walking = time.monotonic(), 0, True
        try:
            names = [name for name in sorted(await group_names(self._store)) if self._narrowing.group in {"", name}]
            for name in names:
                for partition in range(self._store.partitions):
                    await self._count_part(name, partition)
            for place in [place for place in self._parts if place[0] not in names]:
                del self._parts[place]
        finally:
            self.walking = False
        self._counted_at = time.monotonic()
        self._took = self._counted_at - began

    def by_error(self, choice: DeadLetterFilter) -> list[ErrorCount]:
        """What a filter wants by group and class of error, the most frequent first; of those that are counted here."""
        found: dict[tuple[str, str], dict[Cause, Tally]] = {}
        for group, cause, tally in self._wanted(choice):
            known = found.setdefault((group, cause.error), {})
            known.setdefault(cause, Tally()).add(tally.count, tally.newest_ms)
        rows = [_error_count(group, error, causes) for (group, error), causes in found.items()]
        return sorted(rows, key=lambda row: (-row.count, row.group, row.error))

    def total(self, choice: DeadLetterFilter) -> int:
        """How many letters a filter wants; of those that are counted here."""
        return sum(tally.count for _, _, tally in self._wanted(choice))

    def _wanted(self, choice: DeadLetterFilter) -> Iterator[tuple[str, Cause, Tally]]:
        for (group, _), part in self._parts.items():
            if choice.group in {"", group}:
                for cause, tally in part.causes.items():
                    if cause.is_wanted(choice):
                        yield group, cause, tally

    async def _count_part(self, group: str, partition: int) -> None:
        if self._narrowing:
            anew = _Part(self._narrowing.begins_behind)
            self._parts.setdefault((group, partition), anew)  # shown while it grows, if there is nothing yet
            await self._scan_part(anew, group, partition)
            self._parts[group, partition] = anew
            return
        known = self._parts.setdefault((group, partition), _Part())
        if await self._scan_part(known, group, partition) != known.letters and known.letters:
            anew = _Part()
            await self._scan_part(anew, group, partition)
            self._parts[group, partition] = anew

    async def _scan_part(self, part: _Part, group: str, partition: int) -> int:
        """Count what is behind the last one; how many letters there are."""
        while True:
            length, after, counts = await count_slice(
                self._store, group, partition, part.last, narrowing=self._narrowing
            )
            for cause, count, newest_ms in counts:
                part.add(cause, count, newest_ms)
                self.walked_through += count
            if not after:
                return length
            part.last = after


def _error_count(group: str, error: str, causes: Mapping[Cause, Tally]) -> ErrorCount:
    newest = max(tally.newest_ms for tally in causes.values())
    return ErrorCount(
        group=group,
        error=error,
        key=class_key(error),
        count=sum(tally.count for tally in causes.values()),
        reasons=_most_frequent((cause.reason, tally.count) for cause, tally in causes.items()),
        types=_most_frequent((cause.event_type, tally.count) for cause, tally in causes.items()),
        newest=datetime.fromtimestamp(newest / 1_000, UTC),
    )


def _most_frequent(counts: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    totals: dict[str, int] = {}
    for name, count in counts:
        totals[name] = totals.get(name, 0) + count
    return tuple(sorted(totals, key=lambda name: (-totals[name], name)))
