"""What every role reports about the store: whether it can be used, how groups and partitions stand.

The figures belong to the store, not to the process, so receivers and workers report the same ones, and queries take
their `max`: the backlog of a group stays visible when none of its workers runs, and when no receiver does.
"""

import time
from collections.abc import Callable
from typing import Protocol

from prometheus_client import Gauge

from salesloft_webhooks.telemetry.logs import Logger
from salesloft_webhooks.telemetry.memory_telemetry import MemoryTelemetry
from salesloft_webhooks.telemetry.metrics import PROCESS, gauge


class GroupFigures(Protocol):
    """How a group stands; the store's measurement has these."""

    @property
    def group(self) -> str:
        """Its name."""

    @property
    def backlog(self) -> int:
        """Entries a worker could run now, or is running."""

    @property
    def lag(self) -> int:
        """Entries it has never taken."""

    @property
    def pending(self) -> int:
        """Entries it has taken and not settled."""

    @property
    def scheduled(self) -> int:
        """The part of ``pending`` that waits for a retry, its time come or not."""

    @property
    def parked(self) -> int:
        """The part of ``pending`` that waits behind its lane's head."""

    @property
    def unhandled(self) -> int:
        """The part of ``pending`` that waits for a worker with a handler for it."""

    @property
    def due(self) -> int:
        """The part of ``pending`` whose time has come."""

    @property
    def follow_ups(self) -> int:
        """Follow-ups that wait for their time."""

    @property
    def follow_ups_overdue_seconds(self) -> float:
        """How long ago the one that is due first was due; 0: none is overdue."""

    @property
    def dead(self) -> int:
        """Dead letters."""

    @property
    def oldest_age_seconds(self) -> float:
        """Age of the oldest event it has not finished; 0 if there is none."""

    @property
    def consumers(self) -> int:
        """Consumers that the store knows."""

    @property
    def paused(self) -> bool:
        """Whether it takes nothing at the moment."""


STORE_AVAILABLE = gauge(
    PROCESS, "store_available", "1 while Redis takes what this process has to write, else 0.", "role"
)


def _of_group(
    name: str, documentation: str, figure: Callable[[GroupFigures], float], *, unshown: str = ""
) -> tuple[Gauge, Callable[[GroupFigures], float]]:
    return gauge(PROCESS, name, documentation, "group", unshown=unshown), figure


GROUP_GAUGES = (
    _of_group(
        "group_backlog_entries",
        "True backlog of a group, for autoscaling: entries a worker could run now or is running (lag, due, running), "
        "and follow-ups that are due. "
        "Retries whose time has not come and entries parked behind their lane's head are not in it: more workers could "
        "not run them.",
        lambda group: group.backlog,
    ),
    _of_group("group_lag_entries", "Entries the group has never taken.", lambda group: group.lag),
    _of_group(
        "group_pending_entries",
        "Entries taken and not settled: running, due, scheduled, parked or without a handler.",
        lambda group: group.pending,
    ),
    _of_group(
        "group_due_entries", "Pending entries whose time has come: to be taken at once.", lambda group: group.due
    ),
    _of_group("group_scheduled_entries", "Entries that wait for a retry.", lambda group: group.scheduled),
    _of_group("group_parked_entries", "Entries that wait behind the head of their lane.", lambda group: group.parked),
    _of_group(
        "group_unhandled_entries",
        "Entries the group wants and none of its workers there has a handler for: they wait for one that has.",
        lambda group: group.unhandled,
    ),
    _of_group(
        "group_follow_ups_waiting",
        "Follow-ups that wait for their time: no entries yet.",
        lambda group: group.follow_ups,
        unshown="seeing what handlers have put off",
    ),
    _of_group(
        "group_follow_ups_overdue_seconds",
        "How long ago the follow-up was due that is overdue longest and has not begun; 0: none is overdue.",
        lambda group: group.follow_ups_overdue_seconds,
        unshown="finding out that nobody has what is due begin; it is in the backlog, too",
    ),
    _of_group("group_dead_letters", "Dead letters of the group that nobody has dealt with.", lambda group: group.dead),
    _of_group(
        "group_oldest_age_seconds",
        "Age of the oldest event the group has not finished.",
        lambda group: group.oldest_age_seconds,
    ),
    _of_group(
        "group_paused",
        "1 while the group takes nothing: paused by hand, by a breaker, or as declared.",
        lambda group: group.paused,
    ),
    _of_group("group_consumers", "Consumers of the group that the store knows.", lambda group: group.consumers),
)


class StoreTelemetry(MemoryTelemetry):
    """The verbs that receiver and worker share."""

    def __init__(self, role: str, log: Logger) -> None:
        super().__init__(log)
        self._availability = STORE_AVAILABLE.labels(role)
        self._failures: dict[str, str] = {}
        self._since = 0.0

    def store_available(self, part: str = "") -> None:
        """What a part of the process does with Redis works. Cheap enough to be reported every second.

        Logged when it changes. Redis counts as usable while no part of the process says otherwise: a worker that may
        take and not settle gets nowhere.
        """
        if self._failures:
            self._failures.pop(part, None)
            if self._failures:
                return
            self.log.info("store.available")
        self._availability.set(1)

    def store_unavailable(self, reason: str, part: str = "") -> None:
        """A part of the process cannot do with Redis what it has to.

        Logged when the reason changes: the first may only be that a connection ended.
        """
        self._availability.set(0)
        if not self._failures:
            self._since = time.monotonic()
        if reason not in self._failures.values():
            self.log.error("store.unavailable", reason=reason)
        self._failures[part] = reason

    def store_failure(self, *, lasting_seconds: float) -> str | None:
        """Why Redis cannot be used, once that has lasted for so long; None: it can."""
        if not self._failures or time.monotonic() - self._since < lasting_seconds:
            return None
        return f"the store cannot be used: {next(iter(self._failures.values()))}"

    def group_measured(self, figures: GroupFigures) -> None:
        """How a group stands."""
        for metric, figure in GROUP_GAUGES:
            metric.labels(figures.group).set(figure(figures))

    def group_removed(self, group: str) -> None:
        """A group no longer exists: its last figures must not stand for ever."""
        for metric, _ in GROUP_GAUGES:
            metric.remove(group)
