"""What holds for every attempt at events of one type."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from salesloft_webhooks.handlers.execution import AttemptLimits
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.routes import name_of
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.worker.backoff import Backoff
from salesloft_webhooks.worker.follow_up_asker import FollowUpCounter
from salesloft_webhooks.worker.handler_permits import BEGINS_WITHIN, HandlerPermits

REMEMBERED_TYPES = 1024
"""Senders of envelopes may use types of their own: a bound, far above how many types a group has."""


FAST_SECONDS = 0.001
"""Handlers that take longer wait for something: a database, another service."""


class Pace(Struct):
    """How fast handlers have been lately.

    Attributes:
        fast: Whether the latest attempt took no longer than `FAST_SECONDS`.
    """

    fast: bool = False

    def note(self, seconds: float) -> None:
        """An attempt took so long."""
        self.fast = seconds <= FAST_SECONDS


class AttemptRules(Struct, frozen=True):
    """Made once for each event type, as nothing of it depends on the event.

    Attributes:
        limits: How long an attempt may take and how many may fail.
        backoff: When to try again.
        handler_names: The handlers that run, for a log line about one of them.
        pace: How fast they have been.
        begins_within_seconds: How long after its lease was known to be ours a handler may be called.
        follow_ups: Where attempts ask for follow-ups.
        permits: Where they ask for permits of limited handlers.
    """

    limits: AttemptLimits
    backoff: Backoff
    handler_names: str
    pace: Pace
    begins_within_seconds: float
    follow_ups: FollowUpCounter
    permits: HandlerPermits


def rules_by_type(
    loaded: LoadedGroup, settings: Settings, follow_ups: FollowUpCounter, permits: HandlerPermits
) -> Callable[[str], AttemptRules]:
    """Finds the rules of an event type: the group's settings with the overrides of its handlers."""

    @lru_cache(REMEMBERED_TYPES)
    def rules(event_type: str) -> AttemptRules:
        policy = loaded.policy(event_type)
        backoff = Backoff(
            policy.backoff_base_seconds or settings.backoff_base_seconds,
            policy.backoff_cap_seconds or settings.backoff_cap_seconds,
        )
        names = ", ".join(name_of(route.handler) for route in loaded.routes_for(event_type))
        limits, within = loaded.limits(event_type, settings), settings.lease_seconds * BEGINS_WITHIN
        return AttemptRules(limits, backoff, names, Pace(), within, follow_ups, permits)

    return rules
