"""Kubernetes, as the operator needs it: its objects in our shapes, its errors in our tree.

Every write says which version of the object it was decided on (`resourceVersion`), or is a creation: of two who write
at once, one is told `ClusterConflict`. Patches are merge patches; the client's default, the strategic one, is refused
for objects of definitions like ours.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from lightkube import AsyncClient
from lightkube.generic_resource import GenericNamespacedResource
from lightkube.types import PatchType

from salesloft_webhooks.errors import ClusterConflict, ClusterForbidden, ClusterNotFound
from salesloft_webhooks.operator.api_group import API_VERSION, CREATED_BY, MANAGER, OPERATOR, Kind
from salesloft_webhooks.operator.cluster_connection import open_client
from salesloft_webhooks.operator.cluster_errors import cluster_errors
from salesloft_webhooks.operator.cluster_events import EventRecorder
from salesloft_webhooks.operator.cluster_leases import ClusterLeases
from salesloft_webhooks.operator.cluster_resources import (
    RESOURCES,
    STATUSES,
    Groups,
    Namespaces,
    Secrets,
    Subscriptions,
    shaped,
)
from salesloft_webhooks.operator.cluster_watch import SILENCE_SECONDS, changes
from salesloft_webhooks.operator.objects import (
    GroupObject,
    Metadata,
    Owner,
    SecretObject,
    SubscriptionObject,
)
from salesloft_webhooks.settings import Settings

Shape = TypeVar("Shape")
Ours = TypeVar("Ours", SubscriptionObject, GroupObject)


@asynccontextmanager
async def open_cluster(settings: Settings, instance: str) -> AsyncIterator["Cluster"]:
    """Open the way to Kubernetes. Nothing is asked yet.

    Args:
        settings: Where it is, and whose objects are looked after.
        instance: The name of this process, for events.

    Raises:
        ConfigurationError: nothing says where it is, or what says it is unusable.
    """
    async with open_client(settings) as client:
        yield Cluster(client, instance)


class Cluster:
    """The objects of one namespace.

    Args:
        client: The way to the server.
        instance: The name of this process, for events.

    Attributes:
        namespace: Where the objects are.
        leases: Its leases.
    """

    def __init__(self, client: AsyncClient, instance: str) -> None:
        self._client = client
        self.namespace: str = client.namespace
        self.leases = ClusterLeases(client, self.namespace)
        self._events = EventRecorder(client, self.namespace, instance)

    async def list_subscriptions(self) -> list[SubscriptionObject]:
        """Every `SalesloftSubscription`.

        Raises:
            ClusterError: any of its kinds.
        """
        return await self._list(Subscriptions, SubscriptionObject)

    async def list_groups(self) -> list[GroupObject]:
        """Every `ConsumerGroup`.

        Raises:
            ClusterError: any of its kinds.
        """
        return await self._list(Groups, GroupObject)

    async def is_ending(self) -> bool:
        """Whether the namespace itself is being deleted; False if we may not know.

        Raises:
            ClusterError: any of its kinds but `ClusterForbidden`.
        """
        try:
            with cluster_errors("read the namespace"):
                found = await self._client.get(Namespaces, self.namespace)
                return msgspec.convert(found["metadata"], Metadata).deletion_timestamp is not None
        except ClusterForbidden:
            return False

    async def secret(self, name: str) -> SecretObject | None:
        """A Secret; None: there is none.

        Raises:
            ClusterError: any of its kinds but `ClusterNotFound`.
        """
        try:
            with cluster_errors(f"read Secret {name}"):
                found = await self._client.get(Secrets, name, namespace=self.namespace)
        except ClusterNotFound:
            return None
        with cluster_errors(f"read Secret {name}", quoting=False):
            return SecretObject(msgspec.convert(found["metadata"], Metadata), found.get("data") or {})

    async def write_secret(
        self,
        name: str,
        data: Mapping[str, bytes],
        *,
        owner: SubscriptionObject | None,
        former: SecretObject | None,
        annotations: Mapping[str, str] = MappingProxyType({}),
    ) -> SecretObject:
        """Create a Secret that goes with its owner, or change one.

        Args:
            name: Its name.
            data: The values to set; others stay.
            owner: What it goes with from now on; None: nothing.
            former: What it is decided on; None: it is created.
            annotations: Remarks to set; others stay.

        Raises:
            ClusterConflict: somebody else has written or created it meanwhile.
            ClusterError: any other of its kinds.
        """
        values = {key: b64encode(value).decode() for key, value in data.items()}
        metadata = {"ownerReferences": _references(owner), "annotations": dict(annotations)}
        with cluster_errors(f"write Secret {name}", quoting=False):
            if former is None:
                about = {**metadata, "name": name, "namespace": self.namespace, "labels": {CREATED_BY: OPERATOR}}
                made: Secrets = Secrets.from_dict({"metadata": about, "type": "Opaque", "data": values})
                written = await self._client.create(made)
            else:
                about = {**metadata, "resourceVersion": former.metadata.resource_version}
                written = await self._patch(Secrets, name, {"metadata": about, "data": values})
            return SecretObject(msgspec.convert(written["metadata"], Metadata), written.get("data") or {})

    async def create_group(self, name: str, spec: Mapping[str, Any], labels: Mapping[str, str]) -> GroupObject:
        """A new `ConsumerGroup`.

        Raises:
            ClusterConflict: there is one.
            ClusterError: any other of its kinds.
        """
        metadata = {"name": name, "namespace": self.namespace, "labels": dict(labels)}
        made: Groups = Groups.from_dict({"metadata": metadata, "spec": dict(spec)})
        with cluster_errors(f"create {Kind.GROUP} {name}"):
            return shaped(await self._client.create(made), GroupObject)

    async def delete_group(self, group: GroupObject) -> None:
        """Remove a `ConsumerGroup`, if it is as it was read.

        The client sends no preconditions, so somebody who changes it in the same millisecond is not seen.

        Raises:
            ClusterConflict: it has changed.
            ClusterNotFound: it is gone.
            ClusterError: any other of its kinds.
        """
        name = group.metadata.name
        with cluster_errors(f"delete {Kind.GROUP} {name}"):
            there = shaped(await self._client.get(Groups, name, namespace=self.namespace), GroupObject)
            if there.metadata.resource_version != group.metadata.resource_version:
                raise ClusterConflict(f"Kubernetes: {Kind.GROUP} {name} has changed meanwhile")
            await self._client.delete(Groups, name, namespace=self.namespace)

    async def patch_status(self, of: Ours, status: Mapping[str, Any]) -> Ours:
        """Write a status: names that are there with None are removed, names that are not there stay.

        Returns:
            The object as it is then.

        Raises:
            ClusterConflict: the object has changed since it was read.
            ClusterError: any other of its kinds.
        """
        kind, shape = _kind(of), type(of)
        metadata = {"resourceVersion": of.metadata.resource_version}
        with cluster_errors(f"write the status of {kind} {of.metadata.name}"):
            change = {"metadata": metadata, "status": status}
            return shaped(await self._patch(STATUSES[kind], of.metadata.name, change), shape)

    async def set_finalizers(self, of: Ours, names: Sequence[str]) -> Ours:
        """Write who has to agree before the object goes.

        Raises:
            ClusterConflict: the object has changed since it was read.
            ClusterError: any other of its kinds.
        """
        kind, shape = _kind(of), type(of)
        metadata = {"resourceVersion": of.metadata.resource_version, "finalizers": list(names)}
        with cluster_errors(f"write the finalizers of {kind} {of.metadata.name}"):
            return shaped(await self._patch(RESOURCES[kind], of.metadata.name, {"metadata": metadata}), shape)

    async def record_event(self, about: Owner, kind: str, reason: str, note: str) -> None:
        """See `EventRecorder.record`."""
        await self._events.record(about, kind, reason, note)

    def changes(
        self, kind: Kind, name: str | None = None, silence_seconds: float = SILENCE_SECONDS
    ) -> AsyncGenerator[str]:
        """See `cluster_watch.changes`; of this namespace."""
        return changes(self._client, self.namespace, kind, name, silence_seconds)

    async def _list(self, resource: type[GenericNamespacedResource], shape: type[Shape]) -> list[Shape]:
        with cluster_errors(f"list {resource.__name__.lower()}"):
            return [shaped(each, shape) async for each in self._client.list(resource, namespace=self.namespace)]

    async def _patch(self, resource: Any, name: str, change: Mapping[str, Any]) -> Any:
        return await self._client.patch(
            resource, name, dict(change), namespace=self.namespace, patch_type=PatchType.MERGE, field_manager=MANAGER
        )


def _references(owner: SubscriptionObject | None) -> list[dict[str, str]]:
    if owner is None:
        return []
    kind, about = str(Kind.SUBSCRIPTION), owner.metadata
    return [{"apiVersion": API_VERSION, "kind": kind, "name": about.name, "uid": about.uid}]


def _kind(of: Owner) -> Kind:
    return Kind.SUBSCRIPTION if isinstance(of, SubscriptionObject) else Kind.GROUP
