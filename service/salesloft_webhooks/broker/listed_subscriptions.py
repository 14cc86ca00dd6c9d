"""What SalesLoft has of subscriptions, as it listed them to whoever asked last: for everybody who only wants to look.

The rate limit is the team's, so looking must cost nothing: one console asks, rarely, and all show what it was told,
with its age. What stands here has no token, and of addresses no query, in which some keep one.
"""

from typing import Any

import msgspec
from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Store, translated

KEPT_SECONDS = 86_400


class Listed(Struct, frozen=True):
    """A subscription at SalesLoft.

    Attributes:
        id: SalesLoft's.
        event: SalesLoft's name of the event type.
        url: Where it is sent, without a query.
        enabled: Whether it is sent.
    """

    id: int
    event: str
    url: str
    enabled: bool


class ListedSubscriptions(Struct, frozen=True):
    """What is known of SalesLoft's list.

    Attributes:
        subscriptions: What it had; None: it was never told.
        listed_ms: When it was told, Unix ms; 0: never.
        asked_ms: When it was asked last; 0: never.
        problem: Why that failed; empty: it did not.
    """

    subscriptions: tuple[Listed, ...] | None = None
    listed_ms: int = 0
    asked_ms: int = 0
    problem: str = ""


async def listed_subscriptions(store: Store) -> ListedSubscriptions:
    """What is known; nothing, if nobody has asked within a day.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        text: Any = await store.client.get(store.keys.subscriptions)
    try:
        return msgspec.json.decode(text or b"{}", type=ListedSubscriptions)
    except msgspec.MsgspecError:
        return ListedSubscriptions()  # of another version


async def keep_subscriptions(store: Store, known: ListedSubscriptions) -> None:
    """Let everybody know.

    Raises:
        StoreError: nobody may know.
    """
    with translated():
        await store.client.set(store.keys.subscriptions, msgspec.json.encode(known), ex=KEPT_SECONDS)


async def may_ask(store: Store, *, every_seconds: float) -> bool:
    """Whether the caller is to ask SalesLoft now; then nobody else is to for so long.

    Raises:
        StoreError: nobody can tell.
    """
    with translated():
        taken: Any = await store.client.set(
            store.keys.subscriptions_asked, b"1", nx=True, px=int(every_seconds * 1_000)
        )
    return bool(taken)


def without_query(url: str) -> str:
    """An address as it may be shown."""
    return url.partition("?")[0].partition("#")[0]
