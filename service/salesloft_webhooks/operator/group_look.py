"""What the store says of all groups, in one look."""

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from salesloft_webhooks.broker import Store, follow_partitions
from salesloft_webhooks.broker.administration.groups import registrations
from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit, stored_handler_limits
from salesloft_webhooks.broker.administration.limiting import StoredLimits, stored_limits
from salesloft_webhooks.broker.administration.stats import GroupStats, measure
from salesloft_webhooks.broker.administration.stored_pause import FoundPause, find_pauses


class GroupLook(Struct, frozen=True, kw_only=True):
    """One look at the store.

    Attributes:
        at: When, Unix seconds.
        stats: What each known group has to do, by name; removed ones with dead letters are among them.
        registered: The groups there are.
        pauses: The pauses of these by group, one for each partition.
        limits: What limits these, by group.
        handler_limits: What limits their handlers, by group.
    """

    at: float
    stats: Mapping[str, GroupStats]
    registered: frozenset[str]
    pauses: Mapping[str, Sequence[FoundPause]]
    limits: Mapping[str, StoredLimits]
    handler_limits: Mapping[str, Sequence[HandlerLimit]]


async def look_at_groups(store: Store) -> GroupLook:
    """Ask for everything: some calls per partition and per group, whatever the backlog.

    Raises:
        StoreError: the store cannot be asked.
    """
    await follow_partitions(store)
    stats = await measure(store)
    registered = frozenset(each.group for each in await registrations(store) if each.seen is not None)
    pauses = await find_pauses(store, sorted(registered))
    return GroupLook(
        at=time.time(),
        stats={each.group: each for each in stats.groups},
        registered=registered,
        pauses=pauses,
        limits={group: await stored_limits(store, group) for group in sorted(registered)},
        handler_limits={group: await stored_handler_limits(store, group) for group in sorted(registered)},
    )
