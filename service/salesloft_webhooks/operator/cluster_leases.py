"""Leases in Kubernetes."""

import msgspec
from lightkube import AsyncClient
from lightkube.types import PatchType

from salesloft_webhooks.errors import ClusterNotFound
from salesloft_webhooks.operator.api_group import MANAGER
from salesloft_webhooks.operator.cluster_errors import cluster_errors
from salesloft_webhooks.operator.cluster_resources import Leases, shaped
from salesloft_webhooks.operator.objects import LeaseObject, LeaseSpec


class ClusterLeases:
    """The leases of one namespace.

    Args:
        client: The way to the server.
        namespace: Which.
    """

    def __init__(self, client: AsyncClient, namespace: str) -> None:
        self._client, self._namespace = client, namespace

    async def read(self, name: str) -> LeaseObject | None:
        """A lease; None: there is none.

        Raises:
            ClusterError: any of its kinds but `ClusterNotFound`.
        """
        try:
            with cluster_errors(f"read Lease {name}"):
                return shaped(await self._client.get(Leases, name, namespace=self._namespace), LeaseObject)
        except ClusterNotFound:
            return None

    async def create(self, name: str, spec: LeaseSpec) -> LeaseObject:
        """A new lease.

        Raises:
            ClusterConflict: there is one.
            ClusterError: any other of its kinds.
        """
        made: Leases = Leases.from_dict(
            {"metadata": {"name": name, "namespace": self._namespace}, "spec": msgspec.to_builtins(spec)}
        )
        with cluster_errors(f"create Lease {name}"):
            return shaped(await self._client.create(made), LeaseObject)

    async def replace(self, former: LeaseObject, spec: LeaseSpec) -> LeaseObject:
        """Change a lease.

        Raises:
            ClusterConflict: it has changed since it was read.
            ClusterError: any other of its kinds.
        """
        name, version = former.metadata.name, former.metadata.resource_version
        change = {"metadata": {"resourceVersion": version}, "spec": msgspec.to_builtins(spec)}
        with cluster_errors(f"write Lease {name}"):
            written = await self._client.patch(
                Leases, name, change, namespace=self._namespace, patch_type=PatchType.MERGE, field_manager=MANAGER
            )
            return shaped(written, LeaseObject)
