"""What the model is about: a store, two workers and what they believe, calls that are under way."""

from msgspec import Struct

from salesloft_webhooks.broker import Lease, Settlement
from salesloft_webhooks.broker.connection.store import Argument

GROUP = "crm"
LEASE = 2_000
"""Seconds. Long, so that what the server's own clock does meanwhile is nothing beside it."""
HALF = LEASE // 2
PATIENCE = 6
"""Seconds after which lapsed leases are not left to their owners any more (REPORTING_MS)."""


class Scope(Struct, frozen=True):
    """How much there is, and how often what is out of the ordinary happens on the way to a state.

    Attributes:
        lanes: The lane of each event, in the order in which they arrive.
        faults: Deaths, stalls, lost calls, leaps of the clock: so many in all.
        acts: What people do, and what is done for them: pauses, redrives, replays, removals ...
        setbacks: Attempts that end in another way than well.
        slots: Attempts that a worker runs at the same time.
        max_lost: Leases lost in a row that make an entry poison.
    """

    lanes: str
    faults: int
    acts: int
    setbacks: int
    slots: int = 1
    max_lost: int = 3

    @property
    def events(self) -> list[str]:
        """Their ids."""
        return [f"e{number}" for number in range(1, len(self.lanes) + 1)]


class Held(Struct, frozen=True):
    """A lease as its worker knows it; ``until`` by the group's clock, ms; 0: since this very step."""

    lease: Lease
    until: int = 0


class Worker(Struct, frozen=True):
    """A process that runs the group's handlers.

    Attributes:
        name: Its own, as long as it lives.
        held: What it runs.
        takes: The number of its next take.
        take_open: Whether that was sent already, and not answered.
        settles: The number of its next settle.
        settle_open: What that was about, if it was sent already and not answered.
    """

    name: str
    held: tuple[Held, ...] = ()
    takes: int = 1
    take_open: bool = False
    settles: int = 1
    settle_open: tuple[Settlement, ...] = ()


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
