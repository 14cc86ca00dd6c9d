"""Whose fault a refusal is: the endpoint's, which then must be left alone, or this one event's.

A single refusal does not say. What says it is the company it comes in: an endpoint that refuses several *different*
events in a row, whatever the status, is down, moved or misconfigured, and no event must die of that. An endpoint that
has taken others since it refused this event the last time works, so this event is what it cannot take.

    closed    refusals count as attempts of their events; so many different events in a row, and it opens
    open      every refusal pauses the group and costs no attempt; the first success closes it

Both rules together end every case: an outage of any length costs less than `failures` attempts in all, and one event
that is always refused becomes a dead letter after its attempts, without holding up the others. The memory is the
process's own: a worker that starts anew during an outage pays those few attempts again. See decision 30.
"""

from collections import OrderedDict

from salesloft_webhooks.errors import Retry, Unavailable
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

REMEMBERED = 10_000
"""Refused events that are remembered; the oldest are forgotten, and then judged as if they were new."""


class Breaker:
    """Judges the refusals of one endpoint, by this process.

    Args:
        failures: Different events in a row after which the endpoint is to blame.
        seconds: How long the group pauses then.
    """

    def __init__(self, *, failures: int, seconds: float) -> None:
        self._limit = failures
        self._seconds = seconds
        self._in_a_row: set[str] = set()
        self._open = False
        self._successes = 0
        self._refused: OrderedDict[str, int] = OrderedDict()

    def succeeded(self, key: str) -> None:
        """The endpoint took the event ``key``: it works."""
        self._successes += 1
        self._in_a_row.clear()
        self._refused.pop(key, None)
        if self._open:
            _log.info("breaker.closed")
        self._open = False

    def opened(self, problem: Unavailable) -> Unavailable:
        """The endpoint takes nothing now, which says nothing about any event; gives ``problem`` back to be raised."""
        if not self._open:
            _log.warning("breaker.opened", reason=str(problem), after_seconds=problem.after_seconds)
        self._open = True
        return problem

    def failed(self, key: str, problem: Retry | Unavailable) -> Retry | Unavailable:
        """What to raise for the event ``key``, which the endpoint did not take.

        Args:
            key: The event; the same in each of its attempts.
            problem: What it came to. `Unavailable` blames the endpoint at once, unless it works for others.
        """
        if self._works_for_others(key):
            return problem if isinstance(problem, Retry) else Retry(str(problem))
        self._in_a_row.add(key)
        if isinstance(problem, Unavailable):
            return self.opened(problem)
        if not self._open and len(self._in_a_row) < self._limit:
            return problem
        after = max(self._seconds, problem.after_seconds or 0.0)
        return self.opened(Unavailable(f"{problem}, whatever the event", after=after))

    def _works_for_others(self, key: str) -> bool:
        """Whether others were taken since ``key`` was refused last; remembers that it is refused now."""
        before = self._refused.pop(key, self._successes)
        self._refused[key] = self._successes
        while len(self._refused) > REMEMBERED:
            self._refused.popitem(last=False)
        return before < self._successes
