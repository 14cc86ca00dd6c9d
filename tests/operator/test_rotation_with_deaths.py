"""The whole: SalesLoft delivers, the key is changed, and whoever works on it is killed meanwhile."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from salesloft_webhooks.subscriptions.steps import LINK_SWAP
from tests.chart.api_server import ApiServer
from tests.operator.team import KEY, NEXT_KEY, Team
from tests.support.operator_process import OperatorProcess
from tests.support.receiver_process import PATH, ReceiverProcess
from tests.support.servers import Server
from tests.support.simulator_process import SimulatorProcess
from tests.support.waiting import wait_until

RATE = 40
EVENTS = sorted(DOTTED.keys() - {LINK_SWAP})
PROGRAM = (sys.executable, "-m", "tests.operator.short_operator")


class World:
    """A SalesLoft that delivers, one receiver, two operators, and an API server that may be killed."""

    def __init__(self, kubernetes: ApiServer, namespace: str, valkey: Server, folder: Path, stack: ExitStack) -> None:
        self.key_file = folder / "callback-secret"
        self.key_file.write_text(KEY, "utf-8")
        options = ("--retry-seconds=2", "--per-minute=100000")
        self.salesloft = stack.enter_context(SimulatorProcess(options))
        settings = {"SALESLOFT_CALLBACK_SECRET_FILE": str(self.key_file), "SALESLOFT_CALLBACK_TOKEN": ""}
        self.receiver = stack.enter_context(ReceiverProcess(valkey.url, settings | {"SALESLOFT_WEBHOOK_SECRET": ""}))
        self.team = Team(kubernetes, namespace, SimulatedPlatform(), valkey)
        self.team.login(self.salesloft.token)
        self.team.keys(KEY)
        self.operators = [self._operator(kubernetes, namespace, valkey, stack) for _ in range(2)]

    def _operator(self, kubernetes: ApiServer, namespace: str, valkey: Server, stack: ExitStack) -> OperatorProcess:
        settings = {"OPERATOR_API_URLS": self.salesloft.api_url, "OPERATOR_RESYNC_SECONDS": "1"}
        operator = OperatorProcess(kubernetes.kubeconfig(namespace), valkey.url, settings, program=PROGRAM)
        stack.callback(operator.kill)
        return operator.start()

    def declare(self) -> None:
        """Subscribe to everything."""
        self.team.declare(
            api={"baseUrl": self.salesloft.api_url, "tokenSecretRef": {"name": "salesloft-api"}},
            callbackUrl=f"http://127.0.0.1:{self.receiver.port}{PATH}",
            events=EVENTS,
        )

    def keys(self, *keys: str) -> None:
        """Write the Secret, which the receivers' machine copies to its file."""
        self.team.keys(*keys)
        self.key_file.write_text(",".join(keys), "utf-8")

    def shows(self, phase: str, *, seconds: float = 30) -> None:
        """Wait until the object shows a phase of the rotation, and that everything is delivered."""
        wait_until(lambda: self._is(phase), seconds=seconds, description=f"everything is delivered, {phase}")

    def _is(self, phase: str) -> bool:
        try:
            shown = self.team.status().get("rotationPhase"), self.team.condition("Ready")[0]
        except OSError:
            return False
        return shown == (phase, "True")

    def leader(self) -> OperatorProcess:
        """The operator that works."""
        wait_until(lambda: any(each.leads for each in self.operators), description="one leads")
        return next(each for each in self.operators if each.leads)


@pytest.fixture
def world(own_kubernetes: ApiServer, name: str, valkey: Server, tmp_path: Path) -> Iterator[World]:
    """All of it, at work; nothing is declared yet."""
    with ExitStack() as stack:
        yield World(own_kubernetes, own_kubernetes.namespace(name), valkey, tmp_path, stack)


def test_no_delivery_is_refused_or_lost(world: World, own_kubernetes: ApiServer) -> None:
    """While the key is changed under load, leader, API server and receiver are killed: 0 refused, 0 lost."""
    world.declare()
    world.shows("Idle")
    world.salesloft.ask("PUT", "/load", {"rate": RATE})

    world.keys(NEXT_KEY, KEY)
    wait_until(lambda: _subscriptions(world) > len(EVENTS), seconds=20, description="the change has begun")
    leader = world.leader()
    leader.kill()
    world.operators.remove(leader)
    own_kubernetes.kill()
    world.receiver.kill()
    world.receiver.start()
    own_kubernetes.serve()
    world.shows("Retiring", seconds=60)
    world.keys(NEXT_KEY)
    world.shows("Idle")

    account = world.salesloft.settled()
    assert account["reached"] > 5 * RATE
    assert (account["lost"], account["given_up"], account["unsubscribed"]) == (0, 0, 0)
    assert {answer for answer in account["answers"] if answer.startswith("4")} == set()
    assert _subscriptions(world) == len(EVENTS)


def _subscriptions(world: World) -> int:
    return int(world.salesloft.account()["subscriptions"]["all"])
