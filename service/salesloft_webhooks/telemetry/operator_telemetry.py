"""What the operator reports: what is declared, what of it SalesLoft sends, and how the operator itself gets on.

Of several operators only the leader speaks about objects: what one that has lost its lease last knew would contradict
the new one for as long as it lives.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import OPERATOR, counter, expose, gauge, histogram
from salesloft_webhooks.telemetry.operator_labels import ReconcileResult, SubscriptionChange, WatchEnd

RECONCILE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
"""From a look that finds nothing to do, to the creation of all there is at five changes a second."""
STATES = ("desired", "active", "disabled", "foreign")

log = get_logger(__name__)


SUBSCRIPTIONS = gauge(
    OPERATOR,
    "operator_subscriptions",
    "Subscriptions of an object by the latest list of SalesLoft's: desired, active of these, disabled, foreign.",
    "object",
    "state",
)
LAST_SYNC = gauge(
    OPERATOR,
    "operator_last_sync_timestamp_seconds",
    "When SalesLoft's list was last compared with an object (Unix time); until then, since when it is tried.",
    "object",
)
ROTATION_PHASE = gauge(
    OPERATOR,
    "operator_rotation_phase",
    "1 for the phase that the change of an object's key is in; no other phase has a series.",
    "object",
    "phase",
)
ROTATION_SINCE = gauge(
    OPERATOR,
    "operator_rotation_since_timestamp_seconds",
    "Since when the key of an object is being changed (Unix time); no series while it is not.",
    "object",
)
CHANGES = counter(
    OPERATOR,
    "operator_subscription_changes_total",
    "Changes of subscriptions that SalesLoft has confirmed.",
    "change",
)
RECONCILES = counter(OPERATOR, "operator_reconciles_total", "Looks at one object, by how they ended.", "kind", "result")
RECONCILE_TIME = histogram(
    OPERATOR,
    "operator_reconcile_seconds",
    "Time of one look at one object, changes at SalesLoft included.",
    "kind",
    buckets=RECONCILE_SECONDS,
)
LEADER = gauge(OPERATOR, "operator_leader", "1 while this process holds the operator's lease and may act, else 0.")
STATUS_WRITES = counter(
    OPERATOR, "operator_status_writes_total", "Statuses of objects that were written to the API server.", "kind"
)
WATCH_RESTARTS = counter(
    OPERATOR, "operator_watch_restarts_total", "Watches of the API server that were begun again, by why.", "kind", "why"
)


class OperatorTelemetry:
    """The verbs of an operator.

    Args:
        subscriptions: The kind of the objects that declare subscriptions, as Kubernetes spells it: these have series of
            their own.
        others: The other kinds that are reconciled.
        watched: Kinds that are watched beside them.
        clock: Unix time.
    """

    def __init__(
        self,
        subscriptions: str,
        *,
        others: Sequence[str] = (),
        watched: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        expose(OPERATOR)
        self._subscriptions, self._clock = subscriptions, clock
        self._leads: bool | None = None
        self._there: dict[str, set[str]] = {}
        self._results: dict[tuple[str, str], ReconcileResult] = {}
        self._phases: dict[str, str] = {}
        self._tried_since: dict[str, float] = {}
        self._spoken_of: set[str] = set()
        # There from the start: Prometheus sees no increase in a series that begins with its first event.
        for kind in (subscriptions, *others):
            STATUS_WRITES.labels(kind)
            for result in ReconcileResult:
                RECONCILES.labels(kind, result)
        for kind in (subscriptions, *others, *watched):
            for why in WatchEnd:
                WATCH_RESTARTS.labels(kind, why)
        for change in SubscriptionChange:
            CHANGES.labels(change)
        LEADER.set(0)

    def leading(self, *, leads: bool) -> None:
        """Whether this process holds the lease and may act. One that does not says nothing about objects.

        What a look that was under way when the lease was lost says about them afterwards is not believed.
        """
        LEADER.set(leads)
        if leads is not self._leads:
            log.info("operator.leading", leads=leads)
        self._leads = leads
        if leads:
            return
        for metric in (SUBSCRIPTIONS, LAST_SYNC, ROTATION_PHASE, ROTATION_SINCE):
            metric.clear()
        for known in (self._there, self._results, self._phases, self._tried_since, self._spoken_of):
            known.clear()

    def existing(self, kind: str, names: Iterable[str]) -> None:
        """The objects of a kind that there are. What is reported about any other one of the kind ends.

        To be called with every list: an object may be gone without anybody having seen it go.
        """
        before, self._there[kind] = self._there.get(kind, set()), set(names)
        for name in before - self._there[kind]:
            self._results.pop((kind, name), None)
            if kind == self._subscriptions:
                self._forget(name)

    def reconciled(self, kind: str, name: str, result: ReconcileResult, seconds: float, reason: str = "") -> None:
        """A look at one object ended. Logged when the result is another one than that of the last look.

        Args:
            kind: Of the object.
            name: Of the object.
            result: How it ended.
            seconds: What it took.
            reason: One word of a condition that says why, without anybody's data.
        """
        RECONCILES.labels(kind, result).inc()
        RECONCILE_TIME.labels(kind).observe(seconds)
        if self._results.get((kind, name)) is not result:
            if result in {ReconcileResult.BLOCKED, ReconcileResult.FAILED}:
                log.warning("operator.reconciled", kind=kind, object=name, result=result, reason=reason)
            else:
                log.info("operator.reconciled", kind=kind, object=name, result=result, reason=reason)
        self._results[kind, name] = result

    def synced(self, name: str, *, desired: int, active: int, disabled: int, foreign: int) -> None:
        """SalesLoft's list was compared with what an object declares.

        Args:
            name: Of the object.
            desired: Event types that it declares, `link_swap` included.
            active: Those of them that are delivered, with a token that the receivers accept.
            disabled: Ours that are switched off.
            foreign: Subscriptions of its address that none of our keys has signed.
        """
        if self._leads is False:
            return
        self._spoken_of.add(name)
        LAST_SYNC.labels(name).set(self._clock())
        for state, count in zip(STATES, (desired, active, disabled, foreign), strict=True):
            SUBSCRIPTIONS.labels(name, state).set(count)

    def not_synced(self, name: str, last: datetime | None) -> None:
        """SalesLoft's list could not be had, or was not asked for: what was last known goes on being said.

        Args:
            name: Of the object.
            last: When it was last compared, as the object's status says; None: never, so that it is tried since now.
        """
        if self._leads is False:
            return
        self._spoken_of.add(name)
        since = self._tried_since.setdefault(name, self._clock())
        LAST_SYNC.labels(name).set(last.timestamp() if last is not None else since)

    def trying(self, name: str, last: datetime | None) -> None:
        """A look begins. Who has said nothing of the object yet says, as `not_synced`, since when it is tried.

        So a look that never comes to an answer, for a reason that nobody has thought of, is seen to be missing.
        """
        if name not in self._spoken_of:
            self.not_synced(name, last)

    def rotation(self, name: str, phase: str, since: datetime | None) -> None:
        """How far the change of an object's key is.

        Args:
            name: Of the object.
            phase: One of `subscriptions.Phase`.
            since: When the change began that is under way; None: none is, or what is left of it is a human's to do.
        """
        if self._leads is False:
            return
        if (before := self._phases.get(name)) is not None and before != phase:
            ROTATION_PHASE.remove(name, before)
            log.info("operator.rotation", object=name, phase=phase)
        self._phases[name] = phase
        ROTATION_PHASE.labels(name, phase).set(1)
        if since is None:
            ROTATION_SINCE.remove(name)
        else:
            ROTATION_SINCE.labels(name).set(since.timestamp())

    def changed(self, name: str, change: SubscriptionChange, event: str) -> None:
        """SalesLoft has confirmed a change of the subscription to one event type."""
        CHANGES.labels(change).inc()
        log.info("operator.subscription_changed", object=name, change=change, event_type=event)

    def status_written(self, kind: str) -> None:
        """The status of an object was written."""
        STATUS_WRITES.labels(kind).inc()

    def watch_restarted(self, kind: str, why: WatchEnd) -> None:
        """A watch was begun again."""
        WATCH_RESTARTS.labels(kind, why).inc()

    def _forget(self, name: str) -> None:
        """End every series of an object that declares subscriptions."""
        self._tried_since.pop(name, None)
        self._spoken_of.discard(name)
        for state in STATES:
            SUBSCRIPTIONS.remove(name, state)
        if phase := self._phases.pop(name, None):
            ROTATION_PHASE.remove(name, phase)
        for metric in (LAST_SYNC, ROTATION_SINCE):
            metric.remove(name)
