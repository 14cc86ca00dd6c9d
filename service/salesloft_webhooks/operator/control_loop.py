"""Looks after all objects of a kind: asks for everything, and brings each one nearer to what it declares.

    ==============================  =================================================================================
    when                            what
    ==============================  =================================================================================
    every `resync_seconds`          each object is reconciled, whether anything has changed or not
    a bell rings                    everything is listed; objects of which something else is wanted are reconciled
    a Secret's bell rings, or a     everything is listed, and each object is reconciled: what was missed meanwhile is
    watch begins anew               unknown
    an object asked for it          that object is reconciled
    ==============================  =================================================================================

Watches ring bells and do nothing else; there is no cache to be wrong. A watch that ends, fails or says nothing for five
minutes begins anew. What is done is decided on a list that was just asked for: while the API server is away nothing is
done at all, and what somebody else may be doing by now (`Leadership.may_act`) is left to them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from salesloft_webhooks.background import Background, cancellation_requested
from salesloft_webhooks.errors import ClusterConflict, ClusterError, SalesloftWebhooksError, error_type
from salesloft_webhooks.operator.cluster_watch import SILENCE_SECONDS
from salesloft_webhooks.operator.controller import Controller, Ours, Reconciliation
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.watches import Bell, Watched, Watches, backoff
from salesloft_webhooks.telemetry import OperatorTelemetry, ReconcileResult, get_logger

PAUSE_SECONDS = 0.5
"""Between two lists at least: many bells in a row are one."""
SOON_SECONDS = 1.0

log = get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """An object as it was looked at last."""

    wanted: tuple[object, ...]
    due: float
    failures: int = 0


class ControlLoop(Generic[Ours]):
    """Repeats it.

    Args:
        controller: What is done.
        cluster: Whose changes ring.
        leadership: Whether it may be done.
        telemetry: Who is told.
        resync_seconds: See above.
        silence_seconds: How long a watch may say nothing.
        clock: Monotonic seconds.

    """

    def __init__(
        self,
        controller: Controller[Ours],
        cluster: Watched,
        leadership: Leadership,
        telemetry: OperatorTelemetry,
        *,
        resync_seconds: float,
        silence_seconds: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller, self._cluster, self._leadership = controller, cluster, leadership
        self._telemetry = telemetry
        self._resync, self._clock = resync_seconds, clock
        self._known: dict[str, _Known] = {}
        self._bell = Bell()
        self._watches = Watches(cluster, controller.kind, self._bell, telemetry, silence_seconds)
        self._term = 0
        self._began: float | None = None

    @property
    def busy_seconds(self) -> float:
        """How long the look at an object takes that is under way; 0 between two."""
        return 0.0 if self._began is None else self._clock() - self._began

    async def run(self) -> None:
        """Go on until cancelled."""
        async with Background() as background:
            await self._watches.on(background)
            failures = 0
            while True:
                await self._new_term()
                try:
                    objects = await self._pass()
                except ClusterError as exc:
                    if cancellation_requested():
                        raise asyncio.CancelledError from exc
                    failures += 1
                    log.warning("operator.list_failed", kind=self._controller.kind, error=str(exc))
                    self._bell.ring(everything=False)
                    await asyncio.sleep(backoff(failures))
                    continue
                failures = 0
                await self._watches.on(background, self._controller.secrets(objects))
                await asyncio.sleep(PAUSE_SECONDS)
                await self._bell.rung(self._seconds_left())

    async def _new_term(self) -> None:
        """Wait until this process works; what another one has done meanwhile is unknown."""
        term = await self._leadership.granted()
        if term != self._term:
            self._term = term
            self._known.clear()

    async def _pass(self) -> Sequence[Ours]:
        """List everything, and reconcile what is due."""
        everything = self._bell.heard()
        self._telemetry.leading(leads=True)  # what is said of objects from here on is said by who leads
        try:
            objects = await self._controller.list()
        except ClusterError:
            self._bell.ring(everything=everything)
            raise
        self._telemetry.existing(self._controller.kind, [each.metadata.name for each in objects])
        there = {each.metadata.uid for each in objects}
        self._known = {uid: known for uid, known in self._known.items() if uid in there}
        for each in objects:
            known = self._known.get(each.metadata.uid)
            wanted = each.metadata.wanted
            if everything or known is None or known.wanted != wanted or known.due <= self._clock():
                if not self._leadership.may_act():
                    self._bell.ring(everything=everything)
                    break
                await self._reconcile(each, known.failures if known else 0)
        return objects

    async def _reconcile(self, each: Ours, failures: int) -> None:
        began = self._began = self._clock()
        try:
            ended, failures = await self._controller.reconcile(each), 0
        except ClusterConflict:  # somebody has written it meanwhile: what is wanted may be another thing by now
            ended = Reconciliation(ReconcileResult.PROGRESSING, SOON_SECONDS, "Conflict")
        except Exception as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            failures += 1
            ended = Reconciliation(ReconcileResult.FAILED, backoff(failures), type(exc).__name__)
            known = isinstance(exc, SalesloftWebhooksError)  # else a mistake of ours, that must not end the others
            name, error = each.metadata.name, str(exc) if known else error_type(exc)
            log.warning("operator.reconcile_failed", object=name, error=error, exc_info=not known)
        finally:
            self._began = None
        now = self._clock()
        self._telemetry.reconciled(self._controller.kind, each.metadata.name, ended.result, now - began, ended.reason)
        due = now + min(self._resync if ended.seconds is None else ended.seconds, self._resync)
        self._known[each.metadata.uid] = _Known(each.metadata.wanted, due, failures)

    def _seconds_left(self) -> float:
        due = min((known.due for known in self._known.values()), default=self._clock() + self._resync)
        return max(due - self._clock(), 0.0)
