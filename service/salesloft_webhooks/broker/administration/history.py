"""What became of one event: where it stands in every group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.past_attempts import PastAttempt, read_attempts
from salesloft_webhooks.broker.administration.stored_records import Entry, read_entry
from salesloft_webhooks.broker.administration.waiting_follow_ups import MOVED, AskedFollowUp, asked_follow_up, nearness
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.keys import NOBODY, PARKED_SCORE, UNHANDLED_SCORE
from salesloft_webhooks.broker.records import (
    RECORD_ATTEMPTS,
    RECORD_DUPLICATES,
    RECORD_ERASED,
    RECORD_KINDS_OF_DONE,
    RECORD_RESUBMITTED,
    RECORD_TOKEN,
)
from salesloft_webhooks.broker.sealed_data import opened_fields
from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.events import BACKFILL_TOKEN

_ENTRY, _FOLLOW_UPS = 2, 5
"""Of what ``history.lua`` answers."""


class EventState(StrEnum):
    """Where an event stands in one group."""

    WAITING = "waiting"
    """In the stream; the group has not read that far."""
    RUNNING = "running"
    """A worker has it under a lease."""
    LAPSED = "lapsed"
    """The lease of the worker that had it is over; the next worker that asks gets it."""
    SCHEDULED = "scheduled"
    """An attempt failed; the next one is due at a later time."""
    PARKED = "parked"
    """Waiting behind an earlier event of the same entity."""
    NO_HANDLER = "no_handler"
    """The group takes its type, but no worker that is there has a handler for it: waiting for one that has."""
    DONE = "done"
    """Handled."""
    FILTERED = "filtered"
    """No handler ran: the group's filters did not want what the event says."""
    DEBOUNCED = "debounced"
    """No handler ran: debounced ones are called later, by a follow-up of the last event."""
    DEAD = "dead"
    """Given up on: among the group's dead letters."""
    DISCARDED = "discarded"
    """Was a dead letter and has been thrown away."""
    NOT_WANTED = "not_wanted"
    """The group does not take events of this type."""
    PASSED_OVER = "passed_over"
    """Read and not handled, although the group takes the type now: its filter was another one then."""
    ERASED = "erased"
    """Its data was erased before the group had finished it, which it never will."""


@dataclass(frozen=True, slots=True)
class EventInGroup:
    """Where an event stands in one group.

    Attributes:
        group: Which.
        state: Where.
        attempts: Attempts made, the running one included; None when the store no longer knows.
        consumer: Who runs it, or ran it last when the lease lapsed; else empty.
        due_at: End of the lease (running), time of the next attempt (scheduled), else None.
        resubmitted: Whether this is about a replay or redrive of it.
        tried: The attempts that ended, as far as they are kept: none of what succeeded at once.
    """

    group: str
    state: EventState
    attempts: int | None = None
    consumer: str = ""
    due_at: datetime | None = None
    resubmitted: bool = False
    tried: tuple[PastAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What the store knows about one event.

    Attributes:
        event_id: Its id.
        reference: Its entry.
        duplicates: How many times it was delivered again.
        entry: Its content while the stream still has it; afterwards only ids and states are known.
        groups: Its state in every group that exists or that has finished it.
        backfilled: Whether a backfill has brought it, because no webhook had.
        erased_at: When its data was erased; None: it was not.
        follow_ups: What its handlers have asked for later; of a follow-up first what it is itself.
    """

    event_id: str
    reference: Reference
    duplicates: int
    entry: Entry | None
    groups: tuple[EventInGroup, ...]
    backfilled: bool = False
    erased_at: datetime | None = None
    follow_ups: tuple[AskedFollowUp, ...] = ()


async def history(store: Store, event_id: str) -> History | None:
    """What became of an event; None when the store has never seen it, or longer ago than the idempotency TTL.

    Raises:
        StoreError: the store cannot be asked.
    """
    partition, reply = await _look(store, event_id)
    if not reply:
        return None
    found = await _history(store, partition, event_id, reply)
    return replace(found, follow_ups=tuple([await _where_it_is(store, each) for each in found.follow_ups]))


async def _look(store: Store, event_id: str) -> tuple[int, Sequence[Any]]:
    """Where it is known, and what is known there; of a follow-up that was moved, where it is by now."""
    known: list[tuple[int, Sequence[Any]]] = []
    for partition in range(store.partitions):
        reply = await store.run("history", partition, [event_id])
        if reply and reply[_ENTRY]:
            return partition, reply
        known += [(partition, reply)] if reply else []
    return max(known, key=lambda each: nearness(each[1][_FOLLOW_UPS]), default=(0, ()))


async def _where_it_is(store: Store, asked: AskedFollowUp) -> AskedFollowUp:
    """The same as it stands in the partition to which it was moved."""
    if asked.state != MOVED.decode():
        return asked
    _, reply = await _look(store, asked.event_id)
    rows = [asked_follow_up(*each) for each in (reply[_FOLLOW_UPS] if reply else ())]
    return next((row for row in rows if (row.group, row.event_id) == (asked.group, asked.event_id)), asked)


async def _history(store: Store, partition: int, event_id: str, reply: Sequence[Any]) -> History:
    now, flat_record, entry_id, flat_entry, rows, later = reply
    record = record_from(flat_record)
    reference = Reference.of(partition, entry_id or b"0-0")
    entry = read_entry(reference, opened_fields(store.body_keys, fields_from(flat_entry))) if flat_entry else None
    names = [row[0].decode() for row in rows]
    states = states_of(now, record, rows, entry, {name: (await registration(store, name)).events for name in names})
    erased = record.get(RECORD_ERASED)
    return History(
        event_id,
        reference,
        int(record.get(RECORD_DUPLICATES, "0")),
        entry,
        states,
        record.get(RECORD_TOKEN) == BACKFILL_TOKEN,
        datetime.fromtimestamp(int(erased) / 1_000, UTC) if erased else None,
        tuple(asked_follow_up(*each) for each in later),
    )


def states_of(
    now: int,
    record: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
    entry: Entry | None,
    taken: Mapping[str, tuple[str, ...]],
) -> tuple[EventInGroup, ...]:
    """An event's state in every group that exists or that has finished it, by the groups' names.

    Args:
        now: Server ms at which it was asked for.
        record: The event's idempotency record.
        rows: Where it stands in each group, as ``include/standing.lua`` says it.
        entry: Its entry, while the stream has it.
        taken: The event patterns that each group takes; empty: all.
    """
    states = {}
    for row in rows:
        group = row[0].decode()
        wanted = entry is None or entry.only == group or (not entry.only and _takes(taken[group], entry.event_type))
        states[group] = _state(now, record, row, wanted=wanted)
    for name in record:
        if name not in states and not name.startswith(RECORD_KINDS_OF_DONE) and (finished := _finished(record, name)):
            states[name] = EventInGroup(name, finished)
    return tuple(_with_attempts(states[name], record.get(RECORD_ATTEMPTS + name, "")) for name in sorted(states))


def _with_attempts(state: EventInGroup, kept: str) -> EventInGroup:
    tried = read_attempts(kept)
    return replace(state, tried=tried, attempts=state.attempts or tried[-1].number) if tried else state


def fields_from(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """A flat list of names and values, as scripts answer it."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def record_from(flat: Sequence[bytes]) -> dict[str, str]:
    """An event's idempotency record."""
    return {name.decode(): value.decode(errors="replace") for name, value in fields_from(flat).items()}


def _state(now: int, record: Mapping[str, str], row: Sequence[Any], *, wanted: bool) -> EventInGroup:
    name, last, entry_id, owner, attempts, due = row
    group = name.decode()
    resubmitted = RECORD_RESUBMITTED + group in record
    if finished := _finished(record, group):
        return EventInGroup(group, finished, resubmitted=resubmitted)
    if owner:
        return _pending(
            now, EventInGroup(group, EventState.RUNNING, attempts, owner.decode(), resubmitted=resubmitted), due
        )
    if RECORD_ERASED in record:
        return EventInGroup(group, EventState.ERASED, resubmitted=resubmitted)
    unread = Reference.of(0, entry_id) > Reference.of(0, last)
    if not wanted:
        return EventInGroup(group, EventState.NOT_WANTED)
    return EventInGroup(group, EventState.WAITING if unread else EventState.PASSED_OVER, resubmitted=resubmitted)


def _finished(record: Mapping[str, str], group: str) -> EventState | None:
    """How a group has finished an event; None: it has not."""
    outcome = record.get(group)
    if outcome == EventState.DONE:
        return next((EventState(kind[:-1]) for kind in RECORD_KINDS_OF_DONE if kind + group in record), EventState.DONE)
    return EventState(outcome) if outcome in {EventState.DEAD, EventState.DISCARDED} else None


def _pending(now: int, row: EventInGroup, due: bytes) -> EventInGroup:
    # Without a due time it is isolated, or was tampered with; the audit will make it due now.
    score = int(float(due)) if due else now
    if score == UNHANDLED_SCORE:
        return EventInGroup(row.group, EventState.NO_HANDLER, row.attempts, resubmitted=row.resubmitted)
    if score >= PARKED_SCORE:
        return EventInGroup(row.group, EventState.PARKED, row.attempts, resubmitted=row.resubmitted)
    due_at = datetime.fromtimestamp(score / 1_000, UTC)
    if row.consumer == NOBODY:
        return EventInGroup(row.group, EventState.SCHEDULED, row.attempts, due_at=due_at, resubmitted=row.resubmitted)
    kind = EventState.RUNNING if score > now else EventState.LAPSED
    return EventInGroup(row.group, kind, row.attempts, row.consumer, due_at, row.resubmitted)


def _takes(patterns: Sequence[str], event_type: str) -> bool:
    return not patterns or matches(event_type, patterns)
