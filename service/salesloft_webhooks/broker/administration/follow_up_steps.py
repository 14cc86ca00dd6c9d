"""How runs cancel follow-ups that wait. A run's place is a `Place`, its end a word: they have no last one."""

import msgspec

from salesloft_webhooks.broker.administration.follow_up_acts import cancel_batch
from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, Place
from salesloft_webhooks.broker.administration.follow_up_look import look
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.connection.store import Store

END = "end"
"""Where a run has come to that has looked at all of them."""
SLICES = 10
"""Looked at for one batch, where few of them are meant."""


def cancelling(wanted: FollowUpFilter, total: int, *, partitions: int, by: str) -> NewRun:
    """The run that cancels those that are meant, of one group, asked for until a moment."""
    selection = {name: value for name, value in msgspec.to_builtins(wanted).items() if value and name != "group"}
    ends = (END,) * partitions
    return NewRun(kind=RunKind.CANCEL, by=by, selection=selection, total=total, ends=ends, group=wanted.group)


class CancelSteps:
    """Cancels follow-ups of a group, those that are due first.

    Args:
        store: Where.
        idempotency_ttl_seconds: How long it is remembered that they are cancelled.
    """

    def __init__(self, store: Store, idempotency_ttl_seconds: int) -> None:
        self._store, self._ttl = store, idempotency_ttl_seconds

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """As `Steps` has it."""
        wanted, source = msgspec.convert(run.selection, FollowUpFilter), (run.group, partition)
        reached = Place.parse(place)
        for _ in range(SLICES):
            piece = await look(self._store, wanted, source, reached)
            reached = piece.reached
            if piece.found or reached is None:
                break
        step = (run.run_id, place, END if reached is None else str(reached))
        if await cancel_batch(self._store, piece.found, self._ttl, source=source, run=step) is None:
            raise Moved
        return len(piece.found)

    async def end(self, run: Run) -> None:
        """As `Steps` has it: nothing is left over."""
