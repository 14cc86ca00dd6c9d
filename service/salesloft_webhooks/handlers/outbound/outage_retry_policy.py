"""How long the built-in groups that depend on other people's systems keep trying.

The general default (8 attempts) spans about a minute, which is right for a handler's own mistakes and wrong for an
outage elsewhere. Most outages pause the group and cost no attempt at all; this is for those that look like the event's
own fault, and for an event that holds up nobody else.
"""

from typing import TypedDict

from salesloft_webhooks.settings import Settings

MAX_ATTEMPTS = 24
BACKOFF_CAP_SECONDS = 900.0
"""With full jitter from one second on: the attempts span 106 minutes on average, and an hour in 998 of 1,000 cases."""


class RetryPolicy(TypedDict):
    """Keyword arguments of `Router.on`; None: as the group's settings have it."""

    max_attempts: int | None
    backoff_cap_seconds: float | None


def outage_retry_policy(settings: Settings) -> RetryPolicy:
    """The policy of a handler that calls another system: what somebody has set by hand stays as set."""
    by_hand = settings.model_fields_set
    return RetryPolicy(
        max_attempts=None if "max_attempts" in by_hand else MAX_ATTEMPTS,
        backoff_cap_seconds=None if "backoff_cap_seconds" in by_hand else BACKOFF_CAP_SECONDS,
    )


GROUP_RETRY_POLICY = RetryPolicy(max_attempts=None, backoff_cap_seconds=None)
"""For a handler of the same groups that calls no other system."""
