"""An operator that is killed while it pauses and resumes: a real process, and SIGKILL at the first sign of work."""

import time
from collections.abc import Callable

from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.settings import Settings
from tests.chart.api_server import ApiServer
from tests.operator.groups import LookedAfter
from tests.support.broker_driver import Driven
from tests.support.operator_process import OperatorProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until

LEASES = "apis/coordination.k8s.io/v1/namespaces/{}/leases/salesloft-webhooks-operator"
PARTITIONS = 64
"""Many steps, so that a kill at the first of them comes before the last."""


async def test_a_killed_operator_is_followed_by_one_that_ends_its_work(
    kubernetes: ApiServer, cluster: Cluster, valkey: Server
) -> None:
    """Killed as soon as it has begun to pause, and again to resume: the next one has every partition as declared."""
    settings = Settings.load(redis_url=SecretStr(valkey.url), partitions=PARTITIONS)
    async with open_store(settings) as store:
        groups = LookedAfter(kubernetes, cluster, Driven(store, settings, valkey), store)
        await groups.driven.publish("e1")
        await groups.driven.group()
        groups.declare()

        killed_at_work(groups, until=lambda paused: paused > 0, paused=True)
        killed_at_work(groups, until=lambda paused: paused < PARTITIONS, paused=None)

        assert await groups.takes()


def killed_at_work(groups: LookedAfter, *, until: Callable[[int], bool], paused: bool | None) -> None:
    """Declare it under an operator that is killed as soon as it begins, and have another one end it."""
    namespace, server = groups.cluster.namespace, groups.driven.server
    operator = OperatorProcess(groups.kubernetes.kubeconfig(namespace), server.url).start()
    try:
        wait_until(
            lambda: operator.metric("salesloft_webhooks_operator_leader") == 1, seconds=20, description="it leads"
        )
        groups.change(paused=paused)
        spin_until(lambda: until(count(groups)))
    finally:
        operator.kill()
    groups.kubernetes.request("DELETE", LEASES.format(namespace))  # the dead one holds it for fifteen seconds
    operator.start()
    try:
        wait_until(lambda: count(groups) == (PARTITIONS if paused else 0), seconds=20, description="it is ended")
    finally:
        assert operator.stop() == 0


def spin_until(condition: Callable[[], bool]) -> None:
    """Like `wait_until`, without a rest: what is waited for is over within milliseconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it does not begin"


def count(groups: LookedAfter) -> int:
    """How many partitions are paused."""
    return len(groups.driven.keys("*:pause"))
