"""Confirming that the server keeps what was written: for many commits at once, and several times at a time.

WAIT and WAITAOF hold their connection until replicas or the disk have what was written on it before. A commit that
waits there would let the next one begin only after that. So commits go on, and are confirmed on other connections.

The invariant: **a commit is confirmed by a wait only if**

1. a write stands before the wait on the same connection, and was sent after the commit's answer had come; and
2. the server has, behind the wait, the replication id that it had behind the commit.

The id is random. A server takes a new one when it starts and when it is promoted, and gives its own up when it becomes
a replica, so no id comes again. Where it is the same at both ends, it was one primary all the time, with one history,
in which the commit stands before the write: whoever has the write has the commit, also what a duplicate found there.
Anything else confirms nothing, and the commit is made again: no answer, another id, too few.

A wait covers all commits that were answered before it was sent. `AT_ONCE` of them overlap, spread evenly over the time
that one takes, so that a commit hardly waits longer than for the next fsync: never for the one after.
"""

import asyncio
import time
from collections.abc import Sequence

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.durability import Durability, least
from salesloft_webhooks.errors import NotDurable, StoreError, StoreUnavailable

AT_ONCE = 8
"""Waits under way to one server, each on a connection of its own."""
FORGET = 0.95
"""What is left of the longest wait seen, each time that one is shorter. Waits are spread over the longest: over a mean
they would all be under way when one takes long, and the next commit would have to wait for its end."""


class Confirmer:
    """Confirms commits of all partitions; one per publisher.

    Args:
        store: Where they were made.
        background: Runs the waits.
    """

    def __init__(self, store: Store, background: Background) -> None:
        self._store = store
        self._background = background
        self._primaries: dict[str, _Primary] = {}

    def confirm(self, history: str, partition: int, durability: Durability) -> asyncio.Future[None]:
        """Confirm a commit that was answered just now.

        Args:
            history: The replication id of its server.
            partition: Where it was made.
            durability: What has to be confirmed.

        Returns:
            A future that raises `NotDurable` (too few confirmed it in time) or another `StoreError` (nobody can say).
        """
        primary = self._primaries.get(history)
        if primary is None:
            self._primaries = {known: each for known, each in self._primaries.items() if not each.idle}
            primary = self._primaries[history] = _Primary(self._store, self._background, history)
        return primary.confirm(partition, durability)


class _Primary:
    """The waits on one server in one history."""

    def __init__(self, store: Store, background: Background, history: str) -> None:
        self._store = store
        self._background = background
        self._history = history
        self._waiting: list[asyncio.Future[None]] = []
        self._under_way = 0
        self._seconds = 0.0
        self._began = 0.0
        self._about_to_begin = False

    @property
    def idle(self) -> bool:
        """Whether nobody waits for it."""
        return not self._waiting and not self._under_way and not self._about_to_begin

    def confirm(self, partition: int, durability: Durability) -> asyncio.Future[None]:
        """See `Confirmer.confirm`."""
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(confirmed)
        self._begin_in_time(partition, durability)
        return confirmed

    def _begin_in_time(self, partition: int, durability: Durability) -> None:
        if self._waiting and self._under_way < AT_ONCE and not self._about_to_begin:
            self._about_to_begin = True
            self._background.start(self._wait(partition, durability), name="confirming commits")

    async def _wait(self, partition: int, durability: Durability) -> None:
        await asyncio.sleep(max(0.0, self._began + self._seconds / AT_ONCE - time.monotonic()))
        self._about_to_begin = False
        waiting, self._waiting = self._waiting, []
        self._under_way += 1
        began = self._began = time.monotonic()
        self._begin_in_time(partition, durability)
        problem = await self._problem(partition, durability)
        self._under_way -= 1
        self._seconds = max(time.monotonic() - began, FORGET * self._seconds)
        for confirmed in waiting:
            if problem is None:
                confirmed.set_result(None)
            else:
                confirmed.set_exception(type(problem)(str(problem)))
        self._begin_in_time(partition, durability)

    async def _problem(self, partition: int, durability: Durability) -> StoreError | None:
        try:
            await self._ask(partition, durability)
        except StoreError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - whatever it is, nothing is confirmed
            return StoreUnavailable(f"{type(exc).__name__} while confirming")
        return None

    async def _ask(self, partition: int, durability: Durability) -> None:
        wait: Sequence[Argument] = durability.wait or ()
        _, confirmed, history = await self._store.run_and_wait("probe", partition, [1], wait)
        if not history or history != self._history:
            raise StoreUnavailable("another server, or a restarted one, has taken over before the write was confirmed")
        if least(confirmed) < durability.required:
            raise NotDurable(f"{wait[0]!s} confirmed {least(confirmed)} of {durability.required}")
