"""One event written by the log of the `activity` group, as if it were alone in its batch."""

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.activity import ActivityLog


async def record(log: ActivityLog, event: Event) -> None:
    """Return when its row is committed; raise what the group would say of it."""
    for failure in (await log.record([event])).values():
        raise failure
