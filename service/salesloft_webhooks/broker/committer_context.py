"""What the committers of one publisher have in common, and who hears of their commits."""

from typing import Protocol

from msgspec import Struct

from salesloft_webhooks.broker.confirmation import Confirmer
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.memory_bounds import MemoryBounds, RoomObserver
from salesloft_webhooks.settings import Settings


class CommitObserver(RoomObserver, Protocol):
    """What the publisher reports to; `telemetry.ReceiverTelemetry` is one."""

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit took place."""


class CommitterContext(Struct, frozen=True):
    """What all committers of a publisher share: nothing of it belongs to one script or partition.

    Attributes:
        store: Where.
        settings: Durability level and time-outs.
        bounds: Makes room where the server is full.
        confirmer: Confirms what has to be confirmed.
    """

    store: Store
    settings: Settings
    bounds: MemoryBounds
    confirmer: Confirmer
