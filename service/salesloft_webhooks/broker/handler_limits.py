"""Permits for calls of limited handlers, as one consumer asks for them, and what is said of those limits.

They are counted in partition 0, where one script sees all that an event needs: it has a permit for each of its limited
handlers, or for none (``lua/handler_permits.lua``). What a handler's key is in an event stands nowhere: the store has a
digest of it. Decision 99.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.group_limits import PLACE
from salesloft_webhooks.broker.group_options import GroupOptions

MOST_AT_ONCE = 100
"""Events that ask by one call, and permits that come back by it: what a server does meanwhile stays short."""


class Want(Struct, frozen=True):
    """A limited handler that an event needs.

    Attributes:
        handler: Its name.
        words: What its author limits it to, as the store has it.
        digest: Of the handler and its key's value in the event.
    """

    handler: str
    words: str
    digest: str


class Ask(Struct, frozen=True):
    """An event that asks.

    Attributes:
        event: What it is called while it waits: the same in each attempt, whoever makes it.
        permit: What its permit would be called: of this attempt alone.
        wants: What it needs a permit for.
    """

    event: str
    permit: str
    wants: tuple[Want, ...]


class Refused(Struct, frozen=True):
    """It has none.

    Attributes:
        wait_seconds: When to ask again.
        limit: What holds it up: ``running`` or ``rate``.
        handler: Of which handler.
    """

    wait_seconds: float
    limit: str
    handler: str


class Return(Struct, frozen=True):
    """A permit comes back.

    Attributes:
        ask: By which it was given.
        seconds: How long its call has taken; of one that is not used, since it was given at the latest.
        used: Whether something was begun with it; else what the rate could not have brought since then comes back, too.
    """

    ask: Ask
    seconds: float
    used: bool


class HandlerLimits:
    """The limits of the handlers of one consumer's group."""

    def __init__(self, store: Store, options: GroupOptions) -> None:
        self._store = store
        self._options = options

    @property
    def lease_seconds(self) -> float:
        """How long a permit is kept without another word."""
        return self._options.lease_seconds

    async def ask(self, asks: Sequence[Ask], returns: Sequence[Return] = ()) -> list[Refused | None]:
        """Give permits back, then ask for some; at most `MOST_AT_ONCE` of each. Of each that asks: None, it has it.

        Raises:
            StoreError: some may have been given; give back all that were asked for.
        """
        args: list[Argument] = [self._options.name, self._lease_ms, sum(len(each.ask.wants) for each in returns)]
        for each in returns:
            held = int(each.seconds * 1000) if each.used else -1 - math.ceil(each.seconds * 1000)
            for want in each.ask.wants:
                args += (want.digest, each.ask.permit, want.handler, want.words, held)
        for ask in asks:
            args += (ask.event, ask.permit, len(ask.wants))
            for want in ask.wants:
                args += (want.handler, want.words, want.digest)
        answers: list[tuple[int, bytes, int]] = await self._store.run("handler_permits", PLACE, args)
        return [
            None if wait_ms < 0 else Refused(wait_ms / 1000, limit.decode(), ask.wants[number - 1].handler)
            for ask, (wait_ms, limit, number) in zip(asks, answers, strict=True)
        ]

    async def keep(self, asks: Sequence[Ask]) -> list[bool]:
        """Keep permits for as long as a lease, at most `MOST_AT_ONCE`; of each whether it was still there.

        What was not is counted again, since it is in use. Others may have been given it meanwhile.

        Raises:
            StoreError: they may end.
        """
        args: list[Argument] = [self._options.name, self._lease_ms]
        for ask in asks:
            for want in ask.wants:
                args += (want.digest, ask.permit)
        lost = iter(await self._store.run("keep_handler_permits", PLACE, args))
        return [sum([next(lost) for _ in ask.wants]) == 0 for ask in asks]

    async def declare(self, written: Mapping[str, str], *, refresh: bool) -> None:
        """Say which handlers are limited, for people; by name, in the store's words with the key behind them.

        With ``refresh`` only where nobody has said it.

        Raises:
            StoreError: nobody may have heard it; say it again.
        """
        beside: Literal["", "repeated"] = "repeated" if refresh else ""
        await say_handler_limits(self._store, self._options.name, "author", written, beside=beside)

    @property
    def _lease_ms(self) -> int:
        return int(self.lease_seconds * 1000)


async def say_handler_limits(
    store: Store, group: str, who: str, words: Mapping[str, str], *, beside: Literal["", "repeated", "further"] = ""
) -> None:
    """Say what limits handlers, from the next event that asks on.

    Args:
        store: Where.
        group: Of which group.
        who: ``hand`` or ``declared``, of those named; ``author``, of all.
        words: By handler, as the store has them; empty: nothing is said any more.
        beside: What becomes of what was said before. Empty: it is forgotten; ``repeated``: it stays, and this counts
            only where nothing was; ``further``: of a handler's two limits, that of which nothing is said now stays.

    Raises:
        StoreError: it may hold all the same; repeat it.
    """
    args: list[Argument] = [group, who, beside]
    for handler, said in words.items():
        args += (handler, said)
    await store.run("limit_handlers", PLACE, args)
