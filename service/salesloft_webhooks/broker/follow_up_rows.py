"""How follow-ups are written: the words of a call that stores them, the rows that wait, and what calls answer."""

from hashlib import sha256

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.entry_head import unpacked_head
from salesloft_webhooks.broker.group_maintenance import milliseconds
from salesloft_webhooks.broker.lease import FollowUpAct, Lease, Outcome, Settlement
from salesloft_webhooks.follow_ups import MARK, Said
from salesloft_webhooks.resource_kinds import VERSION, kind_of
from salesloft_webhooks.timestamps import CLOCK_TOLERANCE, parse_timestamp

FOLLOW_UP_WORDS = 9
"""Of each follow-up that comes with a settlement."""
_PARTS = 5
MICROSECONDS, RESOURCE_DIGITS = 1_000_000, 16


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


class Begun(Struct, frozen=True):
    """The answer to one `FollowUps.begin`.

    Attributes:
        next_seconds: By partition, how long until one is due there, as far as this call has found out.
        late_seconds: Of each that has begun: how long after its time.
        held_back: Something was due and did not begin: the group is paused, or format 1 is written.
        problem: Why some could not be moved to where their entity is; empty: all could.
    """

    next_seconds: dict[int, float]
    late_seconds: tuple[float, ...] = ()
    held_back: bool = False
    problem: str = ""


class AtHome(Struct):
    """Of those that are due in a partition, after a raise.

    Attributes:
        ids: Those that belong there.
        put_off: Those that could not be moved, to be tried again a little later.
        moved_to: Where others were moved.
        problem: Why some could not be.
    """

    ids: list[str] = []
    put_off: list[str] = []
    moved_to: set[int] = set()
    problem: str = ""


class Ended(Struct, frozen=True):
    """What a cancellation has ended. ``here``: in the partition of the event that cancels, to be said again."""

    found: bool
    running: bool
    here: tuple[FollowUpAct, ...]


def order_of(lease: Lease) -> str:
    """Which of several events is the last: of one resource that of the newest version, else that stored last.

    Version, entry and resource, as ``debounced.lua`` reads them; without a version only the entry counts. One from the
    future, by more than clocks differ, counts as of its receipt: it must not pass for the newest.
    """
    event = lease.event
    version = parse_timestamp(event.data.get(VERSION))
    if version is None or event.resource_id is None:
        return f"0-{lease.entry_id}-0"
    if version > event.received_at + CLOCK_TOLERANCE:
        version = event.received_at
    resource = f"{kind_of(event.event_type)} {event.resource_id}".encode()
    digest = sha256(resource).hexdigest()[:RESOURCE_DIGITS]
    return f"{max(0, int(version.timestamp() * MICROSECONDS))}-{lease.entry_id}-{digest}"


def follow_up_words(number: int, item: Settlement, now: float) -> list[Argument]:
    """Nine words for each follow-up that counts with an outcome, as ``settle.lua`` takes them."""
    words: list[Argument] = []
    for act in item.follow_ups_before:
        words += _act_words(number, act.ended or "again", act, now)
    if item.outcome is Outcome.DONE:
        for act in item.follow_ups:
            words += _act_words(number, "ask", act, now)
    return words


def _act_words(number: int, what: str, act: FollowUpAct, now: float) -> list[Argument]:
    ago = max(1, milliseconds(now - act.stored)) if act.stored else 0
    delay, at_most = milliseconds(act.delay_seconds), milliseconds(act.at_most_seconds)
    return [number, what, act.follow_up, act.subject, delay, act.head, act.body, ago, at_most]


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
