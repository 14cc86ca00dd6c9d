"""A real API server, once for each process of the tests, and a namespace of its own for each test."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.operator import control_loop, deletion, lease, release, subscription_status, watches
from salesloft_webhooks.operator.cluster import Cluster, open_cluster
from salesloft_webhooks.salesloft import transport
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from salesloft_webhooks.subscriptions import carrying_out, reconciliation
from tests.chart.api_server import ApiServer
from tests.chart.declared import define
from tests.chart.rendering import TOOLS
from tests.operator.definitions import declare
from tests.operator.groups import LookedAfter, looked_after
from tests.operator.key_maker import KeyMaker
from tests.operator.team import Team
from tests.support.servers import Server

MISSING = "NO API SERVER: run `make tools` to test the operator (needs Go)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the API server where it is not there; in CI that fails."""
    if (TOOLS / "bin" / "kube-apiserver").exists():
        return
    for item in items:
        if "kubernetes" in getattr(item, "fixturenames", ()) or "own_kubernetes" in getattr(item, "fixturenames", ()):
            if os.environ.get("CI"):
                raise pytest.UsageError(MISSING)
            item.add_marker(pytest.mark.skip(reason=MISSING))


def _started(directory: Path) -> Iterator[ApiServer]:
    server = ApiServer(directory)
    try:
        server.start_bare()
        define(server)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A running API server that knows our kinds; not to be killed."""
    yield from _started(tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="session")
def own_kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One that tests may kill, if they start it again."""
    yield from _started(tmp_path_factory.mktemp("own"))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of a namespace that no other test has."""
    test: str = request.node.name
    return test.removeprefix("test_").replace("_", "-").replace("[", "-").rstrip("]")[:60].rstrip("-")


@pytest.fixture
def namespace(kubernetes: ApiServer, name: str) -> str:
    """A namespace of the test's own."""
    return kubernetes.namespace(name)


@pytest.fixture
async def cluster(kubernetes: ApiServer, namespace: str) -> AsyncIterator[Cluster]:
    """The namespace, as the operator sees it."""
    async with open_cluster(Settings.load(kubeconfig=kubernetes.kubeconfig(namespace)), "tests") as opened:
        yield opened


@pytest.fixture
async def maker(kubernetes: ApiServer, cluster: Cluster) -> KeyMaker:
    """One that has just begun to make keys, with an object and no Secret."""
    declare(kubernetes, cluster.namespace)
    return KeyMaker(cluster)


@pytest.fixture
async def groups(kubernetes: ApiServer, cluster: Cluster, valkey: Server) -> AsyncIterator[LookedAfter]:
    """A namespace and a store without a consumer group."""
    async with looked_after(kubernetes, cluster, valkey) as opened:
        yield opened


@pytest.fixture
async def team(kubernetes: ApiServer, namespace: str, valkey: Server) -> AsyncIterator[Team]:
    """A team, and Kubernetes; nothing is declared yet."""
    async with SimulatedPlatform(Behaviour(per_minute=100_000)) as platform:
        yield Team(kubernetes, namespace, platform, valkey)


@pytest.fixture
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of the operator and of its plans, shortened."""
    plan_module = sys.modules["salesloft_webhooks.subscriptions.plan"]  # the package has a function of that name
    monkeypatch.setattr(control_loop, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(control_loop, "SOON_SECONDS", 0.1)
    monkeypatch.setattr(watches, "FIRST_BACKOFF_SECONDS", 0.1)
    monkeypatch.setattr(carrying_out, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(reconciliation, "SOON_SECONDS", 0.1)
    monkeypatch.setattr(reconciliation, "FIRST_BACKOFF_SECONDS", 0.2)
    monkeypatch.setattr(transport, "BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(subscription_status, "SYNC_WRITTEN_SECONDS", 0.0)
    monkeypatch.setattr(plan_module, "DRAIN_SECONDS", 1.0)
    monkeypatch.setattr(deletion, "SECOND_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(plan_module, "SECOND_LOOK_SECONDS", 0.2)


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times faster."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.5)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(lease, "ACT_SECONDS", 1.0)
    monkeypatch.setattr(release, "LINGER_SECONDS", 2.0)
