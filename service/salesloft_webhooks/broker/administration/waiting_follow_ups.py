"""Follow-ups that wait, for people and for what has to reach all that is stored."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.follow_up_rows import WaitingRow, read_row

MOVED = b"moved"
SLICE = 10
"""Rows in one call, about: with bodies of a megabyte each is that many megabytes."""


@dataclass(frozen=True, slots=True)
class AskedFollowUp:
    """A follow-up that the handlers of a group have asked for with an event.

    Attributes:
        group: Whose.
        event_id: Its own event id, by which to look further.
        state: ``waiting``, ``begun``, ``cancelled``, ``withdrawn``, ``replaced``, ``moved``, ``erased``;
            ``forgotten`` a week after.
        key: What its author calls it, while it waits.
        task: Likewise the named task; empty: the event's handlers.
        due_at: When it is due, while it waits.
    """

    group: str
    event_id: str
    state: str
    key: str = ""
    task: str = ""
    due_at: datetime | None = None


async def waiting_follow_ups(store: Store, partition: int) -> AsyncIterator[tuple[str, WaitingRow]]:
    """Group and row of each that waits in a partition. What comes or goes meanwhile may be among them or not.

    Raises:
        StoreError: the store cannot be asked.
    """
    for group in sorted(await group_names(store)):
        cursor = b"0"
        while True:
            cursor, flat = await store.run("waiting_later", partition, [group, SLICE, cursor])
            for name, row in zip(flat[::2], flat[1::2], strict=True):
                if (waiting := read_row(name, row)) is not None:
                    yield group, waiting
            if cursor == b"0":
                break


def asked_follow_up(group: bytes, follow_up: bytes, state: bytes, row: bytes) -> AskedFollowUp:
    """From what ``history.lua`` says of it; ``row`` without the body, empty when it waits no more."""
    waiting = read_row(follow_up, row) if row else None
    named = group.decode(), follow_up.decode(), state.decode() or "forgotten"
    if waiting is None:
        return AskedFollowUp(*named)
    due_at = datetime.fromtimestamp(waiting.due_ms / 1_000, UTC)
    return AskedFollowUp(*named, waiting.said.key, waiting.said.task, due_at)


def nearness(rows: Sequence[Sequence[bytes]]) -> int:
    """How much a partition knows of a follow-up without an entry there: 2: it waits; 1: its end; 0: it was moved on."""
    return max((2 if row else int(state != MOVED) for _, _, state, row in rows), default=0)
