"""What a group holds: who runs what, which retries come next and why, which lanes are held back. For people.

One script call for each partition, whose cost does not grow with what the group holds: of each kind the first few
hundred are looked at and the most telling are told of.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.broker.administration.stats import SILENCE_SECONDS
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.masked_text import masked_text

LOOKED_AT = 300
"""On each partition, of each kind: 1,500 commands, about a millisecond of the server."""
LISTED = 20


class Consumer(Struct, frozen=True):
    """A worker.

    Attributes:
        name: Host, process and start.
        silent_seconds: Since it last asked for work anywhere; None: nobody has written it down. One with its hands full
            asks for nothing.
        running: How many entries it holds.
    """

    name: str
    silent_seconds: float | None
    running: int


class Running(Struct, frozen=True):
    """An entry under a lease.

    Attributes:
        consumer: Whose.
        entry: ``entry id@partition``.
        event_id: The event; empty when the entry is damaged or gone.
        event_type: Its type.
        lane: Whose order it keeps; empty: none.
        attempt: Which attempt this is, the first is 1.
        lease_seconds: Until the lease ends; negative: it has lapsed.
    """

    consumer: str
    entry: str
    event_id: str
    event_type: str
    lane: str
    attempt: int
    lease_seconds: float


class HeldLane(Struct, frozen=True):
    """A lane in which something waits behind its head.

    Attributes:
        lane: Whose events, ``person:7``.
        waiting: How many wait behind the head.
        event_id: The head.
        event_type: Its type.
        running: Whether somebody runs it.
        attempts: How many attempts of it there were.
        due_seconds: Until its next attempt, or while it runs until its lease ends; None: it waits for a handler.
        error: Why its last attempt failed, masked; empty: none has.
    """

    lane: str
    waiting: int
    event_id: str
    event_type: str
    running: bool
    attempts: int
    due_seconds: float | None
    error: str


class Retries(Struct, frozen=True):
    """The retries that come next.

    Attributes:
        looked_at: How many were looked at.
        by_attempt: How many of them have had so many attempts.
        by_error: How many of them failed last with this kind of error, the most frequent first.
        by_wait: How many of them come within so many seconds, `WAITS`; the last one: later.
    """

    looked_at: int
    by_attempt: dict[int, int]
    by_error: dict[str, int]
    by_wait: dict[int, int]


WAITS = (0, 10, 60, 600, 3_600)
"""Seconds, at most: due now, within ten, within a minute, ten, an hour."""
LATER = -1


class Holdings(Struct, frozen=True):
    """What a group holds.

    Attributes:
        consumers: Its workers, those that hold most first.
        running: Entries under a lease, the oldest first.
        retries: What comes again.
        lanes: Those in which most waits first.
    """

    consumers: tuple[Consumer, ...]
    running: tuple[Running, ...]
    retries: Retries
    lanes: tuple[HeldLane, ...]


async def holdings(store: Store, group: str, *, silence_seconds: float = SILENCE_SECONDS) -> Holdings:
    """What a group holds; of one that does not exist: nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    consumers: dict[str, Consumer] = {}
    running: list[tuple[tuple[int, int], Running]] = []
    retried: list[tuple[int, int, str]] = []
    lanes: list[HeldLane] = []
    for partition in range(store.partitions):
        args: list[Argument] = [group, int(silence_seconds * 1_000), LOOKED_AT, LISTED]
        _, who, held, again, behind = await store.run("holdings", partition, args)
        for row in who:
            _add(consumers, _consumer(*row))
        running += [_running(partition, row) for row in held]
        retried += [(int(attempts), int(wait), masked_text(_text(error))) for attempts, wait, error in again]
        lanes += [_lane(row) for row in behind]
    return Holdings(
        consumers=tuple(sorted(consumers.values(), key=lambda each: (-each.running, each.name))[:LISTED]),
        running=tuple(one for _, one in sorted(running, key=lambda pair: pair[0])[:LISTED]),
        retries=_retries(retried),
        lanes=tuple(sorted(lanes, key=lambda lane: -lane.waiting)[:LISTED]),
    )


def error_kind(error: str) -> str:
    """The kind of an error: what stands before the colon in ``HTTPStatusError: 503 from crm``."""
    return error.partition(":")[0].strip()[:100]


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _consumer(name: bytes, silent_ms: bytes, pending: int) -> Consumer:
    silent = int(silent_ms)
    return Consumer(_text(name), None if silent < 0 else silent / 1_000, pending)


def _add(known: dict[str, Consumer], one: Consumer) -> None:
    """The same worker on another partition: it was heard of where it asked last."""
    if (before := known.get(one.name)) is None:
        known[one.name] = one
        return
    heard = [each.silent_seconds for each in (before, one) if each.silent_seconds is not None]
    known[one.name] = replace(before, silent_seconds=min(heard, default=None), running=before.running + one.running)


def _running(partition: int, row: list[Any]) -> tuple[tuple[int, int], Running]:
    consumer, entry_id, event_id, event_type, lane, attempt, lease_ms = row
    at, _, sequence = entry_id.partition(b"-")
    return (int(at), int(sequence)), Running(
        consumer=_text(consumer),
        entry=f"{_text(entry_id)}@{partition}",
        event_id=_text(event_id),
        event_type=_text(event_type),
        lane=_text(lane),
        attempt=attempt,
        lease_seconds=int(lease_ms) / 1_000,
    )


def _lane(row: list[Any]) -> HeldLane:
    lane, waiting, _, event_id, event_type, owner, attempts, due_ms, error = row
    due = int(due_ms)
    return HeldLane(
        lane=_text(lane),
        waiting=waiting,
        event_id=_text(event_id),
        event_type=_text(event_type),
        running=_text(owner) not in {"", NOBODY},
        attempts=attempts,
        due_seconds=None if due < 0 else due / 1_000,
        error=masked_text(_text(error)),
    )


def _retries(found: Iterable[tuple[int, int, str]]) -> Retries:
    rows = list(found)
    attempts = Counter(tried for tried, _, _ in rows)
    errors = Counter(error_kind(error) or "unknown" for _, _, error in rows)
    waits = Counter(next((bound for bound in WAITS if ms <= bound * 1_000), LATER) for _, ms, _ in rows)
    return Retries(
        looked_at=len(rows),
        by_attempt=dict(sorted(attempts.items())),
        by_error=dict(errors.most_common()),
        by_wait={bound: waits[bound] for bound in (*WAITS, LATER) if waits[bound]},
    )
