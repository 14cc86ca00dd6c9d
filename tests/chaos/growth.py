"""What a soak has found, and whether anything has grown."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from statistics import median

import msgspec

from tests.chaos.live import GROUPS
from tests.chaos.soak_samples import OfProcess, Sample

BASE_SECONDS = 120.0
MEMORY_SHARE, MEMORY_BYTES = 0.15, 24 << 20
"""So much more than at the base line a process may have: allocators keep what they had at the worst moment, which is a
receiver that was frozen and finds two thousand connections waiting (docs/security.md: 16 KiB each)."""
NUMBER_SHARE, NUMBER_MORE = 0.1, 4
"""The same for descriptors and connections, of which the median of the first half is the base line: pools keep what
they had at the busiest moment, which comes with a fault, and a receiver has a thousand while its server is frozen."""
SERIES_SHARE = 0.15
"""So many more series: an outcome or an error that came for the first time has its own, out of a closed list."""
WORKERS = 2 * len(GROUPS)


class Soaked(msgspec.Struct):
    """A soak.

    Attributes:
        date: When.
        seconds: From the first event to the last.
        rate: Acknowledged events a second.
        sent, acknowledged, lost, given_up, repeated, after_done, unknown, order_broken: As `Counts` has them, of all.
        faults: When each was struck (seconds), its name, and after how many seconds all was well again.
        killed_workers: How many died without a word: their consumers are kept for an hour.
        samples: Every ten seconds; the last one when all was drained and at rest.
        problems: What has grown, and what was broken.
    """

    date: str
    seconds: float
    rate: float
    sent: int
    acknowledged: int
    lost: int
    given_up: int
    repeated: int
    after_done: int
    unknown: int
    order_broken: int
    faults: list[tuple[float, str, float | None]]
    killed_workers: int
    samples: list[Sample]
    problems: list[str]

    @property
    def base(self) -> Sample:
        """The base line: the first sample after the first two minutes."""
        return next(each for each in self.samples if each.at >= BASE_SECONDS)

    @property
    def last(self) -> Sample:
        """When everything was drained and at rest."""
        return self.samples[-1]


def growth(soaked: Soaked) -> list[str]:
    """What is more at the end than at the base line, a sentence each; none when nothing has grown."""
    return [*_of_counts(soaked), *_of_processes(soaked), *_of_store(soaked), *_of_keys(soaked)]


def _of_counts(soaked: Soaked) -> Iterator[str]:
    for name in ("lost", "after_done", "order_broken"):
        if number := getattr(soaked, name):
            yield f"{name}: {number}"
    if soaked.last.behind:
        yield f"not drained: {soaked.last.behind} events are left"


def _of_processes(soaked: Soaked) -> Iterator[str]:
    if missing := soaked.base.roles.keys() - soaked.last.roles.keys():
        yield f"not there at the end: {', '.join(sorted(missing))}"
    for name, before in soaked.base.roles.items():
        if now := soaked.last.roles.get(name):
            usual = _usual(soaked, lambda each, name=name: each.roles[name].descriptors)  # type: ignore[misc]
            if now.descriptors > usual * (1 + NUMBER_SHARE) + NUMBER_MORE:
                yield f"{name}: descriptors grew from {usual:.0f} to {now.descriptors}"
            yield from (f"{name}: {what}" for what in _of_process(before, now))


def _usual(soaked: Soaked, number: Callable[[Sample], int]) -> float:
    """Median of a number from the base line to the middle; a sample that lacks it is passed over."""
    found = list[int]()
    for each in soaked.samples:
        if BASE_SECONDS <= each.at <= max(soaked.seconds / 2, soaked.base.at):
            with suppress(KeyError):
                found.append(number(each))
    return median(found)


def _of_process(before: OfProcess, now: OfProcess) -> Iterator[str]:
    if now.rss > before.rss * (1 + MEMORY_SHARE) + MEMORY_BYTES:
        yield f"memory grew from {before.rss >> 20} to {now.rss >> 20} MiB"
    if now.threads > before.threads:
        yield f"threads grew from {before.threads} to {now.threads}"
    if now.series > before.series * (1 + SERIES_SHARE):
        yield f"series grew from {before.series} to {now.series}"


def _of_store(soaked: Soaked) -> Iterator[str]:
    before, now = soaked.base.store, soaked.last.store
    if not before or not now:
        yield "the store could not be looked at"
        return
    usual = _usual(soaked, lambda each: each.store["clients"])
    if now["clients"] > usual * (1 + NUMBER_SHARE) + NUMBER_MORE:
        yield f"clients grew from {usual:.0f} to {now['clients']}"
    for name in ("used_memory", "entries"):
        if now[name] > before[name]:
            yield f"{name} grew from {before[name]:,} to {now[name]:,}"
    for name in ("pending", "lag"):
        if now[name]:
            yield f"{name} is {now[name]:,} at rest"
    if now["consumers"] > WORKERS + soaked.killed_workers:
        yield f"{now['consumers']} consumers, of {WORKERS} workers and {soaked.killed_workers} that were killed"


def _of_keys(soaked: Soaked) -> Iterator[str]:
    for kind, count in soaked.last.keys.items():
        if count > soaked.base.keys.get(kind, 0):
            yield f"keys {kind} grew from {soaked.base.keys.get(kind, 0)} to {count}"
