"""One group at one look: what it takes, what it still has to do and where that is going, and what it holds."""

from msgspec import Struct

from salesloft_webhooks.broker.administration.groups import Registration, registration
from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit, stored_handler_limits
from salesloft_webhooks.broker.administration.holdings import Holdings, holdings
from salesloft_webhooks.broker.administration.limiting import StoredLimits, stored_limits
from salesloft_webhooks.broker.administration.samples import GroupSample, Trend, group_samples, trend
from salesloft_webhooks.broker.administration.stats import GroupStats, measure
from salesloft_webhooks.broker.connection.store import Store


class GroupLook(Struct, frozen=True):
    """What one look at a group has found.

    Attributes:
        registration: What it takes.
        stats: What it still has to do.
        backlog: What its workers could do now, or do.
        samples: Of the last half hour, the oldest first.
        trend: Where its backlog is going.
        holdings: Who runs what, and what waits for whom.
        limits: What limits it, and who says so.
        handler_limits: The same of its handlers, by name.
    """

    registration: Registration
    stats: GroupStats
    backlog: int
    samples: tuple[GroupSample, ...]
    trend: Trend
    holdings: Holdings
    limits: StoredLimits
    handler_limits: list[HandlerLimit]


async def look_at_group(store: Store, group: str) -> GroupLook:
    """Look at a group; one that nobody knows has nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    rows = {row.group: row for row in (await measure(store)).groups}
    stats = rows.get(group, GroupStats(group))
    ring = await group_samples(store, group)
    return GroupLook(
        registration=await registration(store, group),
        stats=stats,
        backlog=stats.backlog,
        samples=ring,
        trend=trend(ring),
        holdings=await holdings(store, group),
        limits=await stored_limits(store, group),
        handler_limits=await stored_handler_limits(store, group),
    )
