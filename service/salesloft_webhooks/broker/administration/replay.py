"""Replay: history back into one group, never into the others."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from salesloft_webhooks.broker.administration.dead_letters import NO_RUN
from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.scan import Span, newest_entry, scan
from salesloft_webhooks.broker.administration.stored_records import Entry, read_entry
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.event_patterns import is_taken, matches

_EPOCH = datetime.fromtimestamp(0, UTC)
BATCH = 100
"""Entries in one script call, so that the server is never blocked for long."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of history is meant. Empty fields choose all.

    Attributes:
        since: Stored at this time or later.
        until: Stored at this time or earlier.
        types: Event patterns.
        event_ids: These events only.
        source: From this source only.
        person: About the person with this id only, digits. What else says who somebody is (an address) is refused: a
            selection is kept, and shown to people who may not see that.

    Raises:
        ValueError: the person is no id.
    """

    since: datetime | None = None
    until: datetime | None = None
    types: tuple[str, ...] = ()
    event_ids: frozenset[str] = frozenset()
    source: str = ""
    person: str = ""

    def __post_init__(self) -> None:
        if self.person and not (self.person.isascii() and self.person.isdigit()):
            raise ValueError("a person is named by an id, which is a number")

    def wants(self, entry: Entry) -> bool:
        """Whether the entry is meant (its time apart, by which the stream is read)."""
        return (
            (not self.event_ids or entry.event_id in self.event_ids)
            and self.source in {"", entry.source}
            and (not self.person or entry.entity_key == f"person:{self.person}")
            and is_wanted(entry.event_type, self.types)
        )


class Replayed(StrEnum):
    """What became of an event that a replay selected."""

    REPLAYED = "replayed"
    """The group gets it again (in a dry run: would get it)."""
    IN_PROGRESS = "in_progress"
    """The group has not finished it yet, so it comes anyway."""
    DEAD = "dead"
    """A dead letter of the group: redrive it instead."""
    NOT_WANTED = "not_wanted"
    """The group does not take events of this type."""
    GONE = "gone"
    """Trimmed between being read and being replayed."""
    REPEATED = "repeated"
    """Another entry of an event that the same run meets elsewhere in its selection, too."""
    NO_GROUP = "no_group"
    """The group is not registered, so nobody would handle it."""


async def replay(
    store: Store,
    group: str,
    selection: Selection,
    *,
    idempotency_ttl_seconds: int,
    dry_run: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> AsyncIterator[tuple[Entry, Replayed]]:
    """Give history to a group again, in the order of arrival; yields what became of each selected event.

    An event is replayed once, however many entries of it the history has. What arrives meanwhile is not replayed. When
    ``stopped`` says so, nothing more is begun.

    Raises:
        StoreFull: copies take memory, and there is none; those yielded before are replayed.
        StoreError: those yielded before are replayed, the batch at hand may be.
    """
    wanted = (await registration(store, group)).events
    batches: dict[int, list[Entry]] = {}
    async for entry in _selected(store, selection):
        if stopped():
            break
        if not is_taken(entry.event_type, wanted):
            yield entry, Replayed.NOT_WANTED
            continue
        batch = batches.setdefault(entry.reference.partition, [])
        batch.append(entry)
        if len(batch) == BATCH:
            for outcome in await _replay(store, group, batch, idempotency_ttl_seconds, dry_run=dry_run):
                yield outcome
            batch.clear()
    for batch in filter(None, batches.values()):
        for outcome in await _replay(store, group, batch, idempotency_ttl_seconds, dry_run=dry_run):
            yield outcome


async def replay_event(store: Store, group: str, event_id: str, *, idempotency_ttl_seconds: int) -> Replayed:
    """Give one event to a group again, found by its id and not by looking through history.

    Raises:
        StoreFull: a copy takes memory, and there is none.
        StoreError: it may be replayed.
    """
    found = await history(store, event_id)
    if found is None or found.entry is None:
        return Replayed.GONE
    if not is_taken(found.entry.event_type, (await registration(store, group)).events):
        return Replayed.NOT_WANTED
    ((_, outcome),) = await _replay(store, group, [found.entry], idempotency_ttl_seconds, dry_run=False)
    return outcome


async def located(store: Store, selection: Selection) -> Selection:
    """Named events with the time in which they were stored, so that not all of history is looked through for them.

    The same as it was where none are named, or one of them is not found.

    Raises:
        StoreError: the store cannot be asked.
    """
    known = [await history(store, event_id) for event_id in sorted(selection.event_ids)]
    stored = [one.entry.reference.ms for one in known if one and one.entry]
    if not known or len(stored) < len(known):
        return selection
    first, last = (_EPOCH + timedelta(milliseconds=each) for each in (min(stored), max(stored)))
    since, until = max(first, selection.since or first), min(last, selection.until or last)
    return replace(selection, since=since, until=max(since, until))


async def _selected(store: Store, selection: Selection) -> AsyncIterator[Entry]:
    end = await newest_entry(store, store.keys.events)
    if selection.until is not None:
        # Without a sequence number, the end of a range includes its whole millisecond.
        end = min(end, str(milliseconds(selection.until)), key=lambda entry_id: int(entry_id.partition("-")[0]))
    start = "-" if selection.since is None else str(milliseconds(selection.since))
    seen: set[str] = set()
    async for reference, fields in scan(store, store.keys.events, Span(oldest=start, newest=end)):
        entry = read_entry(reference, fields)
        if selection.wants(entry) and entry.event_id not in seen:
            seen.add(entry.event_id)
            yield entry


async def _replay(
    store: Store, group: str, batch: list[Entry], ttl_seconds: int, *, dry_run: bool
) -> list[tuple[Entry, Replayed]]:
    args = [
        group,
        ttl_seconds,
        "dry" if dry_run else "wet",
        *NO_RUN,
        "-",
        0,
        *(entry.reference.entry_id for entry in batch),
    ]
    replies = await store.run("replay", batch[0].reference.partition, args)
    return [(entry, Replayed(reply.decode())) for entry, reply in zip(batch, replies, strict=True)]


def is_wanted(event_type: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns means the event type; no pattern wants all."""
    return not patterns or matches(event_type, patterns)


def milliseconds(moment: datetime) -> int:
    """A time as the ids of entries have it."""
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1))  # no entry is older than its ids can say
