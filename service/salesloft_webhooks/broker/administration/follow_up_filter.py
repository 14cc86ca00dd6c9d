"""The nouns of follow-ups that wait, for people: which are meant (`FollowUpFilter`), and what became of a wish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from salesloft_webhooks.broker.administration.replay import milliseconds
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.follow_up_rows import WaitingRow
from salesloft_webhooks.follow_ups import ID_PREFIX

LATEST_MS = 253_402_300_799_000
"""Of a time that can be written; a row that somebody has damaged may say a later one."""
LONGEST_PLACE = 15
"""Digits of its milliseconds: more than any clock says, and exact as a number of Lua's."""


@dataclass(frozen=True, slots=True)
class FollowUpFilter:
    """Which follow-ups that wait are meant. Empty fields choose all.

    Attributes:
        group: Of this group only.
        task: That run this task, as the store has it: ``tell``, ``debounced/sync``.
        key: Called so by their author.
        entity_key: Of this person only, ``person:164510523``.
        due_before: Due before this time.
        asked_until_ms: Asked for until then, Unix ms by the store's clock: what is asked for while somebody acts is not
            meant, nor what waits for a debounced handler, of which that is not known; 0: whenever.
    """

    group: str = ""
    task: str = ""
    key: str = ""
    entity_key: str = ""
    due_before: datetime | None = None
    asked_until_ms: int = 0

    def arguments(self) -> Sequence[Argument]:
        """The part of ``list_later.lua``'s arguments that says it; the group apart."""
        due_before = "" if self.due_before is None else milliseconds(self.due_before)
        texts = [text.encode(errors="replace") for text in (self.task, self.key, self.entity_key)]
        return [due_before, self.asked_until_ms or "", *texts]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a follow-up stands in the order in which they are due, which is one for all groups and partitions.

    Attributes:
        due_ms: When it is due, Unix ms by the store's clock.
        event_id: Its own event id.
    """

    due_ms: int
    event_id: str

    def __str__(self) -> str:
        return f"{self.due_ms}/{self.event_id}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """The inverse of ``str``; None when the text is none."""
        due, _, event_id = text.partition("/")
        # `isdigit` alone takes what is no number to the store.
        if not (due.isascii() and due.isdigit() and len(due) <= LONGEST_PLACE and is_follow_up_id(event_id)):
            return None
        return cls(int(due), event_id)


@dataclass(frozen=True, slots=True)
class WaitingFollowUp:
    """A follow-up that waits: ids, times and names that its author has given, no data of its event.

    Attributes:
        group: Whose.
        event_id: Its own event id, by which to look further, to cancel it and to have it run.
        partition: Where it waits.
        place: Where in the order in which they are due.
        key: What its author calls it.
        task: The named task that it runs; `debounced/` and a handler's name: that one; empty: its event's handlers.
        entity_key: Whose events it belongs to, ``person:164510523``.
        due_at: When it is due.
        asked_at: When it was asked for.
        asked_by: The event that has asked for it.
        asked_by_type: That one's type.
    """

    group: str
    event_id: str
    partition: int
    place: Place
    key: str
    task: str
    entity_key: str
    due_at: datetime
    asked_at: datetime
    asked_by: str
    asked_by_type: str

    @classmethod
    def of(cls, group: str, partition: int, due_ms: int, row: WaitingRow) -> "WaitingFollowUp":
        """From its row; ``due_ms``: its place in time."""
        said = row.said
        return cls(
            group,
            row.follow_up,
            partition,
            Place(due_ms, row.follow_up),
            said.key,
            said.task,
            row.entity_key,
            _moment(row.due_ms),
            _moment(row.asked_ms),
            said.event_id,
            said.event_type,
        )


class Cancelled(StrEnum):
    """What became of the wish to cancel a follow-up."""

    CANCELLED = "cancelled"
    """It waits no more, or had begun and is given to nobody any more; its event does not bring it back."""
    RUNNING = "running"
    """A worker runs it: that attempt goes on, and is the last."""
    OVER = "over"
    """It was handled, cancelled, replaced or erased before; nothing was changed."""


class RunNow(StrEnum):
    """What became of the wish to have a follow-up run now."""

    BEGUN = "begun"
    """It is an event of its group, which workers take as any other."""
    DUE = "due"
    """It is due, and begins as soon as a worker may have it begin: after the group's pause, for one."""
    OVER = "over"
    """It waits no more: it had begun, or was cancelled, replaced or erased; nothing was changed."""


def is_follow_up_id(event_id: str) -> bool:
    """Whether it can be the event id of a follow-up."""
    return event_id.startswith(ID_PREFIX) and event_id.isascii() and event_id.isprintable()


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(min(ms, LATEST_MS) / 1_000, UTC)
