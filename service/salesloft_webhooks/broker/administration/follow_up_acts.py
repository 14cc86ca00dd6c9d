"""What people do with follow-ups that wait: find one, cancel some, have one run now.

After a raise of the number of partitions one may be on its way to where its person is by now. So whoever cancels says
so there first, where it is then remembered as cancelled, whether it has arrived or not (decision 108).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from salesloft_webhooks.broker.administration.follow_up_filter import (
    Cancelled,
    RunNow,
    WaitingFollowUp,
    is_follow_up_id,
)
from salesloft_webhooks.broker.administration.waiting_follow_ups import nearness
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.follow_up_calls import STALE
from salesloft_webhooks.broker.follow_up_rows import read_row
from salesloft_webhooks.broker.follow_ups import FollowUps
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreUnavailable

BATCH = 100
"""Cancelled in one call."""
WITHOUT_A_RUN = ("", "", "")
_FOLLOW_UPS = 5
"""Of what ``history.lua`` answers."""
FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class KnownFollowUp:
    """What the store knows of a follow-up.

    Attributes:
        group: Whose.
        event_id: Its own event id.
        partition: Where it is known.
        state: ``waiting``, ``begun``, ``cancelled``, ``withdrawn``, ``replaced``, ``moved``, ``erased``.
        waiting: More, while it waits; else None.
    """

    group: str
    event_id: str
    partition: int
    state: str
    waiting: WaitingFollowUp | None = None


async def find_follow_up(store: Store, event_id: str) -> KnownFollowUp | None:
    """One by its own event id; None: there is none, or it has ended more than the idempotency TTL ago.

    Raises:
        StoreError: the store cannot be asked.
    """
    found: list[tuple[int, int, Sequence[bytes]]] = []
    for partition in range(store.partitions if is_follow_up_id(event_id) else 0):
        reply: Any = await store.run("history", partition, [event_id])
        rows = reply[_FOLLOW_UPS] if reply else ()
        found += [(nearness([row]), partition, row) for row in rows if row[1] == event_id.encode()]
    if not found:
        return None
    _, partition, (group, name, state, row) = max(found, key=lambda each: each[0])
    waiting = read_row(name, row) if row else None
    more = None if waiting is None else WaitingFollowUp.of(group.decode(), partition, waiting.due_ms, waiting)
    return KnownFollowUp(group.decode(), event_id, partition, state.decode() or FORGOTTEN, more)


async def cancel_follow_ups(
    store: Store, follow_ups: AsyncIterator[KnownFollowUp | WaitingFollowUp], *, idempotency_ttl_seconds: int
) -> AsyncGenerator[tuple[KnownFollowUp | WaitingFollowUp, Cancelled]]:
    """Cancel follow-ups; what became of each, as soon as it is known.

    Args:
        store: Where.
        follow_ups: Which; read while the first of them are cancelled.
        idempotency_ttl_seconds: How long it is remembered that they are.

    Raises:
        StoreError: while cancelling; what is left waits, or may be cancelled.
    """
    batch: list[KnownFollowUp | WaitingFollowUp] = []
    async for one in follow_ups:
        batch.append(one)
        if len(batch) == BATCH:
            for done in await _cancel_all(store, batch, idempotency_ttl_seconds):
                yield done
            batch = []
    for done in await _cancel_all(store, batch, idempotency_ttl_seconds):
        yield done


async def _cancel_all(
    store: Store, follow_ups: Sequence[KnownFollowUp | WaitingFollowUp], ttl: int
) -> list[tuple[KnownFollowUp | WaitingFollowUp, Cancelled]]:
    done: list[tuple[KnownFollowUp | WaitingFollowUp, Cancelled]] = []
    for _, some in groupby(follow_ups, key=lambda one: (one.group, one.partition)):
        piece = list(some)
        done += zip(piece, await cancel_batch(store, piece, ttl) or (), strict=True)
    return done


async def cancel_batch(
    store: Store,
    follow_ups: Sequence[KnownFollowUp | WaitingFollowUp],
    ttl: int,
    *,
    source: tuple[str, int] | None = None,
    run: tuple[str, str, str] = WITHOUT_A_RUN,
) -> list[Cancelled] | None:
    """Cancel at most `BATCH` follow-ups of one group in one partition.

    Args:
        store: Where.
        follow_ups: Which.
        ttl: How long it is remembered, s.
        source: Their group and partition; None: there is one of them that says it.
        run: The run that does it, its place there, and its next one.

    Returns:
        What became of each; None: the run is not at that place, and nothing happened there.

    Raises:
        StoreError: some may be cancelled; repeat it.
    """
    group, partition = source or (follow_ups[0].group, follow_ups[0].partition)
    elsewhere: dict[str, Cancelled] = {}
    if store.earlier:
        for home, ids in _homes(store, follow_ups, partition).items():
            answers = await _cancel(store, group, home, ids, ttl, WITHOUT_A_RUN)
            elsewhere |= zip(ids, answers or (), strict=True)
    answers = await _cancel(store, group, partition, [one.event_id for one in follow_ups], ttl, run)
    if answers is None:
        return None
    pairs = zip(follow_ups, answers, strict=True)
    return [elsewhere.get(one.event_id, here) if here is Cancelled.OVER else here for one, here in pairs]


def _homes(store: Store, follow_ups: Sequence[KnownFollowUp | WaitingFollowUp], partition: int) -> dict[int, list[str]]:
    """By partition the ids of those that are moved there when they are due."""
    homes: dict[int, list[str]] = {}
    for one in follow_ups:
        waiting = one if isinstance(one, WaitingFollowUp) else one.waiting
        if waiting is not None and (home := partition_of(waiting.entity_key, store.partitions)) != partition:
            homes.setdefault(home, []).append(one.event_id)
    return homes


async def _cancel(
    store: Store, group: str, partition: int, ids: Sequence[str], ttl: int, run: tuple[str, str, str]
) -> list[Cancelled] | None:
    args: list[Argument] = [group, ttl, store.partitions, *run, *ids]
    reply = await store.run("cancel_later", partition, args)
    if reply == b"stale":
        raise StoreUnavailable(STALE)
    return None if reply == b"moved" else [Cancelled(result.decode()) for result in reply]


async def run_now(store: Store, found: KnownFollowUp, *, idempotency_ttl_seconds: int) -> RunNow:
    """Have one that waits begin now, in its turn behind what its person has waiting.

    Raises:
        StoreError: it may be due or have begun; asked again, it does not run twice.
    """
    if found.waiting is None:
        return RunNow.OVER
    # Where it was moved to, or before format 2 is written, a worker has it begin: it knows how.
    at_home = partition_of(found.waiting.entity_key, store.partitions) == found.partition
    may_begin = at_home and await FollowUps(store, GroupOptions(found.group)).may_begin()
    way = "begin" if may_begin else "due"
    args: list[Argument] = [found.group, idempotency_ttl_seconds, store.partitions, found.event_id, way]
    reply = await store.run("run_later", found.partition, args)
    if reply == b"stale":
        raise StoreUnavailable(STALE)
    return RunNow(reply.decode())
