"""Keeps the subscriptions of each `SalesloftSubscription` true: the same rounds as the command's, for ever.

    ===========================  ==================================================================================
    what may die between         and what the next look, or the next leader, finds
    ===========================  ==================================================================================
    the finalizer and the rest   an object that waits for us when it is deleted, and nothing at SalesLoft: released
    a creation and the status    ours, by its token: nothing is created twice
    two steps                    what is left to do
    the status and the event     what was done, in the status; the event is lost
    ===========================  ==================================================================================

What a plan remembers is in this process, and in the status for the next leader. A status that could not be written
costs time: the next leader looks twice where it would have known.
"""

import time
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from salesloft_webhooks.errors import ClusterForbidden, ClusterRefused, ConfigurationError
from salesloft_webhooks.operator.api_group import FINALIZER, Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.deletion import Deletion
from salesloft_webhooks.operator.failure_waits import FailureWaits
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.managed_keys import KeysReport, ManagedKeys
from salesloft_webhooks.operator.objects import Condition, SubscriptionObject
from salesloft_webhooks.operator.overlaps import NOTHING_ELSE, Overlaps
from salesloft_webhooks.operator.refused_steps import RefusedSteps
from salesloft_webhooks.operator.shared_keys import ALONE, SharedKeys, elsewhere
from salesloft_webhooks.operator.specification import Specification, read_specification, secret_names
from salesloft_webhooks.operator.subscription_conditions import when_blocked, when_managed, when_seen, when_unseen
from salesloft_webhooks.operator.subscription_look import (
    KEYS_SPREAD,
    READY,
    Blocked,
    Look,
    Looking,
    Surroundings,
    forbidden,
)
from salesloft_webhooks.operator.subscription_news import News
from salesloft_webhooks.operator.subscription_status import (
    SubscriptionStatus,
    has_news,
    memory_of,
    read_status,
    with_conditions,
    with_plan,
)
from salesloft_webhooks.subscriptions import FailureReason, Memory, Round, Why
from salesloft_webhooks.subscriptions.reconciliation import SOON_SECONDS
from salesloft_webhooks.telemetry import OperatorTelemetry, ReconcileResult

_SOMEBODYS = (FailureReason.CREDENTIALS_REFUSED, FailureReason.FORBIDDEN, FailureReason.REFUSED)


class SubscriptionController:
    """See `Controller`.

    Args:
        cluster: Where the objects are.
        leadership: Whether this process may act; its terms.
        looking: Asks SalesLoft.
        managed: Makes keys.
        deletion: What is done for objects that are deleted.
        telemetry: Who is told.
    """

    kind = Kind.SUBSCRIPTION

    def __init__(
        self,
        cluster: Cluster,
        leadership: Leadership,
        looking: Looking,
        managed: ManagedKeys,
        deletion: Deletion,
        telemetry: OperatorTelemetry,
    ) -> None:
        self._cluster, self._leadership, self._looking = cluster, leadership, looking
        self._managed = managed
        self._deletion, self._telemetry = deletion, telemetry
        self._news = News(cluster, telemetry)
        self._waits, self._refused = FailureWaits(), RefusedSteps()
        self._memories: dict[str, Memory] = {}
        self._overlaps, self._shared = NOTHING_ELSE, ALONE
        self._term = 0

    async def list(self) -> Sequence[SubscriptionObject]:
        """See `Controller`."""
        objects = await self._cluster.list_subscriptions()
        uids = {each.metadata.uid for each in objects}
        await self._looking.keep(uids)
        self._waits.keep(uids)
        self._refused.keep(uids)
        self._memories = {uid: memory for uid, memory in self._memories.items() if uid in uids}
        self._overlaps, self._shared = Overlaps(objects), SharedKeys(objects)
        return objects

    def secrets(self, objects: Sequence[SubscriptionObject]) -> Collection[str]:
        """See `Controller`."""
        return {name for each in objects for name in secret_names(each.spec)}

    async def reconcile(self, each: SubscriptionObject) -> Reconciliation:
        """See `Controller`."""
        if self._term != self._leadership.term:  # what others have done meanwhile is in the status
            self._term = self._leadership.term
            self._memories.clear()
        if each.metadata.deletion_timestamp is not None:
            return await self._deletion.advance(each, self._overlaps, self._shared)
        before = read_status(each.status)
        self._news.trying(each, before)
        try:
            each = await self._held(each)
            wanted = _read(each)
            await self._prepare(each, wanted)
            around = await self._looking.surroundings(each, wanted)
            depends_on = (*each.metadata.wanted, *around.versions)
            if ended := self._waits.waits(each.metadata.uid, depends_on):
                self._news.unseen(each, before)
                return ended
            memory = self._memories.get(each.metadata.uid) or memory_of(before)
            look = await self._looking.look(each, wanted, around, memory, before.tenant_id)
            self._overlaps.check(each, wanted, look.tenant_id or before.tenant_id)
        except Blocked as blocked:
            return await self._blocked(each, before, blocked)
        return await self._carry_out(each, wanted, around, look, depends_on)

    async def _held(self, each: SubscriptionObject) -> SubscriptionObject:
        """The object, which does not go without us."""
        if FINALIZER in each.metadata.finalizers:
            return each
        try:
            return await self._cluster.set_finalizers(each, [*each.metadata.finalizers, FINALIZER])
        except (ClusterForbidden, ClusterRefused) as exc:
            raise Blocked(READY, "FinalizerRefused", str(exc)) from None

    async def _prepare(self, each: SubscriptionObject, wanted: Specification) -> None:
        try:
            await self._managed.prepare(each, wanted)
        except ClusterForbidden:
            raise forbidden(KEYS_SPREAD, wanted.keys.secret_ref.name) from None
        except ClusterRefused as exc:
            raise Blocked(KEYS_SPREAD, "SecretRefused", str(exc)) from None

    async def _carry_out(
        self,
        each: SubscriptionObject,
        wanted: Specification,
        around: Surroundings,
        look: Look,
        depends_on: tuple[object, ...],
    ) -> Reconciliation:
        """Do what was planned, write it down, and say when to look again."""
        uid, before, desired = each.metadata.uid, read_status(each.status), wanted.declaration.desired
        done = await self._done(uid, look, wanted, around, depends_on)
        self._memories[uid] = done.plan.memory
        older = around.keys[1:]
        behind = self._shared.behind(each, wanted.keys, [k.fingerprint for k in older]) or elsewhere(older, done)
        if done.found is None:
            assert done.error is not None  # noqa: S101 - that is why
            reason = done.failure or FailureReason.UNAVAILABLE
            status, said = before, when_unseen(done.error, reason, before.conditions)
            self._news.unseen(each, before)
        else:
            status = with_plan(before, done.plan, desired, done.found, around.keys, look.now)
            status = replace(status, tenant_id=look.tenant_id or before.tenant_id)
            said = when_seen(done, desired, around.keys, look.receivers, behind)
            self._news.seen(each, desired, done, status)
            await self._news.changed(each, done.outcome.done)
            await self._news.foreign(each, before, status)
        if done.failure in _SOMEBODYS:
            await self._news.warned(each, str(done.failure), str(done.error))
        report = await self._managed.advance(each, wanted, around.kept, done, behind)
        self._news.rotation(each, status, around.keys, managed=report is not None and report.managed)
        await self._write(each, before, status, [*said, *when_managed(report, before.conditions)])
        if done.error is None or done.failure is FailureReason.REFUSED:  # the other event types are looked after
            self._waits.succeeded(uid)
            seconds = SOON_SECONDS if done.outcome.done else done.plan.wait_seconds
            return Reconciliation(_result(done), _earlier(seconds, report), _reason(said))
        failures = self._waits.failures(uid, depends_on) + 1
        return self._waits.failed(
            uid, depends_on, Reconciliation(_result(done), done.next_seconds(failures), _reason(said))
        )

    async def _done(
        self,
        uid: str,
        look: Look,
        wanted: Specification,
        around: Surroundings,
        depends_on: tuple[object, ...],
    ) -> Round:
        """The round, carried out but for what SalesLoft has refused before."""
        if look.round.error is not None or not look.round.plan.steps:
            return look.round
        steps, refused = self._refused.sorted_out(uid, depends_on, look.round.plan.steps)
        outcome = await look.hands.carry_out(steps, wanted.declaration.desired, around.keys, look.at)
        self._refused.note(uid, depends_on, outcome.failures)
        failures = (*outcome.failures, *refused)
        error = failures[0].error if failures else None
        return replace(look.round, outcome=replace(outcome, failures=failures), error=error)

    async def _blocked(self, each: SubscriptionObject, before: SubscriptionStatus, blocked: Blocked) -> Reconciliation:
        self._news.unseen(each, before)
        await self._write(each, before, before, when_blocked(blocked))
        await self._news.warned(each, blocked.reason, str(blocked))
        return Reconciliation(ReconcileResult.BLOCKED, None, blocked.reason)

    async def _write(
        self,
        each: SubscriptionObject,
        before: SubscriptionStatus,
        status: SubscriptionStatus,
        said: Sequence[Condition],
    ) -> None:
        after = with_conditions(status, said, each.metadata.generation, time.time())
        if has_news(before, after):
            await self._cluster.patch_status(each, after.written())
            self._telemetry.status_written(self.kind)


def _read(each: SubscriptionObject) -> Specification:
    try:
        return read_specification(each.spec)
    except ConfigurationError as exc:
        raise Blocked(READY, "InvalidSpec", str(exc)) from None


def _result(done: Round) -> ReconcileResult:
    if done.failure in _SOMEBODYS or done.plan.why is Why.TOKENS_HIDDEN:
        return ReconcileResult.BLOCKED
    if done.error is not None:
        return ReconcileResult.FAILED
    settled = done.settled or done.plan.why is Why.SUSPENDED
    return ReconcileResult.SETTLED if settled else ReconcileResult.PROGRESSING


def _earlier(seconds: float | None, report: KeysReport | None) -> float | None:
    """Until SalesLoft or the keys want to be looked at; None: whenever it is the object's turn."""
    waits = [each for each in (seconds, None if report is None else report.seconds) if each is not None]
    return min(waits, default=None)


def _reason(said: Sequence[Condition]) -> str:
    return next((each.reason for each in said if each.type == READY), "")
