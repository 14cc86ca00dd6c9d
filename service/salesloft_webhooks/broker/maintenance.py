"""Housekeeping that any worker may do at any time: trimming history and repairing after tampering."""

from salesloft_webhooks.broker.connection.store import Argument, Store

SLICE = 10_000
"""Entries one trim call may examine, so that the server is never blocked for long."""
MOST_CALLS = 100
"""Trim calls in one round."""
AUDIT_SLICE = 200
"""Pending entries one audit call may examine."""


async def trim(store: Store, partition: int, retention_seconds: float) -> int:
    """Remove what every group has finished and what is older than the retention; returns the number of entries.

    Raises:
        StoreError: what is left is left for the next time.
    """
    removed, cut = 0, b""
    for _ in range(MOST_CALLS):
        # What grows old enough meanwhile is left for the next round: a round must end for others to have their turn.
        step, cut = await store.run("trim", partition, [int(retention_seconds * 1000), SLICE, cut])
        removed += step
        if step == 0:
            break
    return removed


async def audit(store: Store, partition: int, group: str, after: str, lease_seconds: float) -> tuple[str, int]:
    """Look at the next slice of a group's pending entries and make lost ones due again.

    Args:
        store: Where.
        partition: Which stream.
        group: Whose pending entries.
        after: Where the previous call ended; ``-`` to begin.
        lease_seconds: Time left to entries that seem to be running.

    Returns:
        Where to go on (``-``: from the beginning) and how many entries were repaired.

    Raises:
        StoreError: ask again later.
    """
    args: list[Argument] = [group, after, AUDIT_SLICE, int(lease_seconds * 1000)]
    cursor, repaired = await store.run("audit", partition, args)
    return cursor.decode(), repaired
