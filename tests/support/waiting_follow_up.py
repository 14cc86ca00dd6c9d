"""A follow-up that waits, without a worker that has asked for it."""

from datetime import UTC, datetime

from salesloft_webhooks.broker import FollowUps, GroupOptions, Lease, Store
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import Wanted


async def let_one_wait(store: Store, person: int) -> None:
    """Of a person, in the group `crm`, for an hour."""
    now = datetime.now(UTC)
    event = Event("asks", "person.created", now.isoformat(), "default", now, b"{}", f"person:{person}", group="crm")
    follow_ups, lease = FollowUps(store, GroupOptions("crm")), Lease(0, "1-0", "", event)
    await follow_ups.ask(lease, await follow_ups.act(lease, Wanted("k", 3_600, "", b"", on_done=False)))
