"""What of the entries that a worker was given may start: not what it knows already, nor what has been taken from it.

And who comes after others waits, after the number of partitions was raised: order per person across two partitions.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from salesloft_webhooks.broker import Group, Lease, Outcome, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.worker.attempt import Attempt
from salesloft_webhooks.worker.settler import Settler

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 15.0
"""How long an entry that has to wait for its entity's earlier events is left alone."""


def startable(leases: Sequence[Lease], asked: float, settler: Settler, attempts: Mapping[str, Attempt]) -> list[Lease]:
    """What to run; the rest is settled here, or goes on. ``asked``: monotonic time before the call that leased it.

    What we have finished is settled again, for good: the store did not know when it gave us the entry. What we
    still run goes on under the new lease. An entry whose release is still unconfirmed goes back first: the repeat
    would end its lease.
    """
    found = []
    for lease in leases:
        if settler.is_done(lease):
            settler.add(Settlement(lease, Outcome.DONE))
        elif (running := attempts.get(lease.entry_id)) is not None:
            running.continue_under(lease, asked)
        elif settler.is_releasing(lease):
            settler.add(Settlement(lease, Outcome.RELEASE))
        else:
            found.append(_behind_until(lease, lambda each: settler.is_done(each) or each.entry_id in attempts))
    return found


def _behind_until(lease: Lease, ends: Callable[[Lease], bool]) -> Lease:
    """The lease, with what came along behind it only up to where that ends."""
    for number, each in enumerate(lease.behind):
        if ends(each):
            return replace(lease, behind=lease.behind[:number])
    return lease


async def still_leased(
    leases: Sequence[Lease], asked: float, group: Group, partition: int, settler: Settler
) -> tuple[list[Lease], float]:
    """What nobody else can have been given since ``asked``, and the monotonic time of which that is known.

    An answer may lie unread while the process is frozen or its loop is blocked, and leases lapse meanwhile. What others
    did since would begin once more here, out of order: so whoever comes late asks again, and again after another rest.
    """
    ours = list(leases)
    while ours and time.monotonic() - asked > group.options.lease_seconds / 2:
        asked = time.monotonic()
        try:
            kept = await group.extend(partition, ours)
        except StoreError:
            for lease in ours:
                settler.add(Settlement(lease, Outcome.RELEASE), asked)
            return [], asked
        ours = [lease for lease, is_ours in zip(ours, kept, strict=True) if is_ours]
    return ours, asked


async def without_those_that_wait(leases: Sequence[Lease], group: Group, settler: Settler) -> list[Lease]:
    """What may run now. Whose entity has unfinished events where it was before a raise is released, to be taken again.

    What came along behind a lease is forgotten from there on. The attempt is not counted. Who has waited longer waits
    longer: many may wait for a partition that is far behind.
    """
    everything = [each for lease in leases for each in (lease, *lease.behind)]
    try:
        waiting = await group.must_wait(everything)
    except StoreError:
        waiting = {lease.entry_id for lease in everything}
    for lease in leases:
        if lease.entry_id in waiting:
            age = time.time() - int(lease.entry_id.partition("-")[0]) / 1000
            delay = min(max(age / 4, SHORTEST_SECONDS), LONGEST_SECONDS)
            settler.add(Settlement(lease, Outcome.RELEASE, delay))
    return [
        _behind_until(lease, lambda each: each.entry_id in waiting) for lease in leases if lease.entry_id not in waiting
    ]
