"""Outcomes that are to be stored, or stored once more: which of them go together, and how much is kept of them."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from salesloft_webhooks.broker import Lease, Outcome, Settlement
from salesloft_webhooks.broker.packed_time import EPOCH
from salesloft_webhooks.events import Event

SAID_AGAIN_SECONDS, SAID_AGAIN_MOST = 5.0, 1_000
"""What is said again when the store has failed: the latest that was confirmed so shortly before. Replicas are behind by
milliseconds, unless their machine is in trouble, too."""
BATCH_BYTES, KEPT_BYTES = 2 * 1024 * 1024, 4 * 1024 * 1024
"""Of follow-ups in one call, which the server answers in milliseconds; and of those that are kept to be said again, for
each partition."""


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
        weight += bytes_of(unsettled.settlement)
        if taken and weight > BATCH_BYTES and not unsettled.joined:
            break
        taken += 1
    return list(batch[:taken])


def as_heard(unsettled: Unsettled, failed: float) -> Settlement:
    """An outcome as it is to be stored: with what was stored before only if the store has failed since (monotonic).

    Then it may be a promoted replica, which has not heard of that. It is said once, whatever became of the event.
    """
    settlement = unsettled.settlement
    before = settlement.follow_ups_before
    if not before or unsettled.again or any(act.stored <= failed for act in before):
        return settlement
    return msgspec.structs.replace(settlement, follow_ups_before=())


def bytes_of(settlement: Settlement) -> int:
    """Of all follow-ups that it may be stored with."""
    return sum(act.size for act in (*settlement.follow_ups, *settlement.follow_ups_before))


class _Plain(msgspec.Struct, frozen=True, gc=False):
    """What was said of one that was done at once, with nothing besides: enough to say it again."""

    partition: int
    entry_id: str
    lane: str
    run: str
    event_id: str
    event_type: str
    followed: bool

    def settlement(self) -> Settlement:
        """The same again; of its event there is what is stored of an outcome, and nothing else."""
        event = Event(self.event_id, self.event_type, "", "", EPOCH, b"")
        lease = Lease(self.partition, self.entry_id, self.lane, event, run=self.run, followed=self.followed)
        return Settlement(lease, Outcome.DONE)


class ConfirmedLately:
    """Outcomes that are stored, to be said again: the latest, with `KEPT_BYTES` of follow-ups at the most.

    Of nearly all of them no more than is said: their events, kept for as long, take a worker a twentieth of its time.
    """

    def __init__(self) -> None:
        self._items: deque[tuple[float, Settlement | _Plain]] = deque(maxlen=SAID_AGAIN_MOST)
        self._bytes = 0

    def add(self, settlement: Settlement, when: float) -> None:
        """One was confirmed at that monotonic time. Of each event: so nothing is weighed where nothing has weight."""
        lease, event = settlement.lease, settlement.lease.event
        if (
            settlement.follow_ups
            or settlement.follow_ups_before
            or settlement.reason
            or event.attempt > 1
            or lease.resubmitted
        ):
            self._make_room(bytes_of(settlement))
            self._items.append((when, settlement))
            return
        if self._bytes:
            self._make_room(0)
        plain = _Plain(
            partition=lease.partition,
            entry_id=lease.entry_id,
            lane=lease.lane,
            run=lease.run,
            event_id=event.event_id,
            event_type=event.event_type,
            followed=lease.followed,
        )
        self._items.append((when, plain))

    def _make_room(self, weight: int) -> None:
        self._bytes += weight
        items = self._items
        while items and (len(items) == SAID_AGAIN_MOST or self._bytes > KEPT_BYTES):
            _, oldest = items.popleft()
            self._bytes -= 0 if isinstance(oldest, _Plain) else bytes_of(oldest)

    def taken(self) -> list[Settlement]:
        """Those to say again; none is kept. What was stored with `done` says when: a later one by its key stays."""
        since = time.monotonic() - SAID_AGAIN_SECONDS
        items, self._bytes = list(self._items), 0
        self._items.clear()
        return [
            item.settlement() if isinstance(item, _Plain) else _stored_at(when, item)
            for when, item in items
            if when >= since
        ]


def _stored_at(when: float, settlement: Settlement) -> Settlement:
    if not settlement.follow_ups:
        return settlement
    acts = tuple(act if act.stored else msgspec.structs.replace(act, stored=when) for act in settlement.follow_ups)
    return msgspec.structs.replace(settlement, follow_ups=acts)
