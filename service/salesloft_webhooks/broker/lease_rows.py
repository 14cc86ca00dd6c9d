"""What `take` and `settle` answer: leases, a row each (see ``lua/include/lease_rows.lua``), and a word an outcome."""

from collections.abc import Sequence
from typing import Any

from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.lease import Lease, Settled
from salesloft_webhooks.broker.records import leased_event, unreadable_event
from salesloft_webhooks.errors import BodyUnreadable

FOLLOWED, RESUBMITTED = 1, 2
SETTLED = {member.encode(): member for member in Settled}


def lease_in(row: list[Any], *, partition: int, group: str, run: str, keys: BodyKeys | None) -> Lease:
    """The lease that a row of an answer says, with what came along behind it. ``keys`` open what was sealed."""
    entry_id, lane, attempt, failures, error, followed, head, body, *rest = row
    unreadable = ""
    try:
        event = leased_event(entry_id, head, body, group=group, attempt=int(attempt), keys=keys)
    except BodyUnreadable as exc:
        event, unreadable = unreadable_event(entry_id, head, group=group, attempt=int(attempt)), str(exc)
    return Lease(
        partition,
        entry_id.decode(),
        lane.decode(),
        event,
        failures,
        error.decode(errors="replace"),
        run,
        followed & FOLLOWED == FOLLOWED,
        tuple(lease_in(each, partition=partition, group=group, run=run, keys=keys) for each in rest[0]) if rest else (),
        followed & RESUBMITTED == RESUBMITTED,
        unreadable,
    )


def settled_in(words: Sequence[bytes]) -> list[Settled]:
    """What the store made of each outcome."""
    return [SETTLED[word] for word in words]
