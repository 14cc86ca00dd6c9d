"""Keeping signed deliveries that could not be read, so that somebody can find out why."""

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.sealed_data import seal_quarantined
from salesloft_webhooks.errors import UnreadableReason

LONGEST_FROM_HEADERS = 256
"""Characters that are kept: beyond any event name that could ever be read; the longest message id."""


async def quarantine(  # noqa: PLR0913 - each is a field of the entry
    store: Store,
    *,
    source: str,
    dialect: str,
    reason: UnreadableReason,
    body: bytes,
    limit: int,
    from_headers: str = "",
    content_redacted: bool = False,
) -> None:
    """Append to the first partition's quarantine, dropping the oldest beyond ``limit``.

    Args:
        store: Where.
        source: Name of the source it came from.
        dialect: How it was signed.
        reason: Why it is unreadable.
        body: The raw body, with every key of the source already redacted.
        limit: Deliveries kept.
        from_headers: What its headers say and its body does not (native: the event's name), without which nobody could
            read it later.
        content_redacted: Whether a key stood in what the body says: what is kept is not what came.

    Raises:
        StoreUnavailable, StoreFull: it was not kept; let the sender come again.
    """
    if (keys := store.sealing_keys) is not None:
        body = seal_quarantined(keys, body, source)
    args = [source, dialect, reason.value, body, limit, from_headers[:LONGEST_FROM_HEADERS], int(content_redacted)]
    await store.run("quarantine", 0, args, [store.keys.quarantine(0)])
