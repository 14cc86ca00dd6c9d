"""What the operator knows of the group that an object speaks for."""

from enum import StrEnum

from msgspec import Struct

from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit
from salesloft_webhooks.broker.administration.stats import GroupStats
from salesloft_webhooks.broker.administration.stored_pause import StoredPause


class GroupState(StrEnum):
    """Whether there is anything to say of an object's group; the value is the condition's reason."""

    PRESENT = "TakesEvents"
    """The group is registered, and the object speaks for it."""
    ABSENT = "GroupUnknown"
    """There is no such group."""
    ELSEWHERE = "DeclaredElsewhere"
    """Another object of the same group is believed."""
    UNREADABLE = "Unreadable"
    """The declaration is."""
    UNKNOWN = "StoreUnavailable"
    """The store cannot be asked."""


class GroupView(Struct, frozen=True, kw_only=True):
    """What is known of an object's group.

    Attributes:
        state: Whether there is such a group, and whether the object speaks for it.
        at: Of when that is, Unix seconds.
        stats: Its figures; None: there are none.
        pause: Its pause.
        message: What is wrong, for people.
        over: The end of a pause that was declared and is over; empty: none is.
        limited_by: Who limits it to what, the one that is believed first; empty: nobody.
        handler_limits: What limits its handlers, by name.
    """

    state: GroupState
    at: float
    stats: GroupStats | None = None
    pause: StoredPause = StoredPause()
    message: str = ""
    over: str = ""
    limited_by: str = ""
    handler_limits: tuple[HandlerLimit, ...] = ()
