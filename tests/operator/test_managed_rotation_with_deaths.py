"""The whole once more, with keys that the operator makes: nobody writes a Secret, and then all is given up."""

import base64
import os
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.managed_keys import ROTATE
from tests.chart.api_server import ApiServer
from tests.operator.definitions import path
from tests.operator.test_rotation_with_deaths import EVENTS, PROGRAM, RATE, World
from tests.support.receiver_process import PATH
from tests.support.servers import Server
from tests.support.waiting import wait_until

MANAGED = {"mode": "Manage", "secretRef": {"name": "salesloft-keys", "key": "callback-secret"}}


class ManagedWorld(World):
    """There is no Secret of ours; what is in the operator's reaches the receiver's file, as the kubelet brings it."""

    def copied(self) -> list[str]:
        """The keys in the Secret, which the receiver has from now on; those of before while nobody can say."""
        there = self.key_file.read_text("utf-8").split(",")
        with suppress(OSError, urllib.error.HTTPError):
            found = self.team.kubernetes.request("GET", path(self.team.namespace, Kind.SECRET, "salesloft-keys"))
            there = base64.b64decode(found["data"]["callback-secret"]).decode().split(",")
        self.key_file.write_text(",".join(there), "utf-8")
        return there

    def until(self, condition: Callable[[list[str]], bool], description: str, seconds: float = 60) -> None:
        """Wait for something, while keys are copied."""
        wait_until(lambda: condition(self.copied()), seconds=seconds, description=description)


@pytest.fixture
def world(own_kubernetes: ApiServer, name: str, valkey: Server, tmp_path: Path) -> Iterator[ManagedWorld]:
    """All of it, at work; nothing is declared yet."""
    with ExitStack() as stack:
        world = ManagedWorld(own_kubernetes, own_kubernetes.namespace(name), valkey, tmp_path, stack)
        own_kubernetes.request("DELETE", path(world.team.namespace, Kind.SECRET, "salesloft-keys"))
        yield world


def test_a_wish_changes_the_key_and_an_uninstall_takes_all_back(world: ManagedWorld, own_kubernetes: ApiServer) -> None:
    """Under load, while leader, API server and receiver are killed: 0 refused, 0 lost; in the end nothing is left."""
    world.team.declare(
        api={"baseUrl": world.salesloft.api_url, "tokenSecretRef": {"name": "salesloft-api"}},
        callbackUrl=f"http://127.0.0.1:{world.receiver.port}{PATH}",
        events=EVENTS,
        keys=MANAGED,
    )
    world.until(lambda keys: world._is("Idle") and len(keys[0]) == 64, "everything is delivered")
    (old,) = world.copied()
    world.salesloft.ask("PUT", "/load", {"rate": RATE})

    world.team.change(metadata={"annotations": {ROTATE: "now"}})
    world.until(lambda keys: keys[1:] == [old] and subscriptions(world) > len(EVENTS), "the change has begun")
    leader = world.leader()
    leader.kill()
    world.operators.remove(leader)
    own_kubernetes.kill()
    world.receiver.kill()
    world.receiver.start()
    own_kubernetes.serve()
    world.until(lambda keys: len(keys) == 1 and keys != [old] and world._is("Idle"), "the old key is gone")
    account = world.salesloft.settled()
    released = release(world)

    assert account["reached"] > 5 * RATE
    assert (account["lost"], account["given_up"], account["unsubscribed"]) == (0, 0, 0)
    assert {answer for answer in account["answers"] if answer.startswith("4")} == set()
    assert (released, subscriptions(world)) == (0, 0)
    assert world.team.found()["metadata"].get("finalizers", []) == []
    assert not any(each.leads for each in world.operators)


def subscriptions(world: ManagedWorld) -> int:
    """How many SalesLoft has."""
    return int(world.salesloft.account()["subscriptions"]["all"])


def release(world: ManagedWorld) -> int:
    """What an uninstall begins with; its exit code."""
    environment = {
        "KUBECONFIG": str(world.team.kubernetes.kubeconfig(world.team.namespace)),
        "REDIS_URL": world.team.valkey.url,
        "OPERATOR_API_URLS": world.salesloft.api_url,
    }
    program = [*PROGRAM, "release", "--yes"]
    return subprocess.run(program, env=os.environ | environment, stderr=sys.stderr, check=False).returncode
