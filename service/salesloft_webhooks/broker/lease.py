"""The nouns of a consumer group: what is taken (`Lease`), how it ends (`Settlement`), what the store says to that.

One or two of them are made for each event: as frozen dataclasses they would cost eight times as much to make.
"""

from enum import StrEnum

import msgspec

from salesloft_webhooks.events import Event


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    """Handled: never given to this group again."""
    RETRY = "retry"
    """Failed: again after a delay; a lane stays held."""
    DEAD = "dead"
    """Given up: copied to the dead letters; a lane goes on."""
    RELEASE = "release"
    """Handed back unharmed; the attempt is not counted."""


HELD_UP = "held_up"
"""Why an event is released that no handler has run for: it has to wait for the limit of one of them."""

FILTERED, DEBOUNCED = "filtered", "debounced"
"""Why an event is done that no handler has run for: the group's filters did not want what it says; or what is to be
done about it is a follow-up, which a later event may replace."""


class Settled(StrEnum):
    """What the store made of an outcome."""

    SETTLED = "settled"
    """As asked."""
    LATE = "late"
    """The lease was lost, or the entry given up as poison; a `done` was written down and counts."""
    LOST = "lost"
    """The lease was lost; nothing happened, the new holder decides."""
    GONE = "gone"
    """The group had finished the entry already; nothing happened."""


class Lease(msgspec.Struct, frozen=True):
    """A consumer's time-limited right to run one entry.

    Attributes:
        partition: The stream the entry is in.
        entry_id: The entry's stream id.
        lane: Its entity key when the group is ordered, else empty.
        event: What to handle; ``event.attempt`` tells this lease from an earlier one of the same entry.
        failures: Earlier attempts that failed; leases that were lost are none of them.
        last_error: What the last of them raised, in one line; empty when nobody knows.
        run: The life of the consumer group in which it was given; attempts begin anew when that is made again.
        followed: Whether more of its lane waits behind it, which settling it may hand over.
        behind: Copies of the next entries of its lane, in order. They are not leased: nobody can begin them while this
            lease is held, so its holder may run them one after another once the one before is done, and settles all
            that it has run by one call, in order. The rest may be forgotten.
        resubmitted: Whether it is a redrive or replay: the group had ended the event before.
        unreadable: Why the event's data cannot be decrypted, without which it cannot be handled; empty: it is there.
    """

    partition: int
    entry_id: str
    lane: str
    event: Event
    failures: int = 0
    last_error: str = ""
    run: str = ""
    followed: bool = False
    behind: tuple["Lease", ...] = ()
    resubmitted: bool = False
    unreadable: str = ""


ACT_BYTES = 256
"""Of what an act is besides head and body."""


class FollowUpAct(msgspec.Struct, frozen=True):
    """What an attempt does about a follow-up, as it is stored.

    Attributes:
        follow_up: The id of the follow-up's event.
        subject: What is asked for: what its key means for the entity.
        delay_seconds: When it is due.
        head: Of the entry that it becomes.
        body: Likewise.
        ended: It was ended instead: ``cancelled``; ``withdrawn`` by the event that had asked for it.
        stored: Monotonic time at which it was stored already; 0: it was not.
        at_most_seconds: Of a debounced handler's: how long it is put off in all; 0: for as long as others come.
    """

    follow_up: str
    subject: str = ""
    delay_seconds: float = 0.0
    head: bytes = b""
    body: bytes = b""
    ended: str = ""
    stored: float = 0.0
    at_most_seconds: float = 0.0

    @property
    def size(self) -> int:
        """Bytes that it takes in a call, about: what is done for one without a body takes its time, too."""
        return len(self.head) + len(self.body) + ACT_BYTES


class Ran(msgspec.Struct, frozen=True):
    """When and how long an attempt ran, for the event's history.

    Attributes:
        began: Monotonic time at which it began.
        seconds: How long it took.
        trace_id: Of its trace; empty without one.
    """

    began: float
    seconds: float
    trace_id: str = ""


class Settlement(msgspec.Struct, frozen=True):
    """An outcome to store.

    Attributes:
        lease: The attempt that ended.
        outcome: How.
        delay_seconds: For `Outcome.RETRY` and `Outcome.RELEASE`: not before that time has passed.
        reason: For `Outcome.DEAD`: ``exhausted`` or ``permanent``. For `Outcome.DONE`: empty, `FILTERED`, `DEBOUNCED`.
            For `Outcome.RELEASE`: `HELD_UP`, or empty.
        error: For `Outcome.RETRY` and `Outcome.DEAD`: one line that says what went wrong.
        ran: When it ran; None: nobody says, or it did not, and for most that are done nobody needs it.
        follow_ups: What counts together with `Outcome.DONE`.
        follow_ups_before: What was stored while its handlers ran, to be said again to a store that may have lost it.
    """

    lease: Lease
    outcome: Outcome
    delay_seconds: float = 0.0
    reason: str = ""
    error: str = ""
    ran: Ran | None = None
    follow_ups: tuple[FollowUpAct, ...] = ()
    follow_ups_before: tuple[FollowUpAct, ...] = ()


class Taken(msgspec.Struct, frozen=True):
    """The answer to one `Group.take`.

    Attributes:
        leases: What to run now; may be fewer than asked for.
        wait_seconds: Until something already known becomes due or the pause ends; None: nothing is known.
        last_id: Stream id to wait behind when nothing more was found; empty: more may be there, ask again at once.
        paused: The group is paused; nothing was looked at.
        healed: The group had vanished from the server and was made again.
        skipped: Entries passed over because the group had finished their event before.
        unhandled: Types of entries left unhandled: the group wants them, but this process has no handler for them.
        isolated: How many entries wait that may have killed their workers: take them apart from all others.
        poisoned: Types of entries that became dead letters because they lost too many leases in a row.
    """

    leases: tuple[Lease, ...]
    wait_seconds: float | None
    last_id: str
    paused: bool
    healed: bool
    skipped: int
    poisoned: tuple[str, ...]
    isolated: int
    unhandled: tuple[str, ...] = ()

    @property
    def something_there(self) -> bool:
        """Whether another take would find something, as far as this one knows."""
        return not self.paused and (not self.last_id or self.wait_seconds == 0)


class HandedOver(msgspec.Struct, frozen=True):
    """The answer to one `Group.settle_and_continue`.

    Attributes:
        results: What the store made of each outcome.
        leases: What to run now: each is next in a lane whose head is finished.
        something_is_due: Something may be due sooner than an earlier `Taken` could know: take again.
    """

    results: tuple[Settled, ...]
    leases: tuple[Lease, ...]
    something_is_due: bool
