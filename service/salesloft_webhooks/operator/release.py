"""The end of an installation: what its objects own at SalesLoft is given up, and the objects may go.

A Job of the chart runs it before anything is removed, while the operator still runs, or long after that has gone. The
operator must not bring back what is given up here, so its lease is taken by force:

    =====================================  =========================================================================
    step                                   died there, or the uninstall is given up
    =====================================  =========================================================================
    the lease is ours for `HOLD_SECONDS`   the operator takes it again after that, and goes on as before
    `lease.ACT_SECONDS` pass: whoever      as above
    held it does nothing any more
    each object at the same time: as its   run again: SalesLoft's list and the finalizers say what is left. Or the
    `deletionPolicy` says, then its        operator takes the lease again, and brings back what is declared
    finalizer goes
    time is up: the finalizer goes all     as above; an event names what is left at SalesLoft
    the same
    objects of groups that nobody has      as above
    declared are deleted
    the lease is kept for                  in this time the operator is removed. If it stays, no object is held before
    `LINGER_SECONDS`                       it has the lease again: one that is deleted goes, and ours may stay
    =====================================  =========================================================================

No other objects are deleted here: whoever has made them does that, and nothing keeps them.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.broker import new_consumer_name, open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
from salesloft_webhooks.errors import ClusterConflict, ClusterError, ClusterNotFound, ClusterUnavailable
from salesloft_webhooks.operator.api_group import FINALIZER, Kind
from salesloft_webhooks.operator.cluster import Cluster, open_cluster
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.deletion import ORPHANED, RELEASED, RETAINED, Deletion
from salesloft_webhooks.operator.group_declaration import declares_nothing
from salesloft_webhooks.operator.lease import seize
from salesloft_webhooks.operator.managed_keys import ManagedKeys
from salesloft_webhooks.operator.objects import GroupObject, SubscriptionObject
from salesloft_webhooks.operator.salesloft_access import SalesloftAccess
from salesloft_webhooks.operator.subscription_look import Looking
from salesloft_webhooks.operator.subscription_news import News
from salesloft_webhooks.operator.subscription_status import read_status
from salesloft_webhooks.operator.times import seconds_time
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import OperatorTelemetry

MARGIN_SECONDS = 30.0
"""The lease is held so much longer than is worked."""
LINGER_SECONDS = 60.0
SOON_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""For Kubernetes, when time is up."""


class Outcome(StrEnum):
    """What became of an object's subscriptions at SalesLoft."""

    DELETED = "deleted"
    """They are gone."""
    RETAINED = "retained"
    """They stay, as it declares."""
    ORPHANED = "orphaned"
    """They could not be deleted in time; somebody has to."""
    UNKNOWN = "unknown"
    """Somebody else has let the object go meanwhile; nobody here knows whether they are gone."""


LEFT_BEHIND = frozenset({Outcome.ORPHANED, Outcome.UNKNOWN})
"""With these, subscriptions may be left at SalesLoft."""
_OUTCOMES = {RELEASED: Outcome.DELETED, RETAINED: Outcome.RETAINED, ORPHANED: Outcome.ORPHANED}


class Released(Struct, frozen=True):
    """How it ended for one object.

    Attributes:
        name: The object's.
        outcome: See there.
        left: Ids of subscriptions that are left at SalesLoft, as far as the object's status knows them.
    """

    name: str
    outcome: Outcome
    left: tuple[int, ...] = ()


async def release(settings: Settings, seconds: float) -> list[Released]:
    """Give up what all objects of the namespace own.

    Args:
        settings: Those of the operator.
        seconds: How long that is tried; a little longer in all.

    Raises:
        ConfigurationError: nothing says where Kubernetes is.
        ClusterError: Kubernetes cannot be asked, or does not let us.
    """
    instance, until = new_consumer_name(), time.monotonic() + seconds
    async with (
        open_cluster(settings, instance) as cluster,
        open_store(settings) as store,
        SalesloftAccess(settings, store) as access,
    ):
        if not (await _declared(cluster) or await _made_groups(cluster)):
            return []
        lease = settings.operator_lease_name
        await seize(cluster.leases, lease, instance, seconds + MARGIN_SECONDS)
        telemetry = OperatorTelemetry(Kind.SUBSCRIPTION)
        looking = Looking(cluster, access, AnnouncedKeys(store), lambda: True, settings.operator_api_urls)
        deletion = Deletion(
            cluster, looking, ManagedKeys(cluster), News(cluster, telemetry), max(until - time.monotonic(), 0.0)
        )
        ended = await _Release(cluster, deletion, until).all()
        await _delete(cluster, await _made_groups(cluster))
        await seize(cluster.leases, lease, instance, LINGER_SECONDS)
        return ended


async def _declared(cluster: Cluster) -> list[SubscriptionObject]:
    """All objects; none where nobody knows their kind."""
    try:
        return await cluster.list_subscriptions()
    except ClusterNotFound:
        return []


async def _made_groups(cluster: Cluster) -> list[GroupObject]:
    """Objects of groups that nobody has declared: the operator has made them, to be looked at."""
    try:
        return [each for each in await cluster.list_groups() if declares_nothing(each)]
    except ClusterError:  # what is left of them does no harm
        return []


async def _delete(cluster: Cluster, groups: Sequence[GroupObject]) -> None:
    for each in groups:
        with suppress(ClusterError):
            await cluster.delete_group(each)


class _Release:
    """Of all objects, until a time of the monotonic clock."""

    def __init__(self, cluster: Cluster, deletion: Deletion, until: float) -> None:
        self._cluster, self._deletion, self._until = cluster, deletion, until
        self._began = seconds_time(time.time())

    async def all(self) -> list[Released]:
        """Each for itself: one that cannot be done holds up no other."""
        tasks = [self._one(each) for each in await self._held()]
        ended: Sequence[Released | BaseException] = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return [each for each in ended if isinstance(each, Released)]

    async def _held(self) -> list[SubscriptionObject]:
        return [each for each in await _declared(self._cluster) if FINALIZER in each.metadata.finalizers]

    async def _one(self, each: SubscriptionObject) -> Released:
        """Try again until it is done, or time is up; Kubernetes may fail now and then."""
        while True:
            try:
                if (now := await self._again(each)) is None:
                    return _released(each, self._unseen(each))
                ended = await self._attempt(now)
            except (ClusterConflict, ClusterUnavailable):
                if time.monotonic() > self._until + GRACE_SECONDS:
                    raise
                await asyncio.sleep(SOON_SECONDS)
                continue
            if (outcome := _OUTCOMES.get(ended.reason)) is not None:
                return _released(now, outcome)
            await asyncio.sleep(min(SOON_SECONDS if ended.seconds is None else ended.seconds, self._left()))

    async def _attempt(self, each: SubscriptionObject) -> Reconciliation:
        """As for an object that was deleted when this began."""
        deleted = replace(each, metadata=replace(each.metadata, deletion_timestamp=self._began))
        try:
            async with asyncio.timeout(self._left()):
                return await self._deletion.advance(deleted)
        except TimeoutError:
            return await self._deletion.give_up(deleted, "Unavailable", "there was no more time")

    async def _again(self, each: SubscriptionObject) -> SubscriptionObject | None:
        """The object as it is now; None: it does not wait for us any more."""
        return next((one for one in await self._held() if one.metadata.uid == each.metadata.uid), None)

    def _unseen(self, each: SubscriptionObject) -> Outcome:
        """Of an object that is gone: by a write of ours of which no answer came, or by somebody else."""
        reason = self._deletion.letting_go(each.metadata.uid)
        return Outcome.UNKNOWN if reason is None else _OUTCOMES[reason]

    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.0)


def _released(each: SubscriptionObject, outcome: Outcome) -> Released:
    known = read_status(each.status).subscriptions or () if outcome in LEFT_BEHIND else ()
    return Released(each.metadata.name, outcome, tuple(entry.id for entry in known))
