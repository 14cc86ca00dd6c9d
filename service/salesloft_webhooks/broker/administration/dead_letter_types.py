"""The nouns of dead letters: the letter itself, which ones are meant (`Choice`), and what became of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from salesloft_webhooks.broker.administration.entry_reference import Reference
from salesloft_webhooks.broker.administration.scan import Fields, text
from salesloft_webhooks.event_patterns import matches


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a group gave up on.

    Attributes:
        group: Who gave up.
        reference: Where it lies in the group's dead letters.
        event_id: Of the event.
        event_type: Of the event.
        entity_key: Of the event.
        source: Of the event.
        created_at: When it happened, as the sender wrote it.
        received_at: When the store accepted it.
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        error: One line: type and message of the last error.
        attempts: Attempts made.
        died_at: When the group gave up.
        consumer: The worker that made the last attempt.
        data: The resource as JSON bytes. Personal data: show it only when asked to.
    """

    group: str
    reference: Reference
    event_id: str
    event_type: str
    entity_key: str
    source: str
    created_at: str
    received_at: datetime
    reason: str
    error: str
    attempts: int
    died_at: datetime
    consumer: str
    data: bytes = field(repr=False)

    @property
    def handle(self) -> str:
        """What to call it on a command line: ``crm/0/1766021654000-0``."""
        return f"{self.group}/{self.reference}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant. Empty fields choose all.

    Attributes:
        group: Of this group only.
        types: Event patterns.
        reason: ``exhausted``, ``permanent``, ``poison`` or ``no_handler``.
        event_id: Of this event only.
    """

    group: str = ""
    types: tuple[str, ...] = ()
    reason: str = ""
    event_id: str = ""

    def wants(self, letter: DeadLetter) -> bool:
        """Whether it is meant (the group apart, which is a stream of its own)."""
        return (
            (not self.types or matches(letter.event_type, self.types))
            and self.reason in {"", letter.reason}
            and self.event_id in {"", letter.event_id}
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


def letter_of(group: str, reference: Reference, fields: Fields) -> DeadLetter:
    """The dead letter that a stream's fields describe."""
    return DeadLetter(
        group=group,
        reference=reference,
        event_id=text(fields, b"id"),
        event_type=text(fields, b"type"),
        entity_key=text(fields, b"key"),
        source=text(fields, b"src"),
        created_at=text(fields, b"made"),
        received_at=_moment(fields.get(b"at", b"0")),
        reason=text(fields, b"reason"),
        error=text(fields, b"error"),
        attempts=int(fields.get(b"attempts", b"0")),
        died_at=_moment(fields.get(b"died", b"0")),
        consumer=text(fields, b"consumer"),
        data=fields.get(b"body", b""),
    )


def _moment(ms: bytes) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1_000, UTC)
