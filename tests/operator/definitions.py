"""Our kinds, and objects of them."""

import urllib.error
from typing import Any

from salesloft_webhooks.operator.api_group import API_VERSION, GROUP, PLURALS, VERSION, Kind
from tests.chart.api_server import ApiServer
from tests.support.waiting import wait_until

DEFINITIONS = "apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def path(namespace: str, kind: Kind, name: str = "") -> str:
    """Where objects of a kind are, or one of them."""
    root = "api/v1" if kind is Kind.SECRET else f"apis/{API_VERSION}"
    return f"{root}/namespaces/{namespace}/{PLURALS[kind]}" + (f"/{name}" if name else "")


def define(server: ApiServer) -> None:
    """Teach a server our kinds."""
    for kind in (Kind.SUBSCRIPTION, Kind.GROUP):
        server.request("POST", DEFINITIONS, _anything(kind))
    wait_until(lambda: _served(server), seconds=30, description="our kinds are served")


def _served(server: ApiServer) -> bool:
    try:
        found = server.request("GET", f"apis/{API_VERSION}")["resources"]
    except urllib.error.HTTPError:
        return False
    return {each["kind"] for each in found} >= {Kind.SUBSCRIPTION, Kind.GROUP}


def _anything(kind: Kind) -> dict[str, Any]:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": free, "status": free}}},
    }
    plural = PLURALS[kind]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": str(kind), "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }


def create(server: ApiServer, namespace: str, kind: Kind, name: str, **parts: Any) -> Any:
    """Create an object of ours."""
    content = {"apiVersion": API_VERSION, "kind": str(kind), "metadata": {"name": name}, **parts}
    return server.request("POST", path(namespace, kind), content)


def patch(server: ApiServer, namespace: str, kind: Kind, name: str, change: dict[str, Any]) -> Any:
    """Change an object, as `kubectl patch --type merge` does."""
    where = path(namespace, kind, name)
    return server.request("PATCH", where, change, content_type="application/merge-patch+json")
