"""What a consumer group is, and how its consumers are called."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from salesloft_webhooks.event_patterns import canonical
from salesloft_webhooks.limits import NO_LIMITS, Limits
from salesloft_webhooks.settings import Ordering


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """What a group is.

    Attributes:
        name: Unique name, also the Redis consumer group's.
        events: Patterns of the event types the group wants.
        ordering: See `Ordering`.
        lease_seconds: How long an attempt may go without renewal before others take over.
        max_attempts: Leases lost in a row after which an entry is poison. How many failures are too many is the
            worker's business.
        idempotency_ttl_seconds: How long outcomes are remembered at least.
        handlers: Where its routers come from, for operators to see.
        handled: Patterns of the event types this process has handlers for; None: all of ``events``. What the group
            wants and a process cannot run is left to others.
        no_handler_seconds: How long such an entry waits for a worker that can run it; as long, the filter of a version
            of the group stays in force after its last worker has gone.
        limits: What its authors limit it to.
        handler_limits: What they limit handlers to, by name, in the store's words.
    """

    name: str
    events: tuple[str, ...] = ("*",)
    ordering: Ordering = Ordering.NONE
    lease_seconds: float = 60.0
    max_attempts: int = 8
    idempotency_ttl_seconds: int = 7 * 86_400
    handlers: tuple[str, ...] = ()
    handled: tuple[str, ...] | None = None
    no_handler_seconds: float = 3600.0
    limits: Limits = NO_LIMITS
    handler_limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version of the group's filter that this process is of, as ``lua/include/filter.lua`` describes it."""
        wanted = canonical(self.events)
        handled = wanted if self.handled is None else canonical(self.handled)
        return wanted if handled == wanted else f"{wanted} {handled}"


def new_consumer_name() -> str:
    """Pod (host) and start: unique, so that a restarted pod never takes its predecessor's leases for its own."""
    return f"{socket.gethostname()}-{os.getpid()}-{time.time_ns():x}"
