"""Who listens to a publisher or a store watch in tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field


class SilentObserver:
    """For tests that look at the store instead."""

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit took place."""

    def room_made(self, *, entries: int, records: int) -> None:
        """Something went before its time."""


@dataclass
class Recorder:
    """Keeps what publisher and watch report."""

    commits: list[int] = field(default_factory=list)
    available: list[bool] = field(default_factory=list)
    faults: list[tuple[str, ...]] = field(default_factory=list)
    room: list[tuple[int, int]] = field(default_factory=list)

    def published(self, *, deliveries: int, seconds: float) -> None:
        """One group commit."""
        assert seconds >= 0
        self.commits.append(deliveries)

    def room_made(self, *, entries: int, records: int) -> None:
        """Something went before its time."""
        self.room.append((entries, records))

    def store_available(self) -> None:
        """Reachable."""
        self.available.append(True)

    def store_unavailable(self, reason: str) -> None:
        """Not reachable."""
        assert reason
        self.available.append(False)

    def durability_examined(self, faults: Sequence[str]) -> None:
        """As promised or not."""
        self.faults.append(tuple(faults))
