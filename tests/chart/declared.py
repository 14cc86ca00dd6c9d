"""Objects of our kinds on an API server of the tests, and the definitions that they follow."""

import json
import urllib.error

import pytest

from tests.chart.api_server import ApiServer
from tests.chart.rendering import Object, render
from tests.support.waiting import wait_until

GROUP = "salesloft-webhooks.dev"
API = f"apis/{GROUP}/v1alpha1"
KINDS = {"SalesloftSubscription": "salesloftsubscriptions", "ConsumerGroup": "consumergroups"}
SPEC: Object = {
    "callbackUrl": "https://hooks.example.com/webhooks/salesloft",
    "events": ["call_created", "person_updated"],
    "api": {"tokenSecretRef": {"name": "salesloft-api"}},
    "keys": {"secretRef": {"name": "salesloft-keys"}},
}


def define(cluster: ApiServer) -> None:
    """Bring both definitions to a server, and wait until it serves the kinds."""
    for definition in render({"operator": {"enabled": True}}).all("CustomResourceDefinition"):
        cluster.request("POST", "apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    wait_until_served(cluster)


def wait_until_served(cluster: ApiServer) -> None:
    """A definition needs a moment until its kind is known, and another until its objects can be listed."""

    def listed() -> bool:
        try:
            return all(cluster.request("GET", f"{API}/{plural}")["items"] == [] for plural in KINDS.values())
        except urllib.error.HTTPError:
            return False

    wait_until(listed, seconds=30, description="both kinds are served")


def served(cluster: ApiServer) -> set[str]:
    """The plurals of our group that are served, without subresources."""
    try:
        return {item["name"] for item in cluster.request("GET", API)["resources"] if "/" not in item["name"]}
    except urllib.error.HTTPError:
        return set()


def definition(kind: str) -> Object:
    """The definition of a kind."""
    found: Object = render({"operator": {"enabled": True}}).one_named(
        "CustomResourceDefinition", f"{KINDS[kind]}.{GROUP}"
    )
    return found


def schema(kind: str) -> Object:
    """The schema of a kind's only version."""
    (version,) = definition(kind)["spec"]["versions"]
    found: Object = version["schema"]["openAPIV3Schema"]
    return found


def outline(node: Object) -> Object:
    """What of a definition the values' schema says, too: names, types and words. A typo ends before Helm begins.

    Helm 3 lets the server drop what it does not know. All else is refused by the server.
    """
    kept: Object = {name: node[name] for name in ("type", "required", "enum") if name in node}
    if "properties" in node:
        kept["additionalProperties"] = False
        kept["properties"] = {name: outline(value) for name, value in node["properties"].items()}
    if "items" in node:
        kept["items"] = outline(node["items"])
    return kept


def create(cluster: ApiServer, namespace: str, kind: str, spec: Object, *, name: str = "") -> Object:
    """The object as the server has it; without a name it only says what it would do."""
    path = f"{API}/namespaces/{namespace}/{KINDS[kind]}?fieldValidation=Strict{'' if name else '&dryRun=All'}"
    content = {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": {"name": name or "sales"}, "spec": spec}
    made: Object = cluster.request("POST", path, content)
    return made


def refused(cluster: ApiServer, namespace: str, kind: str, spec: Object) -> str:
    """What the server says against it."""
    with pytest.raises(urllib.error.HTTPError) as error:
        create(cluster, namespace, kind, spec)
    return str(json.loads(error.value.read())["message"])
