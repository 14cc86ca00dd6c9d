"""How long an object is left alone after a failure.

Somebody's change ends the wait: another generation, another annotation, another version of a Secret.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from salesloft_webhooks.operator.controller import Reconciliation


@dataclass(frozen=True, slots=True)
class _Failed:
    """The latest failures of an object in a row."""

    count: int
    until: float
    depends_on: tuple[object, ...]
    ended: Reconciliation


class FailureWaits:
    """Of all objects.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, _Failed] = {}

    def waits(self, uid: str, depends_on: tuple[object, ...]) -> Reconciliation | None:
        """How the last look at an object ended, if it is to be left alone for a while; None: look at it.

        Args:
            uid: The object's.
            depends_on: What a failure depends on; when it is another thing, nothing is waited for.
        """
        found = self._failed.get(uid)
        if found is None or found.depends_on != depends_on or self._clock() >= found.until:
            return None
        return Reconciliation(found.ended.result, found.until - self._clock(), found.ended.reason)

    def failures(self, uid: str, depends_on: tuple[object, ...]) -> int:
        """How often in a row an object has failed with the same things."""
        found = self._failed.get(uid)
        return found.count if found is not None and found.depends_on == depends_on else 0

    def failed(self, uid: str, depends_on: tuple[object, ...], ended: Reconciliation) -> Reconciliation:
        """Leave an object alone as long as ``ended`` says."""
        count = self.failures(uid, depends_on) + 1
        self._failed[uid] = _Failed(count, self._clock() + (ended.seconds or 0.0), depends_on, ended)
        return ended

    def succeeded(self, uid: str) -> None:
        """Forget the failures of an object."""
        self._failed.pop(uid, None)

    def keep(self, uids: Collection[str]) -> None:
        """Forget what belongs to no object of these any more."""
        self._failed = {uid: failed for uid, failed in self._failed.items() if uid in uids}
