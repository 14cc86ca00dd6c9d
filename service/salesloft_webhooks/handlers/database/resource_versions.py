"""Which version of a resource an event has, when it is to be compared with the one that is stored."""

from datetime import UTC, datetime

from salesloft_webhooks.events import Event
from salesloft_webhooks.resource_kinds import VERSION
from salesloft_webhooks.timestamps import CLOCK_TOLERANCE, parse_timestamp

UNKNOWN_VERSION = datetime(1970, 1, 1, tzinfo=UTC)
"""Version of something of which nothing is known yet but what is kept beside it."""


def version_of(event: Event) -> datetime:
    """The resource's version: what it states, the event's own time where it states none."""
    return plausible_time(event, event.happened_at if states_none(event) else _stated(event))


def states_none(event: Event) -> bool:
    """Whether the resource says nothing of its version."""
    return event.data.get(VERSION) is None


def is_unreadable(event: Event) -> bool:
    """Whether it says something that is no time: no reason to compare another kind of time, so the receipt counts."""
    return not states_none(event) and parse_timestamp(event.data[VERSION]) is None


def plausible_time(event: Event, time: datetime) -> datetime:
    """A time after the event's receipt is a clock that is wrong: it must not outdo every later version."""
    return event.received_at if time > event.received_at + CLOCK_TOLERANCE else max(time, UNKNOWN_VERSION)


def _stated(event: Event) -> datetime:
    return parse_timestamp(event.data[VERSION]) or event.received_at
