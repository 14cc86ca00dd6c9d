"""One who makes keys in Kubernetes, with a clock of its own, and people who interfere."""

import base64

from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.key_secret import KEYS_WRITTEN, keys_in
from salesloft_webhooks.operator.managed_keys import KeysReport, ManagedKeys
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.subscriptions import Phase, Plan, Round
from tests.chart.api_server import ApiServer
from tests.operator.definitions import patch, path
from tests.support.managed_keys import PLACE, asking, wanted

NOW = 1_800_000_000.0
DAY = 86_400.0


class KeyMaker:
    """A process that makes keys for the object ``sales``, with a clock of the test's."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.now, self.rotate, self.every = cluster, NOW, "", ""
        self.keys = ManagedKeys(cluster, now=lambda: self.now, clock=lambda: self.now)

    async def of(self) -> SubscriptionObject:
        """The object as it is."""
        (found,) = await self.cluster.list_subscriptions()
        return asking(found, self.rotate)

    async def look(self, phase: Phase = Phase.IDLE) -> KeysReport:
        """What is done in a look at SalesLoft that shows this."""
        of, declared = await self.of(), wanted(self.every or None)
        await self.keys.prepare(of, declared)
        secret = await self.cluster.secret(PLACE.secret)
        assert secret is not None
        report = await self.keys.advance(of, declared, secret, Round(plan=Plan(phase=phase), found=()))
        assert report is not None
        return report

    async def values(self) -> tuple[bytes, ...]:
        """The keys that are there."""
        found = await self.cluster.secret(PLACE.secret)
        return () if found is None else keys_in(found, PLACE)


def by_hand(server: ApiServer, namespace: str, value: bytes | None) -> None:
    """Somebody writes another value, or deletes the Secret."""
    if value is None:
        server.request("DELETE", path(namespace, Kind.SECRET, PLACE.secret))
    else:
        patch(server, namespace, Kind.SECRET, PLACE.secret, {"data": {PLACE.entry: base64.b64encode(value).decode()}})


def events(server: ApiServer, namespace: str) -> list[str]:
    """Reasons of what people were told."""
    found = server.request("GET", f"apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    return sorted(each["reason"] for each in found)


async def written(cluster: Cluster) -> list[str]:
    """The fingerprints of what an operator has written."""
    found = await cluster.secret(PLACE.secret)
    assert found is not None
    return found.metadata.annotations[KEYS_WRITTEN].split(",")
