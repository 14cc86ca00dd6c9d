"""The statistics of dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017)."""

import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance

LEAK = 10.0
"""Of t: dudect's "definitely not constant time". Between 4.5 and this it says "probably"."""
KEPT = (1.0, 0.95, 0.9, 0.75, 0.5)
"""Shares of the quickest samples of both classes together that t is made of; the surest counts."""
WARMING = 0.05
"""Share of the samples at the beginning that are not looked at."""

Prepared = Callable[[], object]
"""One verification with its input, ready to be run."""


@dataclass(frozen=True)
class Compared:
    """Two classes of inputs, compared.

    Attributes:
        t: Of largest size over all croppings.
        difference_ns: Of the medians, second class less first.
        samples: Of both classes together.
    """

    t: float
    difference_ns: float
    samples: int

    @property
    def leaks(self) -> bool:
        """Whether the classes can be told apart."""
        return abs(self.t) > LEAK


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples of at least two values; 0 where nothing varies."""
    spread = variance(one) / len(one) + variance(other) / len(other)
    difference = fmean(other) - fmean(one)
    if not spread:
        return 0.0 if not difference else float("inf") if difference > 0 else float("-inf")
    return float(difference / spread**0.5)


def compared(one: Sequence[float], other: Sequence[float]) -> Compared:
    """Compare the times of two classes, in ns."""
    ordered = sorted((*one, *other))
    found = 0.0
    for share in KEPT:
        most = ordered[min(len(ordered) - 1, int(len(ordered) * share))]
        cropped = [[each for each in times if each <= most] for times in (one, other)]
        if min(map(len, cropped)) > 1:
            found = max(found, welch(*cropped), key=abs)
    return Compared(found, median(other) - median(one), len(one) + len(other))


def measured(one: Callable[[], Prepared], other: Callable[[], Prepared], samples: int, seed: int = 1) -> Compared:
    """Compare two classes: each call makes an input of one, which is then run and timed."""
    chance = random.Random(seed)
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    try:
        for number in range(samples):
            which, first = chance.randrange(2), chance.randrange(2)
            # Both are made, in an order of its own chance: what is made last lies nearest, and is the quicker one.
            makers = (one, other)
            made = {first: makers[first]()}
            made[1 - first] = makers[1 - first]()
            prepared = made[which]
            began = time.perf_counter_ns()
            prepared()
            taken = time.perf_counter_ns() - began
            if number > samples * WARMING:
                times[which].append(taken)
    finally:
        gc.enable()
    return compared(*times)
