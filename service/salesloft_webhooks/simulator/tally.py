"""Counts what became of deliveries, in bounded memory however long it runs."""

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

from salesloft_webhooks.simulator.signed_deliveries import Kind

MOST_ANSWERS = 50
OTHER = "(other answers)"
_STEP = math.log(1.01)


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of answer.

    Attributes:
        kind: What was delivered.
        status: HTTP status, or None if there was no answer.
        body: The answer's body, shortened; without an answer, what went wrong.
    """

    kind: Kind
    status: int | None
    body: str


class Latencies:
    """Times by size class, each 1 % wider than the one before, so that a percentile is right to 1 %."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self.max_seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._classes[math.ceil(math.log(max(seconds, 1e-6)) / _STEP)] += 1
        self.max_seconds = max(self.max_seconds, seconds)

    def percentile(self, percent: float) -> float:
        """The seconds that ``percent`` of all did not exceed; 0.0 if there were none."""
        classes = sorted(self._classes.items())
        rank = math.ceil(self._classes.total() * percent / 100)
        reached = accumulate(count for _, count in classes)
        for (size, _), so_far in zip(classes, reached, strict=True):
            if so_far >= rank:
                return min(math.exp(size * _STEP), self.max_seconds)
        return 0.0


@dataclass
class Tally:
    """What became of the deliveries so far. A live view may read it at any time.

    Attributes:
        sent: Attempts by what was delivered.
        answers: Attempts by answer.
        expected: Deliveries answered as a healthy receiver does.
        unexpected: Deliveries that were not, after all retries.
        retried: Attempts that were repeated.
        latencies: From sending to the end of the answer.
        seconds: How long the run took, once it is over.
    """

    sent: Counter[Kind] = field(default_factory=Counter)
    answers: Counter[Answer] = field(default_factory=Counter)
    expected: int = 0
    unexpected: int = 0
    retried: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    seconds: float = 0.0

    def add(self, kind: Kind, status: int | None, body: str, seconds: float) -> None:
        """Count one attempt and its answer."""
        self.sent[kind] += 1
        answer = Answer(kind, status, body[:100])
        if answer not in self.answers and len(self.answers) >= MOST_ANSWERS:
            answer = Answer(kind, status, OTHER)
        self.answers[answer] += 1
        if status is not None:
            self.latencies.add(seconds)

    @property
    def reached(self) -> bool:
        """Whether there was any answer at all."""
        return any(answer.status is not None for answer in self.answers)
