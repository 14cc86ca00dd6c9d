"""Which partitions a worker looks after, so that not all wait for all.

Every `BEAT_SECONDS` a worker says that it is there and hears who else is. From the names alone each computes the same
assignment: a partition goes to those consumers that come first in an order that a hash of both makes (highest random
weight), as long as they have not had their share. So a worker that comes or goes moves its share and little else, and
nobody has to be asked. Few partitions are looked after by all workers, as their waits cost next to nothing.

A worker waits for entries of its own partitions, and looks at all others every few seconds, more often while it finds
something there. So two who disagree for a moment, or one who is busy, cost latency and nothing else: what is given out
to whom is still the store's to decide.
"""

import math
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

BEAT_SECONDS = 1.9
"""A beat says also what is due in partition 0. A little less than two poll intervals of the default
``POLL_SECONDS``, so that the loop there, whose turn it would be, need not ask as well."""
GONE_SECONDS = 7.0
"""After so long without a beat others look after the partitions of a worker: three beats, and a slow one."""
AT_LEAST = 8
"""Partitions that each worker looks after, if there are so many."""
FIRST_VISIT_SECONDS, LONGEST_VISIT_SECONDS = 0.5, 4.0
"""Between two looks at a partition of others: doubled each time nothing was found."""


def assigned(consumer: str, consumers: Sequence[str], partitions: Sequence[int]) -> frozenset[int]:
    """The partitions that one of ``consumers`` looks after; every partition has somebody, and shares are even.

    Somebody who is not among them, because nobody has heard of it yet, looks after all.
    """
    names = sorted(set(consumers))
    if consumer not in names:
        return frozenset(partitions)
    each = min(len(names), max(1, math.ceil(AT_LEAST * len(names) / max(1, len(partitions)))))
    share = math.ceil(each * len(partitions) / len(names))
    had: Counter[str] = Counter()
    mine = set()
    for partition in partitions:
        ranked = sorted(names, key=lambda name: (had[name] >= share, _weight(name, partition)))
        had.update(ranked[:each])
        if consumer in ranked[:each]:
            mine.add(partition)
    return frozenset(mine)


def _weight(name: str, partition: int) -> bytes:
    return blake2b(f"{partition} {name}".encode(), digest_size=8).digest()


class Visits:
    """When to look at a partition of others again."""

    def __init__(self) -> None:
        self._seconds = FIRST_VISIT_SECONDS

    def found(self) -> None:
        """Something was there: it may need help."""
        self._seconds = FIRST_VISIT_SECONDS

    def next_seconds(self) -> float:
        """How long to wait after a look that found nothing."""
        seconds = self._seconds
        self._seconds = min(2 * seconds, LONGEST_VISIT_SECONDS)
        return seconds
