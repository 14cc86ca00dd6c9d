"""What a plan is made of: what is wanted, what was seen, what is remembered, and the steps."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

LINK_SWAP = "link_swap"
"""The event type that is a question: SalesLoft waits for its answer, which a route of its own gives."""


class Existing(StrEnum):
    """What becomes of subscriptions of our addresses whose token none of our keys gives."""

    REPORT = "Report"
    """They are named, and stay."""
    REPLACE = "Replace"
    """They are deleted, once ours are there."""


class Phase(StrEnum):
    """How far the change to the first key is."""

    IDLE = "Idle"
    """There is nothing to change."""
    SPREADING = "Spreading"
    """Receivers may not know the first key yet: nothing is signed with it."""
    CREATING = "Creating"
    """What is missing under the first key is created. Both keys are accepted, both subscriptions deliver."""
    DRAINING = "Draining"
    """All is there under the first key; what older keys signed may still be repeated by SalesLoft."""
    RETIRING = "Retiring"
    """Nothing is signed with the older keys any more; they may be taken away."""


class Why(StrEnum):
    """Why a plan does not (yet) do what is missing."""

    NOTHING = ""
    SUSPENDED = "Suspended"
    """It is said so."""
    TOKENS_HIDDEN = "TokensHidden"
    """SalesLoft shows no tokens: nobody can say whose a subscription is."""
    LISTS_DISAGREE = "ListsDisagree"
    """Much of what was there is missing in one list. The next one tells whether it is."""
    KEY_NOT_SPREAD = "KeyNotSpread"
    """There is no key that receivers are known to have."""


class Route(Struct, frozen=True, order=True):
    """An event type and the address that it is sent to, or, as `link_swap`, asked at."""

    event: str
    url: str


class Desired(Struct, frozen=True, kw_only=True):
    """What one source wants. Addresses are compared as they are written.

    Attributes:
        callback_url: Where deliveries go.
        events: SalesLoft's own names, without `link_swap`.
        link_swap_url: Where `link_swap` is asked, or would be; None: nowhere.
        swaps_links: Whether it shall be asked there.
        existing: See there.
        suspend: Change nothing.
    """

    callback_url: str
    events: frozenset[str]
    link_swap_url: str | None = None
    swaps_links: bool = False
    existing: Existing = Existing.REPORT
    suspend: bool = False

    @property
    def routes(self) -> frozenset[Route]:
        """What is wanted: each event type once."""
        queued = frozenset(Route(event, self.callback_url) for event in self.events)
        if self.swaps_links and self.link_swap_url is not None:
            return queued | {Route(LINK_SWAP, self.link_swap_url)}
        return queued

    def may_be_ours(self, route: Route) -> bool:
        """Whether what is signed with our keys and takes this route is ours, wanted or not."""
        return route.url == self.callback_url or route == Route(LINK_SWAP, self.link_swap_url or "")

    def is_for_us(self, route: Route) -> bool:
        """Whether whatever takes this route reaches our receivers beside, or instead of, what is ours."""
        return route.url == self.callback_url or route in self.routes

    def url_of(self, event: str) -> str:
        """Where a wanted event type goes."""
        return next(route.url for route in self.routes if route.event == event)


class Seen(Struct, frozen=True, kw_only=True):
    """The surroundings.

    Attributes:
        now: Seconds, of a clock that goes on over restarts.
        receivers: The fingerprints that each live receiver accepts, by its name; None: nobody can tell.
    """

    now: float
    receivers: Mapping[str, frozenset[str]] | None = None


class Memory(Struct, frozen=True, kw_only=True):
    """What one plan tells the next. All of it may be lost: that costs time, and no delivery.

    Attributes:
        key: Fingerprint of the first key when last looked.
        key_since: Since when it is the first.
        complete_since: Since when all is there, enabled and signed with it; None: it is not.
        listed: Ids of ours in the last list.
        established: Whether there was a time when everything was there.
    """

    key: str = ""
    key_since: float = 0.0
    complete_since: float | None = None
    listed: frozenset[int] | None = None
    established: bool = False


class Create(Struct, frozen=True, kw_only=True, tag=True):
    """Create a subscription, signed with the key of this position."""

    event: str
    key: int


class Enable(Struct, frozen=True, kw_only=True, tag=True):
    """Enable one that somebody, or SalesLoft, has disabled."""

    event: str
    id: int


class Delete(Struct, frozen=True, kw_only=True, tag=True):
    """Delete one, for this reason: `unwanted`, `twice`, `older key` or `foreign`."""

    event: str
    id: int
    reason: str


Step = Create | Enable | Delete


class Plan(Struct, frozen=True, kw_only=True):
    """What to do now.

    Attributes:
        steps: In this order; after one that fails, no `Delete` may follow.
        phase: Of the change to the first key.
        why: Why nothing is done although something is missing.
        wait_seconds: When time alone changes the plan; None: it does not.
        active: Wanted events that are delivered now, with a token that the receivers accept.
        foreign: Ids of subscriptions of our addresses that are not ours.
        memory: To be given to the next plan.
    """

    steps: tuple[Step, ...] = ()
    phase: Phase = Phase.IDLE
    why: Why = Why.NOTHING
    wait_seconds: float | None = None
    active: frozenset[str] = frozenset()
    foreign: tuple[int, ...] = ()
    memory: Memory = Memory()
