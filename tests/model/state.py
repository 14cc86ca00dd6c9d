"""What the model is about: a store, two workers and what they believe, calls that are under way."""

import re
from enum import StrEnum

from msgspec import Struct

from salesloft_webhooks.broker import Lease, Settlement
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.follow_ups import Debounced, Wanted, id_of, names_of

GROUP, KEY, TASK = "crm", "k", "debounced/t"
LEASE = 2_000
"""Seconds. Long, so that what the server's own clock does meanwhile is nothing beside it."""
HALF = LEASE // 2
PATIENCE = 6
"""Seconds after which lapsed leases are not left to their owners any more (REPORTING_MS)."""
DEBOUNCED = Wanted(KEY, HALF, TASK, b"", on_done=True, debounced=Debounced("1", 0))
"""What an attempt asks for in the place of a debounced handler."""
_ORDER = re.compile(r"follow-up/\d+-\d+-\d+-\w+/")


def named(event: str) -> str:
    """How the model calls an event: of a debounced handler's follow-up without the entry that its id names."""
    return _ORDER.sub("follow-up/", event)


class Scope(Struct, frozen=True):
    """How much there is, and how often what is out of the ordinary happens on the way to a state.

    Attributes:
        lanes: The lane of each event, in the order in which they arrive.
        faults: Deaths, stalls, lost calls, leaps of the clock: so many in all.
        acts: What people do, and what is done for them: pauses, redrives, replays, removals ...
        setbacks: Attempts that end in another way than well.
        slots: Attempts that a worker runs at the same time.
        max_lost: Leases lost in a row that make an entry poison.
        does: What the handler of each event does about the follow-up of its lane, a letter each: asks at once (``a``),
            asks with ``done`` (``d``), is debounced (``b``), cancels (``c``), nothing (``-``); empty: there are no
            follow-ups. Where there are, events of a lane are not run behind each other under one lease, and nothing is
            resubmitted or removed.
        ordered: Whether the group keeps the order of lanes.
        limit: For how many events the handler may run at once, in both workers; 0: for any number. Where it is limited,
            what is said of ``does`` holds as well.
    """

    lanes: str
    faults: int
    acts: int
    setbacks: int
    slots: int = 1
    max_lost: int = 3
    does: str = ""
    ordered: bool = True
    limit: int = 0

    @property
    def singly(self) -> bool:
        """Whether each event has a lease of its own, and nothing is resubmitted or removed."""
        return bool(self.does or self.limit)

    @property
    def events(self) -> list[str]:
        """Their ids."""
        return [f"e{number}" for number in range(1, len(self.lanes) + 1)]

    @property
    def follow_ups(self) -> dict[str, str]:
        """By its id the event that asks for it, of each that may be asked for."""
        doing = list(zip(self.events, self.does, strict=False))
        asking = {id_of(GROUP, event, KEY): event for event, does in doing if does in "ad"}
        put_off = {names_of(DEBOUNCED, GROUP, "", event, ("", ""))[0]: event for event, does in doing if does == "b"}
        return asking | {name.replace("//", "/"): event for name, event in put_off.items()}

    def lane_of(self, event: str) -> str:
        """Of an event or a follow-up."""
        return self.lanes[self.events.index(self.follow_ups.get(event, event))]

    def handler_of(self, event: str) -> str:
        """What it does, see ``does``; that of a follow-up does nothing."""
        return self.does[self.events.index(event)] if self.does and event in self.events else "-"


class Handled(StrEnum):
    """How far the handler of an event is that asks for a follow-up or cancels one, or that needs a permit."""

    BEGUN = "begun"
    CALLED = "called"
    """The store has answered: it may end."""
    REFUSED = "refused"
    """The call was lost, as far as its handler knows: the event is given back."""


class Held(Struct, frozen=True):
    """A lease as its worker knows it; ``until`` by the group's clock, ms; 0: since this very step.

    ``permit``: that with which its handler runs, and until when that is its worker's, likewise; empty: it has none.
    """

    lease: Lease
    until: int = 0
    handled: Handled = Handled.BEGUN
    permit: str = ""
    permit_until: int = 0


class Worker(Struct, frozen=True):
    """A process that runs the group's handlers.

    Attributes:
        name: Its own, as long as it lives.
        held: What it runs.
        takes: The number of its next take.
        take_open: Whether that was sent already, and not answered.
        settles: The number of its next settle.
        settle_open: What that was about, if it was sent already and not answered.
        asks: How often it has asked for a permit.
        returns: Permits that it is to give back, with the entries they were for.
    """

    name: str
    held: tuple[Held, ...] = ()
    takes: int = 1
    take_open: bool = False
    settles: int = 1
    settle_open: tuple[Settlement, ...] = ()
    asks: int = 0
    returns: tuple[tuple[str, str], ...] = ()


class Flying(Struct, frozen=True):
    """A call that its sender has given up, and that may still arrive; sent in one run of the group."""

    sender: str
    run: str
    script: str
    args: tuple[Argument, ...]


class State(Struct, frozen=True):
    """Everything that decides about what may follow.

    Attributes:
        packed: The store.
        seconds: The server's clock.
        depth: Steps since the beginning; makes moments different, as microseconds do.
        workers: Two.
        flying: At most one.
        published: How many events have been.
        faults: How many may still come.
        acts: The same.
        setbacks: The same.
        removing: Whether somebody is removing the group.
        dying: How many workers have died.
        surprised: Whether a call under way has outlived what the group knew of its sender: the group was removed since,
            or the sender retired. A copy of a take may then lease again, and nobody knows until that lapses.
        promised: Follow-ups of which somebody was answered that they wait.
        cancelled: Follow-ups of which somebody was answered that they are.
    """

    packed: bytes
    seconds: int
    depth: int
    workers: tuple[Worker, ...]
    faults: int
    acts: int
    setbacks: int
    flying: Flying | None = None
    published: int = 0
    removing: bool = False
    dying: int = 0
    surprised: bool = False
    promised: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
