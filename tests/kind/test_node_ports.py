"""Receivers as somebody outside of the cluster reaches them: at a port of each node, and at an address of one."""

import json
import signal
import subprocess
import sys
import urllib.request
from typing import Any, Self

import pytest

from tests.chart.rendering import Values
from tests.kind.cluster import (
    RELEASE,
    SECRET,
    Release,
    entries,
    kubectl,
    objects,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.outsider import IN_POD
from tests.support.waiting import wait_until

SERVICE = f"{RELEASE}-receiver"


class FromHere:
    """Deliveries from this machine, which is none of the cluster's, as `Sender` makes them from a pod.

    Args:
        address: Host and port.

    Attributes:
        result: As a `Sender`'s.
    """

    def __init__(self, address: str) -> None:
        self.result: dict[str, Any] = {}
        self._command = [sys.executable, str(IN_POD / "sender.py"), address, SECRET, "10", "0"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        said = self._process.communicate(timeout=60)[0]
        self.result = json.loads(said)


@pytest.fixture(scope="module")
def addresses(release: Release) -> tuple[str, str]:
    """Where the Service is reached: a node's address with a port of the nodes, and one with the Service's own."""
    workers = objects("nodes", "--selector=!node-role.kubernetes.io/control-plane")
    first, second = map(address, workers)
    values: Values = {"receiver": {"service": {"type": "NodePort", "externalIPs": [second]}}}
    release.install(values)
    (service,) = objects("services", f"--field-selector=metadata.name={SERVICE}")
    (opened,) = service["spec"]["ports"]
    return f"{first}:{opened['nodePort']}", f"{second}:{opened['port']}"


def address(node: dict[str, Any]) -> str:
    """The node's own, in the network that it shares with this machine."""
    return next(str(each["address"]) for each in node["status"]["addresses"] if each["type"] == "InternalIP")


def test_none_from_outside_is_refused_while_receivers_are_replaced(addresses: tuple[str, str]) -> None:
    """Both ways lead to receivers, also to those on another node; no delivery fails, and each is stored and handled."""
    before = entries()
    wait_until(lambda: all(map(healthy, addresses)), seconds=60, description="load balancers find both in health")

    with FromHere(addresses[0]) as by_port, FromHere(addresses[1]) as by_address:
        kubectl("rollout", "restart", f"deployment/{SERVICE}")
        wait_until_rolled_out("receiver", pods=2)

    assert (by_port.result["failed"], by_address.result["failed"]) == ({}, {})
    assert min(by_port.result["sent"], by_address.result["sent"]) > 0
    wait_until_handled()
    assert entries() - before == by_port.result["sent"] + by_address.result["sent"]


def healthy(place: str) -> bool:
    """Whether it answers as a load balancer's probe wants it, on the port that serves."""
    try:
        with urllib.request.urlopen(f"http://{place}/healthz", timeout=5) as answer:
            return int(answer.status) == 200
    except OSError:
        return False
