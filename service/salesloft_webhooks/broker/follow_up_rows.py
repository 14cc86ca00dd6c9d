"""How follow-ups are written: the words of a call that stores them, and the rows that wait."""

from collections.abc import Sequence

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.entry_head import unpacked_head
from salesloft_webhooks.broker.group_maintenance import milliseconds
from salesloft_webhooks.broker.lease import Outcome, Settlement
from salesloft_webhooks.follow_ups import MARK, Said

FOLLOW_UP_WORDS = 7
"""Of each follow-up that comes with a settlement."""
_PARTS = 5


class WaitingRow(Struct, frozen=True):
    """A follow-up that waits, as it stands in the store.

    Attributes:
        follow_up: Its id.
        asked_ms: When it was asked for, by the server's clock.
        due_ms: When it is due, likewise.
        subject: What its key means for its entity.
        entity_key: Whose it is.
        event_type: Of the entry that it becomes.
        said: What it says of itself in the clear.
        head: Of that entry.
        body: Likewise.
    """

    follow_up: str
    asked_ms: int
    due_ms: int
    subject: str
    entity_key: str
    event_type: str
    said: Said
    head: bytes
    body: bytes


def follow_up_words(settlements: Sequence[Settlement]) -> list[Argument]:
    """Seven words for each follow-up that counts with one of the outcomes, as ``settle.lua`` takes them."""
    words: list[Argument] = []
    for number, item in enumerate(settlements, 1):
        if item.follow_ups and item.outcome is Outcome.DONE:
            for act in item.follow_ups:
                words += (number, "ask" if act.subject else "end", act.follow_up, act.subject)
                words += (milliseconds(act.delay_seconds), act.head, act.body)
    return words


def read_row(follow_up: bytes, row: bytes) -> WaitingRow | None:
    """A row as ``include/follow_ups.lua`` writes it; None: somebody has damaged it."""
    parts = row.split(b" ", _PARTS - 1)
    try:
        asked, due, subject, length, rest = parts
        head, body = rest[: int(length)], rest[int(length) :]
        (_, event_type, entity_key, *_, trace), _ = unpacked_head(head)
        said = Said.read(trace.partition(MARK)[2])
        return WaitingRow(
            follow_up.decode(), int(asked), int(due), subject.decode(), entity_key, event_type, said, head, body
        )
    except ValueError:
        return None
