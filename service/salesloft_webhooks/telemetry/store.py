"""What every role tells about the store: whether it can be used, how groups and partitions stand.

The figures belong to the store, not to the process, so receivers and workers report the same ones: the backlog of a
group stays visible when none of its workers runs, and when no receiver does.
"""

import time

from salesloft_webhooks.telemetry import metrics
from salesloft_webhooks.telemetry.logs import Logger


class StoreTelemetry:
    """The verbs that receiver and worker share."""

    def __init__(self, role: str, log: Logger) -> None:
        self.log = log
        self._availability = metrics.STORE_AVAILABLE.labels(role)
        self._troubles: dict[str, str] = {}
        self._since = 0.0

    def store_available(self, part: str = "") -> None:
        """What a part of the process does with Redis works. Cheap enough to be told every second.

        Logged when it changes. Redis counts as usable while no part of the process says otherwise: a worker that may
        take and not settle gets nowhere.
        """
        if self._troubles:
            self._troubles.pop(part, None)
            if self._troubles:
                return
            self.log.info("store.available")
        self._availability.set(1)

    def store_unavailable(self, reason: str, part: str = "") -> None:
        """A part of the process cannot do with Redis what it has to.

        Logged when the reason changes: the first may only be that a connection ended.
        """
        self._availability.set(0)
        if not self._troubles:
            self._since = time.monotonic()
        if reason not in self._troubles.values():
            self.log.error("store.unavailable", reason=reason)
        self._troubles[part] = reason

    def store_failure(self, *, lasting_seconds: float) -> str | None:
        """Why Redis cannot be used, once that has lasted for so long; None: it can."""
        if not self._troubles or time.monotonic() - self._since < lasting_seconds:
            return None
        return f"the store cannot be used: {next(iter(self._troubles.values()))}"

    def group_measured(  # noqa: PLR0913 - one call, one consistent picture
        self,
        group: str,
        *,
        lag: int,
        pending: int,
        scheduled: int,
        parked: int,
        unhandled: int,
        due: int,
        dead: int,
        oldest_age_seconds: float,
        consumers: int,
        paused: bool,
    ) -> None:
        """How a group stands.

        Args:
            group: Its name.
            lag: Entries it has never taken.
            pending: All that is taken and not settled.
            scheduled: The part of ``pending`` that waits for a retry, its time come or not.
            parked: The part of ``pending`` that waits behind its lane's head.
            unhandled: The part of ``pending`` that waits for a worker with a handler for it.
            due: The part of ``pending`` whose time has come.
            dead: Dead letters.
            oldest_age_seconds: Age of the oldest event it has not finished; 0 if there is none.
            consumers: Consumers the store knows.
            paused: Whether it takes nothing at the moment.
        """
        waiting = max(0, scheduled - due)
        for metric, value in (
            (metrics.GROUP_BACKLOG, lag + max(0, pending - parked - unhandled - waiting)),
            (metrics.GROUP_LAG, lag),
            (metrics.GROUP_PENDING, pending),
            (metrics.GROUP_SCHEDULED, scheduled),
            (metrics.GROUP_PARKED, parked),
            (metrics.GROUP_UNHANDLED, unhandled),
            (metrics.GROUP_DUE, due),
            (metrics.GROUP_DEAD, dead),
            (metrics.GROUP_OLDEST, oldest_age_seconds),
            (metrics.GROUP_CONSUMERS, consumers),
            (metrics.GROUP_PAUSED, paused),
        ):
            metric.labels(group).set(value)

    def group_removed(self, group: str) -> None:
        """A group no longer exists: its last figures must not stand for ever."""
        for metric in metrics.GROUP_GAUGES:
            metric.remove(group)

    def stream_measured(
        self, *, partition: int, entries: int, quarantined: int, memory_used_bytes: int, memory_limit_bytes: int
    ) -> None:
        """How a partition and its server stand; ``memory_limit_bytes`` is 0 when the server has no limit."""
        for metric, value in (
            (metrics.STREAM_ENTRIES, entries),
            (metrics.QUARANTINED, quarantined),
            (metrics.MEMORY_USED, memory_used_bytes),
            (metrics.MEMORY_LIMIT, memory_limit_bytes),
        ):
            metric.labels(str(partition)).set(value)
