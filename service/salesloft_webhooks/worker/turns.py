"""Whose turn it is after the number of partitions was raised: order per person across two partitions."""

import time
from collections.abc import Sequence

from salesloft_webhooks.broker import Group, Lease, Outcome, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.worker.settler import Settler

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 15.0
"""How long an entry that has to wait for its entity's earlier events is left alone."""


async def in_turn(leases: Sequence[Lease], group: Group, settler: Settler) -> list[Lease]:
    """What may run now. Whose entity has unfinished events where it was before a raise goes back, and is asked again.

    The attempt is not counted. Who has waited longer waits longer: many may wait for a partition that is far behind.
    """
    try:
        waiting = await group.must_wait(leases)
    except StoreError:
        waiting = {lease.entry_id for lease in leases}
    for lease in leases:
        if lease.entry_id in waiting:
            age = time.time() - int(lease.entry_id.partition("-")[0]) / 1000
            delay = min(max(age / 4, SHORTEST_SECONDS), LONGEST_SECONDS)
            settler.add(Settlement(lease, Outcome.RELEASE, delay))
    return [lease for lease in leases if lease.entry_id not in waiting]
