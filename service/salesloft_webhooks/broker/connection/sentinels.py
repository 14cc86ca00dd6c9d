"""Asking the sentinels where the primary is.

All are asked at once, and one that hangs holds nobody up: as soon as more than half have named a primary, or after
`ANSWER_SECONDS`, the newest knowledge counts. A sentinel that was cut off or frozen during a fail-over still names the
old primary; its epoch tells. While none has said anything they are waited for until they are given up, one by one: to
begin again would throw away handshakes that are nearly through, on a busy machine again and again.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.broker.connection.error_words import WordedConnectionError, words

ANSWER_SECONDS = 1.0
GIVEN_UP_SECONDS = 5.0
"""For connecting to a sentinel, for the login and for its answer, each."""


class Named(Struct, frozen=True, order=True):
    """A primary that a sentinel names, with the epoch in which it became one."""

    epoch: int
    address: tuple[str, int]


class Unnamed(Struct, frozen=True):
    """Why a sentinel names none.

    Attributes:
        why: In words.
        said: Whether it says so itself; else it could not be asked.
    """

    why: str
    said: bool = True


class Sentinels:
    """What redis-py's pool of connections to a primary asks for its address.

    Args:
        clients: One for each sentinel.
    """

    def __init__(self, clients: Sequence[Redis]) -> None:
        self.clients = clients

    async def discover_master(self, service: str) -> tuple[str, int]:
        """Host and port of the primary.

        Raises:
            WordedConnectionError: nobody names one; says what each kind of answer was.
        """
        asked = [asyncio.create_task(_ask(client, service)) for client in self.clients]
        named: list[Named] = []
        unnamed: list[Unnamed] = []
        pending = set(asked)
        deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
        try:
            while pending and 2 * len(named) <= len(asked):
                heard = named or any(each.said for each in unnamed)
                left = max(0.0, deadline - asyncio.get_running_loop().time()) if heard else None
                done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    break
                for answer in (task.result() for task in done):
                    named += [answer] if isinstance(answer, Named) else []
                    unnamed += [answer] if isinstance(answer, Unnamed) else []
        finally:
            await cancel_and_wait(asked)
        if named:
            return max(named).address
        counted = Counter([*(each.why for each in unnamed), *["no answer in time"] * len(pending)])
        raise WordedConnectionError(
            f"no sentinel names a primary: {', '.join(f'{count} x {why}' for why, count in counted.items())}"
        )


async def _ask(client: Redis, service: str) -> Named | Unnamed:
    try:
        known: Any = await client.sentinel_masters()
    except (RedisError, OSError) as exc:
        return Unnamed(words(exc), said=False)
    state = known.get(service)
    if state is None:
        return Unnamed("no such service")
    if not state["is_master"] or state["is_sdown"] or state["is_odown"]:
        return Unnamed("the primary is down")
    return Named(int(state.get("config-epoch", 0)), (state["ip"], int(state["port"])))
