"""The pipeline's figures of the last half hour: a small ring of samples for each group, and one for all of it.

For pages that show where things are going without a Prometheus. Whoever shows them samples; of several, whoever comes
first writes (`sample.lua`), so none need be elected and none need be waited for. A group's ring takes 6 KB, and no
event costs anything.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from salesloft_webhooks.broker.administration.stats import GroupStats, Stats
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.delivery_counts import OUTCOME, Deliveries

EVERY_SECONDS = 15.0
KEPT = 120
"""Half an hour."""
RATE_SECONDS = 60.0
"""Rates are of the last minute: shorter, and they jump; longer, and what has just begun does not show."""
TREND_SECONDS = 300.0
FEWEST = 2


class GroupSample(Struct, frozen=True):
    """How a group stood.

    Attributes:
        at_ms: When, server ms.
        backlog: As in `GroupStats`.
        running: Likewise.
        scheduled: Likewise.
        parked: Likewise.
        dead: Likewise.
        oldest_age_seconds: Likewise, in whole seconds.
        unfinished: Everything that it had not finished.
    """

    at_ms: int
    backlog: int
    running: int
    scheduled: int
    parked: int
    dead: int
    oldest_age_seconds: int
    unfinished: int


class Sample(Struct, frozen=True):
    """How the pipeline stood.

    Attributes:
        at_ms: When, server ms.
        added: Entries ever added to all streams.
        outcomes: How many deliveries were ever answered, by source and outcome; none that never happened.
    """

    at_ms: int
    added: int
    outcomes: dict[str, dict[str, int]]


class _Figures(Struct, frozen=True):
    """What of a `Sample` is stored, beside its time."""

    added: int
    outcomes: dict[str, dict[str, int]]


async def add_samples(
    store: Store, stats: Stats, deliveries: Iterable[Deliveries], *, every_seconds: float = EVERY_SECONDS
) -> bool:
    """Add what was measured to the rings, if it is time.

    Returns:
        False: somebody has done it less than ``every_seconds`` ago.

    Raises:
        StoreError: some may be added.
    """
    outcomes: dict[str, dict[str, int]] = {}
    for each in deliveries:
        if each.kind == OUTCOME:
            outcomes.setdefault(each.source, {})[each.which] = each.count
    figures = _Figures(sum(row.added for row in stats.partitions), outcomes)
    every = int(every_seconds * 1_000)
    if not await _add(store, store.keys.samples, every, msgspec.json.encode(figures)):
        return False
    for group in stats.groups:
        # The ring above says whose turn it is: half the time lets no jitter keep a sample out of this one.
        await _add(store, store.keys.group_samples(group.group), every // 2, " ".join(map(str, _numbers(group))))
    return True


async def _add(store: Store, key: str, every_ms: int, figures: Argument) -> bool:
    lifetime = int(EVERY_SECONDS * KEPT * 1_000)
    return bool(await store.run_on(key, "sample", [every_ms, KEPT, lifetime, figures]))


def _numbers(group: GroupStats) -> tuple[int, ...]:
    unfinished = group.lag + group.pending
    age = int(group.oldest_age_seconds)
    return group.backlog, group.running, group.scheduled, group.parked, group.dead, age, unfinished


async def samples(store: Store) -> tuple[Sample, ...]:
    """The pipeline's samples, the oldest first.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = []
    for words in await _ring(store, store.keys.samples):
        at, _, figures = words.partition(b" ")
        try:
            read = msgspec.json.decode(figures, type=_Figures)
            found.append(Sample(int(at), read.added, read.outcomes))
        except (msgspec.MsgspecError, ValueError):
            continue  # of another version
    return tuple(found)


async def group_samples(store: Store, group: str) -> tuple[GroupSample, ...]:
    """A group's samples, the oldest first.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = []
    for words in await _ring(store, store.keys.group_samples(group)):
        numbers = words.split(b" ")
        if len(numbers) == len(GroupSample.__struct_fields__) and all(number.isdigit() for number in numbers):
            found.append(GroupSample(*map(int, numbers)))
    return tuple(found)


async def _ring(store: Store, key: str) -> list[bytes]:
    with translated():
        found: Any = await store.client.lrange(key, 0, KEPT - 1)
    return list(reversed(found))


AnySample = TypeVar("AnySample", Sample, GroupSample)


class Rates(Struct, frozen=True):
    """What happened in a second, of late.

    Attributes:
        seconds: The time over which this is the mean; 0: too little is known yet.
        stored: Entries added to the streams.
        outcomes: Deliveries by source and outcome.
    """

    seconds: float
    stored: float
    outcomes: dict[str, dict[str, float]]


def rates(found: Sequence[Sample]) -> Rates:
    """From two samples that are about `RATE_SECONDS` apart. A store that was emptied in between counts as zero."""
    if (pair := _apart(found, RATE_SECONDS)) is None:
        return Rates(0.0, 0.0, {})
    first, last = pair
    seconds = (last.at_ms - first.at_ms) / 1_000
    outcomes = {
        source: {
            which: max(count - first.outcomes.get(source, {}).get(which, 0), 0) / seconds for which, count in by.items()
        }
        for source, by in last.outcomes.items()
    }
    return Rates(seconds, max(last.added - first.added, 0) / seconds, outcomes)


class Trend(Struct, frozen=True):
    """Where a backlog is going.

    Attributes:
        seconds: The time over which this is the mean; 0: too little is known yet.
        growth: By how many it grows in a second; negative: it shrinks.
        empty_in_seconds: When it is empty if that goes on; None: it does not shrink, or is empty.
    """

    seconds: float
    growth: float
    empty_in_seconds: float | None


def trend(found: Sequence[GroupSample]) -> Trend:
    """Of the samples of the last `TREND_SECONDS`."""
    if (pair := _apart(found, TREND_SECONDS)) is None:
        return Trend(0.0, 0.0, None)
    first, last = pair
    seconds = (last.at_ms - first.at_ms) / 1_000
    growth = (last.backlog - first.backlog) / seconds
    return Trend(seconds, growth, last.backlog / -growth if growth < 0 < last.backlog else None)


def _apart(found: Sequence[AnySample], seconds: float) -> tuple[AnySample, AnySample] | None:
    """The last sample and the earliest that is about so many seconds older at most; else the one before it."""
    if len(found) < FEWEST or found[-1].at_ms <= found[-2].at_ms:
        return None
    last, window = found[-1], (seconds + EVERY_SECONDS / 2) * 1_000
    return next((each for each in found[:-1] if last.at_ms - each.at_ms <= window), found[-2]), last
