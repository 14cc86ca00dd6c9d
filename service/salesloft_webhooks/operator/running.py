"""The role: what is open, what runs, and in which order it ends."""

import asyncio
from collections.abc import Sequence
from typing import Any

from salesloft_webhooks.background import Background, run_until
from salesloft_webhooks.broker import new_consumer_name, open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
from salesloft_webhooks.errors import ClusterError
from salesloft_webhooks.operations import OperationsServer, stop_event
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster, open_cluster
from salesloft_webhooks.operator.control_loop import ControlLoop
from salesloft_webhooks.operator.deletion import Deletion
from salesloft_webhooks.operator.group_controller import LOOK_SECONDS, GroupController
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.managed_keys import ManagedKeys
from salesloft_webhooks.operator.release import release
from salesloft_webhooks.operator.salesloft_access import SalesloftAccess
from salesloft_webhooks.operator.subscription_controller import SubscriptionController
from salesloft_webhooks.operator.subscription_look import Looking
from salesloft_webhooks.operator.subscription_news import News
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import OperatorTelemetry, get_logger

STUCK_SECONDS = 900.0
"""Longer than any single wait: for SalesLoft's rate limit, for repeats, for a server that does not answer."""
REPORT_SECONDS = 0.5
ENDING_SECONDS = 10.0
"""For SalesLoft, when the namespace goes; with the wait for another holder of the lease less than a pod's grace."""

log = get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Keep what is declared true until ``stop`` is set, by default by SIGTERM or SIGINT.

    Raises:
        ConfigurationError: nothing says where Kubernetes is, or a port cannot be listened on.
    """
    instance = new_consumer_name()
    telemetry = OperatorTelemetry(Kind.SUBSCRIPTION, others=[Kind.GROUP], watched=[Kind.SECRET])
    with stop_event(stop) as stopping:
        async with (
            open_cluster(settings, instance) as cluster,
            open_store(settings) as store,
            SalesloftAccess(settings, store) as access,
        ):
            leadership = Leadership(cluster.leases, settings.operator_lease_name, instance)
            looking = Looking(cluster, access, AnnouncedKeys(store), leadership.may_act, settings.operator_api_urls)
            managed, news = ManagedKeys(cluster), News(cluster, telemetry)
            deletion = Deletion(cluster, looking, managed, news, settings.operator_deletion_seconds)
            controller = SubscriptionController(cluster, leadership, looking, managed, deletion, telemetry)
            resync = settings.operator_resync_seconds
            groups = GroupController(cluster, store, leadership.may_act, telemetry)
            loops: list[ControlLoop[Any]] = [
                ControlLoop(controller, cluster, leadership, telemetry, resync_seconds=resync),
                ControlLoop(groups, cluster, leadership, telemetry, resync_seconds=LOOK_SECONDS),
            ]
            work = Work(leadership, loops, telemetry)
            async with OperationsServer(settings.host, settings.ops_port, live=work.not_live, ready=work.not_ready):
                await run_until(stopping, work.run())
                await _end_with(cluster, settings)


async def _end_with(cluster: Cluster, settings: Settings) -> None:
    """Let all objects go if the namespace does: pods go first there, and nobody else would do it after us."""
    try:
        if await cluster.is_ending():
            await release(settings, ENDING_SECONDS)
    except ClusterError as exc:
        log.warning("operator.not_released", error=str(exc))


class Work:
    """The lease and the loops: these end first, so that nobody else begins while something is done here.

    Args:
        leadership: The lease.
        loops: What is done while it is held.
        telemetry: Who is told.
    """

    def __init__(self, leadership: Leadership, loops: Sequence[ControlLoop[Any]], telemetry: OperatorTelemetry) -> None:
        self._leadership, self._loops, self._telemetry = leadership, loops, telemetry
        self._led = False

    async def run(self) -> None:
        """Go on until cancelled.

        Raises:
            Exception: a loop has ended by a mistake of ours.
        """
        async with Background() as lease:
            lease.start(self._leadership.keep(), name="lease")
            lease.repeat(self._report, name="leading", every_seconds=REPORT_SECONDS)
            async with Background() as loops:
                for number, loop in enumerate(self._loops):
                    loops.start(loop.run(), name=f"loop {number}")
                loops.start(_fails_with(lease), name="failure of the lease")
                await loops.failure()

    def not_live(self) -> str | None:
        """Why the process should be restarted; None: it gets on."""
        busy = max((loop.busy_seconds for loop in self._loops), default=0.0)
        return f"one look takes {busy:.0f} s" if busy > STUCK_SECONDS else None

    def not_ready(self) -> str | None:
        """Why it cannot work; None: it can, or waits for its turn."""
        return self._leadership.problem

    async def _report(self) -> None:
        leads = self._leadership.may_act()
        if leads is not self._led:
            self._led = leads
            self._telemetry.leading(leads=leads)


async def _fails_with(background: Background) -> None:
    raise await background.failure()
