"""A loop whose controller only counts, led by one who leads as long as it is said so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.control_loop import ControlLoop
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.telemetry import OperatorTelemetry, ReconcileResult
from tests.support.waiting import eventually

LONG = 3600.0
SETTLED = Reconciliation(ReconcileResult.SETTLED)


class Looks:
    """Counts looks at objects.

    Attributes:
        looks: By name of the object.
        lists: How often everything was listed.
        watched: Names of Secrets.
        answer: What a look comes to.
    """

    kind = Kind.SUBSCRIPTION

    def __init__(self, cluster: Cluster) -> None:
        self.looks: Counter[str] = Counter()
        self.lists = 0
        self.watched: list[str] = []
        self.answer: Callable[[SubscriptionObject], Reconciliation] = lambda _: SETTLED
        self._cluster = cluster

    async def list(self) -> Sequence[SubscriptionObject]:
        """See `Controller`."""
        self.lists += 1
        return await self._cluster.list_subscriptions()

    async def reconcile(self, each: SubscriptionObject) -> Reconciliation:
        """See `Controller`."""
        self.looks[each.metadata.name] += 1
        return self.answer(each)

    def secrets(self, objects: Sequence[SubscriptionObject]) -> Collection[str]:  # noqa: ARG002 - as it is called
        """See `Controller`."""
        return self.watched


class Leader(Leadership):
    """One that leads as long as it is said so."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.leases, "unused", "unused")
        self.leads = True
        self.term = 1

    def may_act(self) -> bool:
        """See `Leadership`."""
        return self.leads

    async def granted(self) -> int:
        """See `Leadership`."""
        await eventually(lambda: self.leads, "it leads again")
        return self.term


@asynccontextmanager
async def counted(
    cluster: Cluster, *, resync_seconds: float = LONG, silence_seconds: float = LONG
) -> AsyncIterator[tuple[Looks, Leader]]:
    """A loop that runs; its controller and who leads."""
    controller, leader = Looks(cluster), Leader(cluster)
    telemetry = OperatorTelemetry(Kind.SUBSCRIPTION, watched=[Kind.SECRET])
    loop = ControlLoop(
        controller,
        cluster,
        leader,
        telemetry,
        resync_seconds=resync_seconds,
        silence_seconds=silence_seconds,
    )
    running = asyncio.ensure_future(loop.run())
    try:
        yield controller, leader
        assert not running.done()
    finally:
        await cancel_and_wait([running])
