"""What a kind of objects needs so that the loop looks after it."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.objects import Metadata
from salesloft_webhooks.telemetry import ReconcileResult


class Reconciliation(Struct, frozen=True):
    """How a look at one object ended.

    Attributes:
        result: For the metrics.
        seconds: Until it wants to be looked at again; None: whenever it is its turn.
        reason: One word that says why.
    """

    result: ReconcileResult
    seconds: float | None = None
    reason: str = ""


class Reconciled(Protocol):
    """An object."""

    @property
    def metadata(self) -> Metadata:
        """See there."""


Ours = TypeVar("Ours", bound=Reconciled)


class Controller(Protocol[Ours]):
    """What is done for the objects of one kind.

    Attributes:
        kind: Which.
    """

    kind: Kind

    async def list(self) -> Sequence[Ours]:
        """All objects.

        Raises:
            ClusterError: they cannot be had.
        """

    async def reconcile(self, each: Ours) -> Reconciliation:
        """Bring one nearer to what it declares.

        Raises:
            SalesloftWebhooksError: something stood in the way; it is tried again after a while.
        """

    def secrets(self, objects: Sequence[Ours]) -> Collection[str]:
        """Names of the Secrets that the objects depend on."""
