"""The console's objects on a real API server: taken as they are, and left alone by who applies them again."""

from typing import Any

import pytest

from tests.chart.api_server import ApiServer
from tests.chart.rendering import PREFIX, Object, Values, merged, shape

pytestmark = pytest.mark.timeout(180)

NAME = f"{PREFIX}-console"
GATEWAY = {"enabled": True, "parentRefs": [{"name": "inner"}], "hostnames": ["console.example.com"]}
CONSOLE: Values = merged(shape("console"), {"console": {"httpRoute": GATEWAY}})
"""With both ways in: the shape has an Ingress already."""
KINDS = ("Deployment", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount")


def kept(cluster: ApiServer, namespace: str) -> dict[str, Object]:
    """The console's objects as the server has them, by their kinds."""
    return {kind: cluster.objects(kind, namespace)[NAME] for kind in KINDS}


@pytest.mark.parametrize("program", ["helm", "helm-oldest"])
def test_a_second_apply_changes_nothing(cluster: ApiServer, program: str) -> None:
    """Helm 3 and Helm 4 install each object of the console, and the same command again writes none of them."""
    namespace = cluster.namespace(f"console-{program}")
    cluster.install(namespace, CONSOLE, program=program)
    before = kept(cluster, namespace)

    said = cluster.install(namespace, CONSOLE, program=program)

    assert kept(cluster, namespace) == before
    assert "arning" not in said


def test_a_changed_value_changes_what_it_is_about(cluster: ApiServer) -> None:
    """The comparison would see a change, and one of the console's host changes its routes and nothing else."""
    namespace = cluster.namespace("console-changes")
    cluster.install(namespace, CONSOLE)
    before = kept(cluster, namespace)
    hosts: Any = {"ingress": {"hosts": ["desk.example.com"]}, "httpRoute": {"hostnames": ["desk.example.com"]}}

    cluster.install(namespace, merged(CONSOLE, {"console": {**hosts, "url": "https://desk.example.com"}}))

    after = kept(cluster, namespace)
    assert {kind for kind in KINDS if after[kind] != before[kind]} >= {"Ingress", "HTTPRoute"}
    assert {kind for kind in KINDS if after[kind] != before[kind]} <= {"Ingress", "HTTPRoute", "Deployment"}


def test_its_pod_is_let_in_and_its_policy_admits_its_peers_only(cluster: ApiServer) -> None:
    """The restricted standard admits the pod as the server completed it, and the policy names the proxy."""
    namespace = cluster.namespace("console-pod")
    cluster.install(namespace, CONSOLE)
    found = kept(cluster, namespace)

    assert cluster.admits(namespace, found["Deployment"]["spec"]["template"]) == ""
    selector = found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    assert selector.items() <= found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert found["Service"]["spec"]["selector"] == selector
    peers = [peer for rule in found["NetworkPolicy"]["spec"]["ingress"] for peer in rule.get("from", ["anybody"])]
    assert CONSOLE["networkPolicy"]["console"][0] in peers
