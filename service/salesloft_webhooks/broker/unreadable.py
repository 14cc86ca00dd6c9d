"""Keeping signed deliveries that could not be read, so that somebody can find out why."""

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import UnreadableReason

LONGEST_NAME = 128
"""Characters of an event name that are kept: beyond any that could ever be read."""


async def quarantine(
    store: Store, *, source: str, dialect: str, reason: UnreadableReason, body: bytes, limit: int, event_name: str = ""
) -> None:
    """Append to the first partition's quarantine, dropping the oldest beyond ``limit``.

    Args:
        store: Where.
        source: Name of the source it came from.
        dialect: How it was signed.
        reason: Why it is unreadable.
        body: The raw body, with every key of the source already redacted.
        limit: Deliveries kept.
        event_name: Native dialect: the name it came with, without which nobody could read it later.

    Raises:
        StoreUnavailable, StoreFull: it was not kept; let the sender come again.
    """
    args = [source, dialect, reason.value, body, limit, event_name[:LONGEST_NAME]]
    await store.run("quarantine", 0, args, [store.keys.quarantine(0)])
