"""The whole life of one event as a page tells it: how it came, every attempt of every group, what it waits for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from msgspec import Struct

from salesloft_webhooks.broker.administration.history import EventInGroup, EventState, History
from salesloft_webhooks.broker.administration.lanes import InLane, LaneView
from salesloft_webhooks.broker.administration.past_attempts import PastAttempt
from salesloft_webhooks.broker.administration.stored_records import DeadLetter, StoredEvent
from salesloft_webhooks.console.masking import masked_body, masked_text, whole_body
from salesloft_webhooks.settings import Settings


class AttemptRow(Struct, frozen=True):
    """One attempt that has ended.

    Attributes:
        number: Which; after a redrive or replay from 1 again.
        began_at: When.
        seconds: How long it took; None: nobody knows.
        ended: How.
        error: What went wrong; of a lost one its worker.
        trace_id: Empty without a trace.
        left_out: How many before it are not kept.
        again: Whether it is the first one after a redrive or replay.
    """

    number: int
    began_at: datetime
    seconds: float | None
    ended: str
    error: str
    trace_id: str
    left_out: int
    again: bool


class Letter(Struct, frozen=True):
    """Why a group gave the event up.

    Attributes:
        handle: What to call the letter in a command.
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        error: The last one, masked.
        died_at: When.
        consumer: The worker that ran it last.
    """

    handle: str
    reason: str
    error: str
    died_at: datetime
    consumer: str


class GroupStory(Struct, frozen=True):
    """What one group made of the event.

    Attributes:
        group: Which.
        state: Where the event stands in it.
        attempts: How many there were; None: nobody knows any more.
        consumer: Who runs it.
        due_at: When the next attempt is due, or the lease ends.
        resubmitted: Whether it was redriven or replayed.
        tried: The attempts that did not succeed at once.
        letter: When it is dead.
        behind: What of the same person it waits behind, the first to go first.
        far_behind: Whether more is before it than `behind` shows.
    """

    group: str
    state: str
    attempts: int | None
    consumer: str
    due_at: datetime | None
    resubmitted: bool
    tried: tuple[AttemptRow, ...]
    letter: Letter | None
    behind: tuple[InLane, ...]
    far_behind: bool


class EventStory(Struct, frozen=True):
    """The whole life of one event.

    Attributes:
        event_id: Its id.
        event_type: What happened; empty when only the record is left.
        entity_key: To whom; the same.
        person_id: The person's id in that; empty when it is about no person.
        source: Which source sent it.
        happened_at: When, as the sender wrote it.
        received_at: When it was stored.
        entry: Where.
        duplicates: How often it came again.
        backfilled: Whether no webhook, but a backfill brought it.
        trace_id: Of the delivery.
        groups: What each made of it.
        content: Its data, masked unless it is revealed; empty when it is not kept any more.
        unreadable: Why the content, which is kept, cannot be decrypted here; empty: it can.
        erased_at: When it was erased with all of the person's data; None: it was not.
        kept_seconds: How long content is kept once every group has finished.
        revealed: Whether `content` is as it came.
        trace_url: Where traces are looked at, with `{trace_id}` in it; empty: nowhere.
    """

    event_id: str
    event_type: str
    entity_key: str
    person_id: str
    source: str
    happened_at: str
    received_at: datetime
    entry: str
    duplicates: int
    backfilled: bool
    trace_id: str
    groups: tuple[GroupStory, ...]
    content: str
    unreadable: str
    erased_at: datetime | None
    kept_seconds: int
    revealed: bool
    trace_url: str


def story_of(
    found: History,
    letters: Sequence[DeadLetter],
    lanes: Sequence[LaneView],
    *,
    settings: Settings,
    reveal: bool,
) -> EventStory:
    """The story, from what the store knows. A dead letter holds the event whole, also when the stream does not."""
    stored: StoredEvent | None = found.entry or next(iter(letters), None)
    key = stored.entity_key if stored else ""
    return EventStory(
        event_id=found.event_id,
        event_type=stored.event_type if stored else "",
        entity_key=key,
        person_id=person_in(key),
        source=stored.source if stored else "",
        happened_at=stored.created_at if stored else "",
        received_at=stored.received_at if stored else datetime.fromtimestamp(found.reference.ms / 1_000, UTC),
        entry=str(found.reference),
        duplicates=found.duplicates,
        backfilled=found.backfilled,
        trace_id=stored.trace_id if stored else "",
        groups=tuple(_group(row, found.event_id, letters, lanes) for row in found.groups),
        content=(whole_body if reveal else masked_body)(stored.data) if stored and not stored.unreadable else "",
        unreadable=stored.unreadable if stored else "",
        erased_at=found.erased_at,
        kept_seconds=settings.retention_seconds,
        revealed=reveal,
        trace_url=settings.console_trace_url or "",
    )


def address_of(event_id: str) -> str:
    """Of an event's page."""
    return f"/events/{quote(event_id)}"


def person_in(entity_key: str) -> str:
    """The id of the person that an entity key means; empty when it means none."""
    kind, _, identity = entity_key.partition(":")
    return identity if kind == "person" else ""


def _group(row: EventInGroup, event_id: str, letters: Sequence[DeadLetter], lanes: Sequence[LaneView]) -> GroupStory:
    letter = next((each for each in letters if each.group == row.group), None) if row.state == EventState.DEAD else None
    parked = row.state == EventState.PARKED
    lane = next((each for each in lanes if each.group == row.group), None) if parked else None
    first = lane.first if lane else ()
    place = next((number for number, each in enumerate(first) if each.event_id == event_id), len(first))
    return GroupStory(
        group=row.group,
        state=row.state,
        attempts=row.attempts,
        consumer=row.consumer,
        due_at=row.due_at,
        resubmitted=row.resubmitted,
        tried=tuple(_rows(row.tried)),
        letter=_letter(letter) if letter else None,
        behind=first[:place],
        far_behind=bool(first) and place == len(first),
    )


def _letter(letter: DeadLetter) -> Letter:
    return Letter(letter.handle, letter.reason, masked_text(letter.error), letter.died_at, letter.consumer)


def _rows(tried: Sequence[PastAttempt]) -> Iterator[AttemptRow]:
    before, last = 0, ""
    for each in tried:
        again = bool(last) and each.number <= before and not (each.number == before and last == "lost")
        left_out = max(0, each.number - 1 - (0 if again else before))
        yield AttemptRow(
            number=each.number,
            began_at=each.began_at,
            seconds=each.seconds,
            ended=each.ended,
            error=each.error,
            trace_id=each.trace_id,
            left_out=left_out,
            again=again,
        )
        before, last = each.number, each.ended
