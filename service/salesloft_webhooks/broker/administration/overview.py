"""The whole pipeline at one look: what comes, what is stored, what each group still has to do, what needs somebody."""

from msgspec import Struct

from salesloft_webhooks.broker.administration.conditions import Condition, Known, conditions
from salesloft_webhooks.broker.administration.groups import Registration, registrations
from salesloft_webhooks.broker.administration.samples import (
    GroupSample,
    Rates,
    Trend,
    group_samples,
    rates,
    samples,
    trend,
)
from salesloft_webhooks.broker.administration.stats import Stats, measure
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.delivery_counts import Deliveries, known_deliveries


class Overview(Struct, frozen=True):
    """What one look has found.

    Attributes:
        stats: Groups and partitions.
        registrations: What each group takes.
        receivers: By name, what each live one said last.
        deliveries: The latest of each source and kind.
        rates: Of the last minute.
        samples: Of each group, of the last half hour, the oldest first.
        trends: Where each group's backlog is going.
        conditions: What somebody should look at, the most urgent first.
    """

    stats: Stats
    registrations: dict[str, Registration]
    receivers: dict[str, Announcement]
    deliveries: list[Deliveries]
    rates: Rates
    samples: dict[str, tuple[GroupSample, ...]]
    trends: dict[str, Trend]
    conditions: tuple[Condition, ...]


async def overview(store: Store) -> Overview:
    """Look at everything. Some script calls for each partition and a few reads for each group, whatever they hold.

    Raises:
        StoreError: the store cannot be asked.
    """
    stats = await measure(store)
    receivers = await AnnouncedKeys(store).all()
    deliveries = await known_deliveries(store)
    of_late = rates(await samples(store))
    rings = {group.group: await group_samples(store, group.group) for group in stats.groups}
    return Overview(
        stats=stats,
        registrations={each.group: each for each in await registrations(store)},
        receivers=receivers,
        deliveries=deliveries,
        rates=of_late,
        samples=rings,
        trends={group: trend(found) for group, found in rings.items()},
        conditions=conditions(Known(stats, receivers, deliveries, of_late, rings)),
    )
