"""The role as processes: who leads when one is killed or stopped, and what one takes."""

import time
from collections.abc import Iterator

import psutil
import pytest

from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.chart.api_server import ApiServer
from tests.operator.team import EVENTS, KEY, Team
from tests.support.operator_process import OperatorProcess
from tests.support.servers import Server
from tests.support.simulator_process import SimulatorProcess
from tests.support.waiting import wait_until

MEBIBYTE = 1_048_576


@pytest.fixture
def operators(
    kubernetes: ApiServer, namespace: str, valkey: Server
) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """Two of one namespace, not started."""
    config = kubernetes.kubeconfig(namespace)
    both = OperatorProcess(config, valkey.url), OperatorProcess(config, valkey.url)
    try:
        yield both
    finally:
        for each in both:
            each.kill()


def test_a_killed_leader_is_followed(operators: tuple[OperatorProcess, OperatorProcess]) -> None:
    """After SIGKILL the other one leads when the lease has ended, and not before."""
    first, second = operators
    first.start()
    wait_until(lambda: first.leads, description="the first leads")
    second.start()
    assert not second.leads

    first.kill()
    began = time.monotonic()
    wait_until(lambda: second.leads, seconds=25, description="the second leads")

    assert 9 < time.monotonic() - began < 20


def test_a_stopped_leader_hands_over_at_once(operators: tuple[OperatorProcess, OperatorProcess]) -> None:
    """After SIGTERM a leader ends with 0, and the other one leads at its next look."""
    first, second = operators
    first.start()
    wait_until(lambda: first.leads, description="the first leads")
    second.start()

    began = time.monotonic()
    code = first.stop()
    wait_until(lambda: second.leads, seconds=10, description="the second leads")

    assert code == 0
    assert time.monotonic() - began < 6


async def test_one_at_work_takes_little(kubernetes: ApiServer, namespace: str, valkey: Server) -> None:
    """With its subscriptions registered the process has 66 MiB, of which 53 are what every role loads."""
    with SimulatorProcess() as salesloft:
        team = Team(kubernetes, namespace, SimulatedPlatform(), valkey)
        team.login(salesloft.token)
        team.keys(KEY)
        await team.accept(KEY)
        login = {"baseUrl": salesloft.api_url, "tokenSecretRef": {"name": "salesloft-api"}}
        team.declare(api=login)
        settings = {"OPERATOR_API_URLS": salesloft.api_url}
        operator = OperatorProcess(kubernetes.kubeconfig(namespace), valkey.url, settings)
        try:
            operator.start()
            await team.ready()

            taken = psutil.Process(operator.pid).memory_info().rss / MEBIBYTE
            assert operator.probe("/livez") == 200
            active = operator.metric("salesloft_webhooks_operator_subscriptions", object="sales", state="active")
        finally:
            operator.kill()

    assert active == len(EVENTS)
    assert taken < 75
