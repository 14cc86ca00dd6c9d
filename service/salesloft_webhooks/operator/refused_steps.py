"""Steps that SalesLoft has refused for good: left out until somebody changes something, or an hour is over.

Only these: what else is missing is mended meanwhile.
"""

import time
from collections.abc import Callable, Collection, Sequence

from salesloft_webhooks.errors import SalesloftRefused
from salesloft_webhooks.subscriptions import Delete, Failure, Step
from salesloft_webhooks.subscriptions.reconciliation import PERMANENT_SECONDS


class RefusedSteps:
    """Of all objects.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[tuple[object, ...], dict[Step, tuple[float, Failure]]]] = {}

    def sorted_out(
        self, uid: str, depends_on: tuple[object, ...], steps: Sequence[Step]
    ) -> tuple[tuple[Step, ...], tuple[Failure, ...]]:
        """Those of an object's steps that may be tried, and those that were refused.

        Args:
            uid: The object's.
            depends_on: What a refusal depends on; when it is another thing, everything is tried.
            steps: What is to be done. No deletion is tried while something before it cannot be done.
        """
        known, refused = self._refused.get(uid, ((), {}))
        if known != depends_on:
            return tuple(steps), ()
        left = tuple(refused[step][1] for step in steps if step in refused and self._clock() < refused[step][0])
        out = {failure.step for failure in left}
        tried = (step for step in steps if step not in out and not (left and isinstance(step, Delete)))
        return tuple(tried), left

    def note(self, uid: str, depends_on: tuple[object, ...], failures: Sequence[Failure]) -> None:
        """Remember which of these were refused for good."""
        known, refused = self._refused.get(uid, ((), {}))
        if known != depends_on:
            refused = {}
        until = self._clock() + PERMANENT_SECONDS
        new = {each.step: (until, each) for each in failures if isinstance(each.error, SalesloftRefused)}
        self._refused[uid] = (depends_on, {**refused, **new})

    def keep(self, uids: Collection[str]) -> None:
        """Forget what belongs to no object of these any more."""
        self._refused = {uid: known for uid, known in self._refused.items() if uid in uids}
