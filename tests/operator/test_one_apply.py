"""From an empty cluster by one command, and a key that gets old, with a receiver and a SalesLoft that delivers."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from salesloft_webhooks.operator.api_group import API_VERSION, Kind
from salesloft_webhooks.operator.key_secret import KEY_SINCE
from tests.chart.api_server import ApiServer
from tests.operator.definitions import patch, path
from tests.operator.pasted import needs_kubectl
from tests.operator.test_managed_rotation_with_deaths import MANAGED, ManagedWorld, subscriptions
from tests.operator.test_rotation_with_deaths import EVENTS, RATE
from tests.support.receiver_process import PATH
from tests.support.servers import Server

LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture
def world(kubernetes: ApiServer, namespace: str, valkey: Server, tmp_path: Path) -> Iterator[ManagedWorld]:
    """All of it at work, and in the cluster nothing but the operators' lease."""
    with ExitStack() as stack:
        world = ManagedWorld(kubernetes, namespace, valkey, tmp_path, stack)
        for name in ("salesloft-keys", "salesloft-api"):
            kubernetes.request("DELETE", path(namespace, Kind.SECRET, name))
        yield world


def declared(world: ManagedWorld) -> str:
    """A login, and every event type that can be queued, with keys that the operator makes and changes each day."""
    spec = {
        "callbackUrl": f"http://127.0.0.1:{world.receiver.port}{PATH}",
        "events": EVENTS,
        "api": {"baseUrl": world.salesloft.api_url, "tokenSecretRef": {"name": "salesloft-api"}},
        "keys": MANAGED,
        "rotation": {"every": "24h"},
    }
    items = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "salesloft-api"},
            "stringData": {"token": world.salesloft.token},
        },
        {"apiVersion": API_VERSION, "kind": str(Kind.SUBSCRIPTION), "metadata": {"name": "sales"}, "spec": spec},
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@needs_kubectl
def test_one_command_declares_all_and_time_changes_the_key(world: ManagedWorld) -> None:
    """Each event type is delivered; a day later another key signs all of them: 0 refused, 0 lost."""
    config = {"KUBECONFIG": str(world.team.kubernetes.kubeconfig(world.team.namespace))}
    applied = subprocess.run(
        ["kubectl", "apply", "-f", "-"], input=declared(world), env=os.environ | config, text=True, check=False
    )
    world.until(lambda keys: world._is("Idle") and len(keys[0]) == 64, "everything is delivered")
    (old,) = world.copied()
    summary = world.team.status()["summary"]
    world.salesloft.ask("PUT", "/load", {"rate": RATE})

    made = {"metadata": {"annotations": {KEY_SINCE: LONG_AGO}}}
    patch(world.team.kubernetes, world.team.namespace, Kind.SECRET, "salesloft-keys", made)
    world.until(lambda keys: keys[1:] == [old], "another key is there")
    world.until(lambda keys: len(keys) == 1 and keys != [old] and world._is("Idle"), "the old key is gone")

    account = world.salesloft.settled()
    assert (applied.returncode, summary) == (0, f"{len(EVENTS)}/{len(EVENTS)}")
    assert account["reached"] > 5 * RATE
    assert (account["lost"], account["given_up"], account["unsubscribed"]) == (0, 0, 0)
    assert set(account["answers"]) == {"200"}
    assert subscriptions(world) == len(EVENTS)
