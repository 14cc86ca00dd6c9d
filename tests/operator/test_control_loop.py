"""The loop: what rings it, what it does with a list, and what it does not do without one."""

import asyncio

import pytest

from salesloft_webhooks.errors import ClusterConflict, SalesloftUnavailable
from salesloft_webhooks.operator import cluster_connection, control_loop, watches
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster, open_cluster
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReconcileResult, WatchEnd
from salesloft_webhooks.telemetry.operator_telemetry import WATCH_RESTARTS
from tests.chart.api_server import ApiServer
from tests.chart.declared import served
from tests.operator.counted_looks import SETTLED, counted
from tests.operator.definitions import declare, patch, path
from tests.operator.proxy import proxy_to
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_loop, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(control_loop, "SOON_SECONDS", 0.1)
    monkeypatch.setattr(watches, "FIRST_BACKOFF_SECONDS", 0.2)


async def test_a_new_object_is_looked_at_at_once(kubernetes: ApiServer, cluster: Cluster) -> None:
    """The bell of the watch rings for it; the other object is left alone."""
    declare(kubernetes, cluster.namespace)
    async with counted(cluster) as (controller, _):
        await eventually(lambda: controller.looks["sales"] >= 1, "the first is looked at")
        await asyncio.sleep(0.5)
        before = controller.looks["sales"]

        declare(kubernetes, cluster.namespace, "other")

        await eventually(lambda: controller.looks["other"] == 1, "the new one is looked at", seconds=3)
        assert controller.looks["sales"] == before


async def test_a_status_rings_no_bell(kubernetes: ApiServer, cluster: Cluster) -> None:
    """What the operator itself writes does not make it look again; a change of the spec does."""
    declare(kubernetes, cluster.namespace)
    async with counted(cluster) as (controller, _):
        await eventually(lambda: controller.looks["sales"] >= 1, "it is looked at")
        await asyncio.sleep(0.5)
        before = controller.lists
        (found,) = await cluster.list_subscriptions()
        await cluster.patch_status(found, {"summary": "4/4"})
        await asyncio.sleep(0.5)
        after_status = controller.lists

        patch(kubernetes, cluster.namespace, Kind.SUBSCRIPTION, "sales", {"spec": {"suspend": True}})

        await eventually(lambda: controller.lists > after_status, "the spec rings", seconds=3)
        assert after_status == before


async def test_everything_is_looked_at_from_time_to_time(kubernetes: ApiServer, cluster: Cluster) -> None:
    """Without any change each object is looked at every `resync_seconds`."""
    declare(kubernetes, cluster.namespace)
    async with counted(cluster, resync_seconds=0.3) as (controller, _):
        await eventually(lambda: controller.looks["sales"] >= 4, "it is looked at again and again", seconds=4)


async def test_an_object_may_ask_for_an_earlier_look(kubernetes: ApiServer, cluster: Cluster) -> None:
    """One that waits for a time is looked at then, and the other one is not."""
    declare(kubernetes, cluster.namespace)
    declare(kubernetes, cluster.namespace, "other")
    async with counted(cluster) as (controller, _):
        soon = Reconciliation(ReconcileResult.PROGRESSING, 0.2)
        controller.answer = lambda each: soon if each.metadata.name == "sales" else SETTLED

        await eventually(lambda: controller.looks["sales"] > controller.looks["other"] + 3, "it is looked at", 5)


async def test_a_changed_secret_has_everything_looked_at(kubernetes: ApiServer, cluster: Cluster) -> None:
    """A Secret that the objects depend on rings; another Secret does not."""
    declare(kubernetes, cluster.namespace)
    async with counted(cluster) as (controller, _):
        controller.watched = ["api"]
        patch(kubernetes, cluster.namespace, Kind.SUBSCRIPTION, "sales", {"spec": {"suspend": True}})
        await asyncio.sleep(1)
        _secret(kubernetes, cluster.namespace, "other")
        await asyncio.sleep(0.5)
        before = controller.looks["sales"]

        _secret(kubernetes, cluster.namespace, "api")

        await eventually(lambda: controller.looks["sales"] > before, "it is looked at", seconds=3)


def _secret(server: ApiServer, namespace: str, name: str) -> None:
    server.request("POST", path(namespace, Kind.SECRET), {"metadata": {"name": name}})


async def test_a_failure_of_one_does_not_stop_the_others(kubernetes: ApiServer, cluster: Cluster) -> None:
    """An error of ours, SalesLoft's or Kubernetes' for one object is tried again, and the next object has its turn."""
    for name in ("a", "b", "c", "d"):
        declare(kubernetes, cluster.namespace, name)
    errors = {"a": RuntimeError("a mistake"), "b": SalesloftUnavailable("away"), "c": ClusterConflict("changed")}

    def answer(each: SubscriptionObject) -> Reconciliation:
        if error := errors.get(each.metadata.name):
            raise error
        return SETTLED

    async with counted(cluster) as (controller, _):
        controller.answer = answer

        await eventually(lambda: controller.looks["d"] >= 1, "the last is looked at")
        await eventually(lambda: min(controller.looks[name] for name in "abc") >= 3, "the others again", seconds=5)


async def test_nothing_is_done_by_who_does_not_lead(kubernetes: ApiServer, cluster: Cluster) -> None:
    """One that leads no more looks at nothing; when it leads again it looks at everything."""
    declare(kubernetes, cluster.namespace)
    async with counted(cluster) as (controller, leader):
        await eventually(lambda: controller.looks["sales"] >= 1, "it is looked at")
        await asyncio.sleep(0.5)
        leader.leads = False
        before = controller.looks["sales"]
        patch(kubernetes, cluster.namespace, Kind.SUBSCRIPTION, "sales", {"spec": {"suspend": True}})
        await asyncio.sleep(0.5)
        without = controller.looks["sales"]

        leader.leads, leader.term = True, 2

        await eventually(lambda: controller.looks["sales"] > without, "it is looked at again", seconds=3)
        assert without == before


async def test_a_silent_watch_begins_anew(
    kubernetes: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that loses everything without a word is noticed by its silence, and changes are seen again."""
    monkeypatch.setattr(cluster_connection, "ANSWER_SECONDS", 2.0)
    async with proxy_to(kubernetes.port) as proxy:
        config = kubernetes.kubeconfig(namespace, port=proxy.port)
        async with (
            open_cluster(Settings.load(kubeconfig=config), "tests") as cluster,
            counted(cluster, silence_seconds=3.0) as (controller, _),
        ):
            for number in (1, 2):  # the first may be in the first list, the second is seen by the watch
                declare(kubernetes, namespace, f"sales-{number}")
                await eventually(lambda: len(controller.looks) == number, "it is looked at")  # noqa: B023 - in this round
            proxy.swallow()

            declare(kubernetes, namespace)

            await eventually(lambda: controller.looks["sales"] >= 1, "the new object is looked at", seconds=25)


async def test_an_api_server_that_comes_back_is_believed(own_kubernetes: ApiServer) -> None:
    """While it is away nothing is looked at, on no old list either; what is declared after its return is seen."""
    namespace = own_kubernetes.namespace("comes-back")
    declare(own_kubernetes, namespace)
    config = Settings.load(kubeconfig=own_kubernetes.kubeconfig(namespace))
    async with open_cluster(config, "tests") as cluster, counted(cluster, resync_seconds=0.2) as (controller, _):
        await eventually(lambda: controller.looks["sales"] >= 2, "it is looked at")

        own_kubernetes.kill()
        await asyncio.sleep(0.3)
        before = controller.looks["sales"]
        await asyncio.sleep(1.0)
        meanwhile = controller.looks["sales"]
        await asyncio.to_thread(own_kubernetes.serve)
        await eventually(lambda: bool(served(own_kubernetes)), "our kinds are served", seconds=30)
        declare(own_kubernetes, namespace, "other")

        await eventually(lambda: controller.looks["other"] >= 2, "the new one is looked at", seconds=20)
        assert meanwhile == before


async def test_a_watch_that_is_too_old_begins_anew(own_kubernetes: ApiServer) -> None:
    """A server that was away says 410 to a watch that goes on where it was: it begins anew, and sees what it missed."""
    namespace, expired = own_kubernetes.namespace("too-old"), WATCH_RESTARTS.labels(Kind.SUBSCRIPTION, WatchEnd.EXPIRED)
    async with proxy_to(own_kubernetes.port, own_kubernetes.trust) as proxy:
        config = own_kubernetes.kubeconfig(namespace, port=proxy.port, scheme="http")
        async with open_cluster(Settings.load(kubeconfig=config), "tests") as cluster, counted(cluster) as (looks, _):
            for number in (1, 2):  # the first may be in the first list, the second is seen by the watch
                declare(own_kubernetes, namespace, f"sales-{number}")
                await eventually(lambda: len(looks.looks) == number, "it is looked at")  # noqa: B023 - in this round
            before = expired._value.get()
            proxy.swallow()
            declare(own_kubernetes, namespace, "missed")
            own_kubernetes.kill()
            await asyncio.to_thread(own_kubernetes.serve)
            await eventually(lambda: _remembers(own_kubernetes, namespace), "it knows what has changed", seconds=30)

            proxy.end()

            await eventually(lambda: looks.looks["missed"] >= 1, "what was missed is looked at", seconds=20)
            assert expired._value.get() == before + 1


def _remembers(server: ApiServer, namespace: str) -> bool:
    """Whether it answers out of what it remembers, which is where watches begin."""
    try:
        return bool(server.request("GET", f"{path(namespace, Kind.SUBSCRIPTION)}?resourceVersion=0")["items"])
    except OSError:
        return False
