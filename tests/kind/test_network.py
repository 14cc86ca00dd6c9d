"""The NetworkPolicies on a network that enforces them: what is not needed is closed, what is needed is open."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kind.cluster import OUTSIDE, RELEASE, Release, apply, kubectl, objects, pods
from tests.kind.outsider import Stranger, reaches
from tests.support.waiting import wait_until

HTTP, OPS, VALKEY = 8000, 9090, 6379
MONITORING = "monitoring"


@pytest.fixture(scope="module")
def strangers() -> Iterator[dict[str, Stranger]]:
    """A pod outside, and one where Prometheus is expected to be."""
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": MONITORING}})
    with ExitStack() as stack:
        yield {name: stack.enter_context(Stranger(name)) for name in (OUTSIDE, MONITORING)}


def address(component: str) -> str:
    """A pod of the component, by its own address."""
    return str(pods(component)[0]["status"]["podIP"])


@pytest.mark.parametrize(
    ("who", "component", "port", "open_"),
    [
        (OUTSIDE, "receiver", HTTP, True),
        (OUTSIDE, "receiver", OPS, False),
        (OUTSIDE, "worker", OPS, False),
        (OUTSIDE, "valkey", VALKEY, False),
        (MONITORING, "receiver", OPS, True),
        (MONITORING, "worker", OPS, True),
        (MONITORING, "valkey", VALKEY, False),
    ],
)
def test_ingress(
    release: Release,
    strangers: dict[str, Stranger],
    who: str,
    component: str,
    port: int,
    open_: bool,  # noqa: FBT001
) -> None:
    """The webhook port is open to all, metrics to Prometheus' namespace only, and the store to nobody else."""
    assert strangers[who].reaches(address(component), port) is open_


@pytest.mark.parametrize(
    ("component", "other"), [("receiver", "worker"), ("worker-activity", "receiver"), ("worker-notify", "receiver")]
)
def test_egress_is_closed_but_for_the_store(release: Release, component: str, other: str) -> None:
    """Our pods reach the store, and neither the Kubernetes API nor each other nor anything else."""
    source = f"deploy/{RELEASE}-{component}"

    assert reaches(source, f"{RELEASE}-valkey", VALKEY)
    assert not reaches(source, "kubernetes.default", 443)
    assert not reaches(source, address(other), OPS)


def test_valkey_reaches_nobody(release: Release) -> None:
    """The server answers and never calls: it reaches itself, but no receiver, and nobody who knows names."""
    dns = objects("services", "--selector=k8s-app=kube-dns", namespace="kube-system")[0]["spec"]["clusterIP"]

    assert valkey_reaches("127.0.0.1", VALKEY)
    assert not valkey_reaches(address("receiver"), HTTP)
    assert not valkey_reaches(dns, 53)


def valkey_reaches(host: str, port: int) -> bool:
    """Whether a connection is made from the server's pod, which has no Python."""
    connect = f"timeout 3 bash -c '</dev/tcp/{host}/{port}' && echo open"
    return kubectl("exec", f"{RELEASE}-valkey-0", "--", "bash", "-c", connect, check=False).strip() == "open"


def test_a_named_host_is_open_to_its_worker_only(release: Release, strangers: dict[str, Stranger]) -> None:
    """What `workers.<name>.egress` names is reachable from that worker, and still closed to the others."""
    dns = objects("pods", "--selector=k8s-app=kube-dns", namespace="kube-system")[0]["status"]["podIP"]
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]
    release.install({"workers": {"notify": {"egress": [{"to": peers, "ports": [{"port": 9153}]}]}}})

    wait_until(lambda: reaches(f"deploy/{RELEASE}-worker-notify", dns, 9153), seconds=30, description="it is reachable")
    assert not reaches(f"deploy/{RELEASE}-worker-activity", dns, 9153)


def test_a_named_gateway_is_the_only_one_let_in(release: Release, strangers: dict[str, Stranger]) -> None:
    """With `networkPolicy.gateway` the webhook port is closed to all others, and `helm test` still gets through."""
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": MONITORING}}}]
    release.install({"networkPolicy": {"gateway": peers}})

    outside, gateway = strangers[OUTSIDE], strangers[MONITORING]
    wait_until(lambda: not outside.reaches(address("receiver"), HTTP), seconds=30, description="it is closed")
    assert gateway.reaches(address("receiver"), HTTP)
    assert "handled by activity" in release.test()
