"""The nouns of dead letters: the letter itself, which ones are meant (`DeadLetterFilter`), and what became of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from salesloft_webhooks.broker.administration.error_classes import is_of
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.event_patterns import matches


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant. Empty fields choose all.

    Attributes:
        group: Of this group only.
        types: Event patterns.
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        event_id: Of this event only.
        error: The key of an error class, or an exception type (`error_classes.py`).
        entity_key: Of this person only, ``person:164510523``.
        since: Died at this time or later.
        until: Died at this time or earlier.
    """

    group: str = ""
    types: tuple[str, ...] = ()
    reason: str = ""
    event_id: str = ""
    error: str = ""
    entity_key: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, letter: DeadLetter) -> bool:
        """Whether it is meant (the group apart, which is a stream of its own)."""
        return (
            (not self.types or matches(letter.event_type, self.types))
            and self.reason in {"", letter.reason}
            and self.event_id in {"", letter.event_id}
            and (not self.error or is_of(letter.error, self.error))
            and self.entity_key in {"", letter.entity_key}
            and (self.since is None or letter.died_at >= self.since)
            and (self.until is None or letter.died_at <= self.until)
        )


class Redriven(StrEnum):
    """What became of the wish to redrive a dead letter."""

    REDRIVEN = "redriven"
    """Its group gets it again; it is no dead letter any more."""
    FINISHED = "finished"
    """Its group has finished the event meanwhile; the letter is removed, nothing is handled twice."""
    NO_GROUP = "no_group"
    """Its group is not registered, so nobody would handle it; nothing was changed."""
    NOT_WANTED = "not_wanted"
    """Its group does not take events of this type any more, so nobody would handle it; nothing was changed."""
    GONE = "gone"
    """Somebody else redrove or discarded it first; nothing was changed."""


class Discarded(StrEnum):
    """What became of the wish to discard a dead letter."""

    DISCARDED = "discarded"
    """It is gone for good, and its group will not handle the event."""
    GONE = "gone"
    """Somebody else redrove or discarded it first; nothing was changed."""


def parse_handle(text_: str) -> tuple[str, Reference] | None:
    """Group and reference of a handle; None when the text is none."""
    group, _, rest = text_.partition("/")
    reference = Reference.parse(rest)
    return (group, reference) if group and reference else None
