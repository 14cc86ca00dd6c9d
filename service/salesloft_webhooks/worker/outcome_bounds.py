"""Outcomes that are to be stored, or stored once more: which of them go together, and how much is kept of them."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from salesloft_webhooks.broker import Lease, Settlement

SAID_AGAIN_SECONDS, SAID_AGAIN_MOST = 5.0, 1_000
"""What is said again when the store has failed: the latest that was confirmed so shortly before. Replicas are behind by
milliseconds, unless their machine is in trouble, too."""
BATCH_BYTES, KEPT_BYTES = 2 * 1024 * 1024, 16 * 1024 * 1024
"""Of follow-ups in one call, which the server answers in milliseconds; and of those that are kept to be said again."""


class Unsettled(msgspec.Struct):
    """An outcome in the queue.

    Attributes:
        settlement: What to store.
        renewed: Monotonic time at which its lease was last known to be ours.
        joined: Whether it goes into the same call as the one before it, under whose lease it was run.
        again: Whether it was confirmed before, and is said again.
    """

    settlement: Settlement
    renewed: float
    joined: bool = False
    again: bool = False

    @property
    def lease(self) -> Lease:
        """Whose outcome it is; renewed like that of a running attempt, until it is stored."""
        return self.settlement.lease


def light_enough(batch: Sequence[Settlement], queue: Iterable[Unsettled]) -> list[Settlement]:
    """The first of a batch, with `BATCH_BYTES` of follow-ups at the most, or one outcome and what is joined to it.

    ``queue`` begins with the same outcomes.
    """
    taken = weight = 0
    for unsettled in islice(queue, len(batch)):
        weight += sum(act.size for act in unsettled.settlement.follow_ups)
        if taken and weight > BATCH_BYTES and not unsettled.joined:
            break
        taken += 1
    return list(batch[:taken])


def said_again(confirmed: Iterable[tuple[float, Settlement]]) -> Iterator[Settlement]:
    """Of outcomes, by when they were confirmed, those to say again, each with all that its handlers had stored."""
    since = time.monotonic() - SAID_AGAIN_SECONDS
    for when, settlement in confirmed:
        if when >= since:
            everything = (*settlement.follow_ups_before, *settlement.follow_ups)
            yield msgspec.structs.replace(settlement, follow_ups=everything) if everything else settlement


def bound_bytes(confirmed: deque[tuple[float, Settlement]]) -> None:
    """Forget the oldest while the follow-ups of all are more than `KEPT_BYTES`."""
    kept = sum(_bytes(settlement) for _, settlement in confirmed)
    while kept > KEPT_BYTES and len(confirmed) > 1:
        kept -= _bytes(confirmed.popleft()[1])


def _bytes(settlement: Settlement) -> int:
    return sum(act.size for act in (*settlement.follow_ups, *settlement.follow_ups_before))
