"""Keeping signed deliveries that could not be read, so that somebody can find out why."""

from salesloft_webhooks.broker.connection import Store
from salesloft_webhooks.errors import UnreadableReason


async def quarantine(
    store: Store, *, source: str, dialect: str, reason: UnreadableReason, body: bytes, limit: int
) -> None:
    """Append to the first partition's quarantine, dropping the oldest beyond ``limit``.

    Args:
        store: Where.
        source: Name of the source it came from.
        dialect: How it was signed.
        reason: Why it is unreadable.
        body: The raw body, with every key of the source already redacted.
        limit: Deliveries kept.

    Raises:
        StoreUnavailable, StoreFull: it was not kept; let the sender come again.
    """
    await store.run("quarantine", 0, [source, dialect, reason.value, body, limit], [store.keys.quarantine(0)])
