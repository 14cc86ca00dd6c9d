"""The counting of limited handlers, from the witness's file, line by line. What is promised: decision 99.

Each call writes when the permit of its attempt was asked for, and when it was there. The store gave it between the two.

- *Too many at once*: a call that began while as many as are allowed were under way, in all workers together. One counts
  until it has ended, but for no longer than a lease after its permit was asked for: for that long a permit is its
  worker's whatever becomes of that, and beyond it a worker that is frozen may not have heard that others run its event.
- *Too many in a time*: a permit beyond the burst and what the rate brings between any earlier one and this one.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from tests.chaos.counting import counted

GROUP = "limited"
LEASE_SECONDS = 3.0
"""As `tests.chaos.live.SETTINGS` has it."""
ALL, PERSON = "all", "person"
"""The limited handlers: one for all events together, one for each person."""
AT_ONCE = {ALL: 12, PERSON: 1}
PER_SECOND, BURST = 3, 2
"""That begin for a person. A sender at its usual rate stays below it; what waits behind a fault does not."""
ROUNDED_SECONDS = 0.005
"""The store counts in milliseconds, and by a clock of its own."""
COMPARED = 30
"""Permits of a person that a new one is compared with: more than may be given in a lease."""


class Permitted(NamedTuple):
    """A call that is allowed; seconds of the machine's monotonic clock."""

    number: int
    asked: float
    given: float


@dataclass
class OfKey:
    """What is known of a handler's calls for one value of its key."""

    open: dict[tuple[str, str], Permitted] = field(default_factory=dict)
    latest: deque[Permitted] = field(default_factory=lambda: deque(maxlen=COMPARED))


class LimitCounts(msgspec.Struct):
    """The counts of the calls for some events: see above. ``full``: those of `ALL` that began as the last allowed."""

    calls: int
    full: int
    too_many_at_once: int
    too_many_in_a_time: int

    @property
    def problems(self) -> list[str]:
        """The promises that are broken, a sentence each."""
        broken = counted(
            {
                "calls of limited handlers were too many at once": self.too_many_at_once,
                "calls of limited handlers were too many in a time": self.too_many_in_a_time,
            }
        )
        return broken if self.calls else [*broken, "no limited handler was called: this was no trial of limits"]


class LimitCounting:
    """Everything that was written down so far."""

    def __init__(self) -> None:
        self._keys: defaultdict[tuple[str, int], OfKey] = defaultdict(OfKey)
        self._calls: list[int] = []
        self._full: list[int] = []
        self._at_once: list[int] = []
        self._in_a_time: list[int] = []

    def tell(self, line: str) -> None:
        """A line of the witness's file, of which only those about limited calls say anything here."""
        word, _, number, person, _, _, process, said, at = line.split()
        if word not in "lm":
            return
        handler, asked, given = said.split(":")
        of_key = self._keys[handler, int(person) if handler == PERSON else -1]
        if word == "m":
            of_key.open.pop((number, process), None)
            return
        permitted = Permitted(int(number), float(asked), float(given))
        self._begin(of_key, handler, permitted, float(at))
        of_key.open[number, process] = permitted
        if handler == PERSON:
            self._spend(of_key, permitted)

    def _begin(self, of_key: OfKey, handler: str, permitted: Permitted, at: float) -> None:
        running = sum(at < other.asked + LEASE_SECONDS - ROUNDED_SECONDS for other in of_key.open.values())
        most = AT_ONCE[handler]
        self._calls.append(permitted.number)
        if handler == ALL and running == most - 1:
            self._full.append(permitted.number)
        elif running >= most:
            self._at_once.append(permitted.number)

    def _spend(self, of_key: OfKey, permitted: Permitted) -> None:
        for count, other in enumerate(reversed(of_key.latest), 2):
            if count > BURST + PER_SECOND * (permitted.given - other.asked + ROUNDED_SECONDS):
                self._in_a_time.append(permitted.number)
                break
        of_key.latest.append(permitted)

    def counts(self, first: int = 0, end: float = float("inf")) -> LimitCounts:
        """Of the events with these numbers, ``end`` excluded."""
        found = (self._calls, self._full, self._at_once, self._in_a_time)
        return LimitCounts(*(sum(first <= number < end for number in numbers) for numbers in found))
