"""The end of a `SalesloftSubscription`: ours go at SalesLoft, then the object may. Nothing hangs on us for ever.

====================================  ==========================================================================
when it is deleted                    what happens
====================================  ==========================================================================
`deletionPolicy: Retain`, or another  it goes at once; ours stay
object declares the same address
SalesLoft answers                     ours are deleted; it goes when a second list has none of them either
no Secret any more (a namespace goes) what this process read of it last is used
another object has its keys there     the Secret is that one's from now on: it would go with this object else. When a
                                      rule of the cluster forbids that: as without a login
no login, or SalesLoft fails          tried again; after `OPERATOR_DELETION_SECONDS` it goes all the same, and an
event, and the log, name the ids that are left
====================================  ==========================================================================
"""

import time
from collections.abc import Callable
from contextlib import suppress

from salesloft_webhooks.errors import ClusterForbidden, ClusterNotFound, ClusterRefused, ConfigurationError
from salesloft_webhooks.operator.api_group import FINALIZER
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.managed_keys import ManagedKeys
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.overlaps import NOTHING_ELSE, Overlaps
from salesloft_webhooks.operator.shared_keys import ALONE, SharedKeys
from salesloft_webhooks.operator.specification import Specification, read_specification
from salesloft_webhooks.operator.subscription_conditions import named
from salesloft_webhooks.operator.subscription_look import KEYS_SPREAD, Blocked, Looking, forbidden
from salesloft_webhooks.operator.subscription_news import News
from salesloft_webhooks.operator.subscription_status import read_status
from salesloft_webhooks.operator.times import unix_seconds
from salesloft_webhooks.subscriptions import DeletionPolicy, Round, Why
from salesloft_webhooks.subscriptions.plan import SECOND_LOOK_SECONDS
from salesloft_webhooks.telemetry import ReconcileResult, get_logger

RELEASED, RETAINED, ORPHANED = "Released", "Retained", "Orphaned"
"""How it ends."""
AGAIN_SECONDS = 15.0
"""Between two attempts at most: somebody waits for it."""

log = get_logger(__name__)


class Deletion:
    """Carries deletions out.

    Args:
        cluster: Where the objects are.
        looking: Asks SalesLoft.
        managed: The keys of what stays there stay, too.
        news: Who is told.
        seconds: How long it is tried.
        clock: Unix time.
    """

    def __init__(
        self,
        cluster: Cluster,
        looking: Looking,
        managed: ManagedKeys,
        news: News,
        seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cluster, self._looking, self._managed, self._news = cluster, looking, managed, news
        self._seconds, self._clock = seconds, clock
        self._absent: set[str] = set()
        self._letting_go: dict[str, str] = {}

    def letting_go(self, uid: str) -> str | None:
        """How it ends for an object that was let go without an answer: whoever does not find it any more asks here."""
        return self._letting_go.get(uid)

    async def advance(
        self, each: SubscriptionObject, overlaps: Overlaps = NOTHING_ELSE, shared: SharedKeys = ALONE
    ) -> Reconciliation:
        """One step nearer to the end of an object that is deleted.

        Args:
            each: The object.
            overlaps: Whether another one that stays declares the same.
            shared: Whether another one that stays has its keys in the same Secret.

        Raises:
            ClusterError: Kubernetes cannot be told.
        """
        if FINALIZER not in each.metadata.finalizers:
            return Reconciliation(ReconcileResult.SETTLED)  # somebody else has to agree
        try:
            wanted = read_specification(each.spec)
            kept_back = await self._kept_back(each, wanted, shared)
            if wanted.declaration.deletion_policy is DeletionPolicy.RETAIN or overlaps.another(each, wanted):
                return await self._leave(each, wanted, kept_back)
            done = await self._looking.remove(each, wanted)
        except (Blocked, ConfigurationError, ClusterForbidden, ClusterRefused) as exc:
            return await self._failed(each, "Blocked", str(exc))
        await self._news.changed(each, done.outcome.done)
        if problem := _problem(each, done):
            return await self._failed(each, *problem)
        if not done.settled:
            self._absent.discard(each.metadata.uid)
            return Reconciliation(ReconcileResult.PROGRESSING, done.next_seconds(0), "Deleting")
        return await self._gone(each, wanted, shared)

    async def _leave(self, each: SubscriptionObject, wanted: Specification, kept_back: str) -> Reconciliation:
        """Ours stay at SalesLoft."""
        if kept_back:
            return await self._failed(each, "Blocked", kept_back)
        await self._managed.let_go(each, wanted)
        return await self._release(each, RETAINED)

    async def _kept_back(
        self, each: SubscriptionObject, wanted: Specification, shared: SharedKeys, *, at_last: bool = False
    ) -> str:
        """Why the object's Secret would go with it although another one names it, for people; mostly nothing."""
        try:
            await self._managed.hand_over(each, wanted, shared.heir(each, wanted.keys, at_last=at_last))
        except ClusterForbidden:
            blocked = forbidden(KEYS_SPREAD, wanted.keys.secret_ref.name)
        except ClusterRefused as exc:
            blocked = Blocked(KEYS_SPREAD, "SecretRefused", str(exc))
        else:
            return ""
        await self._news.warned(each, blocked.reason, str(blocked))
        return str(blocked)

    async def _gone(self, each: SubscriptionObject, wanted: Specification, shared: SharedKeys) -> Reconciliation:
        """A list has none of ours. One that is empty by mistake would leave them behind, so a second one is asked."""
        if each.metadata.uid not in self._absent:
            self._absent.add(each.metadata.uid)
            return Reconciliation(ReconcileResult.PROGRESSING, SECOND_LOOK_SECONDS, "Deleting")
        if kept_back := await self._kept_back(each, wanted, shared, at_last=True):
            return await self._failed(each, "Blocked", kept_back)
        return await self._release(each)

    async def _failed(self, each: SubscriptionObject, reason: str, words: str) -> Reconciliation:
        deleted = each.metadata.deletion_timestamp or ""
        if self._clock() - unix_seconds(deleted) < self._seconds:
            return Reconciliation(ReconcileResult.FAILED, min(AGAIN_SECONDS, self._seconds / 4), reason)
        return await self.give_up(each, reason, words)

    async def give_up(self, each: SubscriptionObject, reason: str, words: str) -> Reconciliation:
        """Let an object go, although ours are left at SalesLoft as far as anybody knows.

        Args:
            each: The object.
            reason: Why, in one word.
            words: Why, for people.

        Raises:
            ClusterError: Kubernetes cannot be told.
        """
        ids = _known(each)
        log.warning("operator.orphaned", object=each.metadata.name, ids=ids, reason=reason)
        left = f"left at SalesLoft, delete them there: {named(ids)}" if ids else "nothing of ours is known at SalesLoft"
        await self._news.warned(each, ORPHANED, f"{left} ({words})")
        return await self._release(each, ORPHANED)

    async def _release(self, each: SubscriptionObject, reason: str = RELEASED) -> Reconciliation:
        self._absent.discard(each.metadata.uid)
        others = [name for name in each.metadata.finalizers if name != FINALIZER]
        self._letting_go[each.metadata.uid] = reason
        with suppress(ClusterNotFound):  # it is gone
            await self._cluster.set_finalizers(each, others)
        self._letting_go.pop(each.metadata.uid)
        return Reconciliation(ReconcileResult.SETTLED, None, reason)


def _problem(each: SubscriptionObject, done: Round) -> tuple[str, str] | None:
    """Why a round does not show that all of ours are gone, or will be: in one word, and for people; None: it does."""
    if done.error is not None:
        return str(done.failure), str(done.error)
    if done.plan.why is Why.TOKENS_HIDDEN:
        return done.plan.why, "SalesLoft shows no tokens: nobody can say which are ours"
    there = {one.id for one in done.found or ()}
    left = [identity for identity in _known(each) if identity in there]
    if left and not done.plan.steps:
        return "NotOurs", f"by their address and token no longer ours: {named(left)}"
    return None


def _known(each: SubscriptionObject) -> list[int]:
    """Ids of ours, as of when SalesLoft was last asked."""
    return [entry.id for entry in read_status(each.status).subscriptions or ()]
