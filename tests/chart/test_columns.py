"""What `kubectl` shows of our objects, and who may write what of them."""

import re
from typing import Any

import pytest

from tests.chart.api_server import ApiServer
from tests.chart.declared import API, GROUP, KINDS, SPEC, create, define
from tests.chart.rendering import Object

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def defined(cluster: ApiServer) -> ApiServer:
    """A server that has both definitions."""
    define(cluster)
    return cluster


@pytest.fixture
def namespace(defined: ApiServer) -> str:
    """A namespace of it."""
    return defined.namespace("declares")


def test_both_are_listed_by_one_word(cluster: ApiServer, namespace: str) -> None:
    """`kubectl get salesloft-webhooks` shows what is declared; short names save typing."""
    found = {item["name"]: item for item in cluster.request("GET", API)["resources"]}

    assert {name: found[name]["shortNames"] for name in KINDS.values()} == {
        "salesloftsubscriptions": ["slsub"],
        "consumergroups": ["slgroup"],
    }
    assert all(found[name]["categories"] == ["salesloft-webhooks"] for name in KINDS.values())
    assert all(f"{name}/status" in found for name in KINDS.values())
    assert namespace


def row(cluster: ApiServer, namespace: str, kind: str, name: str) -> dict[str, Any]:
    """What `kubectl get` shows of an object, by column."""
    path = f"{API}/namespaces/{namespace}/{KINDS[kind]}/{name}"
    table = cluster.request("GET", path, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    shown = zip(table["columnDefinitions"], table["rows"][0]["cells"], strict=True)
    return {column["name"]: cell for column, cell in shown if not column["priority"]}


def written(cluster: ApiServer, namespace: str, kind: str, name: str, status: Object, *, by: str) -> None:
    """Write a status by server-side apply."""
    path = f"{API}/namespaces/{namespace}/{KINDS[kind]}/{name}/status?fieldManager={by}"
    content = {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": {"name": name}, "status": status}
    cluster.request("PATCH", path, content, content_type="application/apply-patch+yaml")


def condition(kind: str, *, status: str = "True", reason: str = "AllDelivered") -> Object:
    """A condition."""
    fixed = {"lastTransitionTime": "2026-11-29T09:00:00Z", "message": "Said in a test."}
    return {"type": kind, "status": status, "reason": reason, **fixed}


def test_the_columns_tell_how_it_is(cluster: ApiServer, namespace: str) -> None:
    """So nobody has to look into a pod."""
    create(cluster, namespace, "SalesloftSubscription", SPEC, name="shown")
    create(cluster, namespace, "ConsumerGroup", {}, name="crm")
    status = {"conditions": [condition("Ready")], "summary": "2/2", "lastSyncTime": "2026-11-29T09:00:00Z"}
    figures = {"backlog": 1204, "oldestEventTime": "2026-11-29T09:00:00Z", "dead": 0, "paused": False, "consumers": 3}

    written(cluster, namespace, "SalesloftSubscription", "shown", status, by="tests")
    written(cluster, namespace, "ConsumerGroup", "crm", {**figures, "conditions": [condition("Ready")]}, by="tests")

    shown = row(cluster, namespace, "SalesloftSubscription", "shown")
    assert list(shown) == ["Name", "Ready", "Reason", "Events", "Synced", "Age"]
    assert list(shown.values())[:4] == ["shown", "True", "AllDelivered", "2/2"]
    group = row(cluster, namespace, "ConsumerGroup", "crm")
    assert list(group) == ["Name", "Ready", "Backlog", "Oldest", "Dead", "Paused", "Consumers", "Age"]
    assert list(group.values())[:3] == ["crm", "True", 1204]
    assert list(group.values())[4:7] == [0, False, 3]
    assert re.fullmatch(r"[0-9]+[smhdy].*", group["Oldest"])


@pytest.mark.parametrize(("kind", "spec"), [("SalesloftSubscription", SPEC), ("ConsumerGroup", {})], ids=KINDS)
def test_conditions_are_merged_by_their_type(cluster: ApiServer, namespace: str, kind: str, spec: Object) -> None:
    """Another writer of a condition, such as a policy engine, and the operator leave each other alone."""
    create(cluster, namespace, kind, spec, name="merges")

    written(cluster, namespace, kind, "merges", {"conditions": [condition("Ready")]}, by="one")
    written(cluster, namespace, kind, "merges", {"conditions": [condition("Audited")]}, by="other")

    found = cluster.request("GET", f"{API}/namespaces/{namespace}/{KINDS[kind]}/merges")["status"]
    assert [each["type"] for each in found["conditions"]] == ["Ready", "Audited"]


def test_a_status_is_no_part_of_a_declaration(cluster: ApiServer, namespace: str) -> None:
    """What somebody keeps in git never overwrites what was found, and what was found is no new version of the wish."""
    made = create(cluster, namespace, "SalesloftSubscription", SPEC, name="apart")
    written(cluster, namespace, "SalesloftSubscription", "apart", {"summary": "1/2"}, by="tests")
    path = f"{API}/namespaces/{namespace}/salesloftsubscriptions/apart"
    found = cluster.request("GET", path)

    again = cluster.request("PUT", path, {**found, "status": {"summary": "2/2"}})

    assert again["status"] == {"summary": "1/2"}
    assert again["metadata"]["generation"] == made["metadata"]["generation"] == 1
