"""A follow-up that waits, without a worker that has asked for it."""

from datetime import UTC, datetime

from salesloft_webhooks.broker import FollowUps, GroupOptions, Lease, Store
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import Wanted


async def let_one_wait(  # noqa: PLR0913 - all that tells follow-ups apart
    store: Store,
    person: int,
    *,
    group: str = "crm",
    key: str = "k",
    after: float = 3_600,
    task: str = "",
    asks: str = "",
    data: bytes = b"{}",
) -> str:
    """Of a person, in a group, for an hour, asked for by an event of its own; its event id."""
    now, entity = datetime.now(UTC), f"person:{person}"
    event = Event(
        asks or f"asks-{person}", "person.created", now.isoformat(), "default", now, data, entity, group=group
    )
    follow_ups = FollowUps(store, GroupOptions(group))
    lease = Lease(partition_of(entity, store.partitions), "1-0", "", event)
    act = await follow_ups.act(lease, Wanted(key, after, task, b"", on_done=False))
    await follow_ups.ask(lease, act)
    return act.follow_up
