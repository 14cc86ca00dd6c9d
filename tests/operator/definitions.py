"""Objects of our kinds, as `kubectl` makes and changes them."""

from typing import Any

from salesloft_webhooks.operator.api_group import API_VERSION, PLURALS, Kind
from tests.chart.api_server import ApiServer
from tests.chart.declared import SPEC


def path(namespace: str, kind: Kind, name: str = "") -> str:
    """Where objects of a kind are, or one of them."""
    root = "api/v1" if kind is Kind.SECRET else f"apis/{API_VERSION}"
    return f"{root}/namespaces/{namespace}/{PLURALS[kind]}" + (f"/{name}" if name else "")


def declare(server: ApiServer, namespace: str, name: str = "sales", **spec: Any) -> Any:
    """Create a `SalesloftSubscription`."""
    content = {"apiVersion": API_VERSION, "kind": str(Kind.SUBSCRIPTION), "metadata": {"name": name}}
    return server.request("POST", path(namespace, Kind.SUBSCRIPTION), {**content, "spec": {**SPEC, **spec}})


def patch(server: ApiServer, namespace: str, kind: Kind, name: str, change: dict[str, Any]) -> Any:
    """Change an object, as `kubectl patch --type merge` does."""
    where = path(namespace, kind, name)
    return server.request("PATCH", where, change, content_type="application/merge-patch+json")
