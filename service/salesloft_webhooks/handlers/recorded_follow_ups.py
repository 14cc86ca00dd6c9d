"""Follow-ups in the test kit: what a handler has asked for is kept for the test to look at, and to run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import Cancelled, FollowUp, Wanted, id_of, task_type


class RecordedAsker:
    """An attempt's asker without a store.

    Attributes:
        wanted: By key, what waits after the attempt.
        cancelled: The keys that the handlers cancelled.
    """

    def __init__(self) -> None:
        self.wanted: dict[str, Wanted] = {}
        self.cancelled: list[str] = []

    async def ask_later(self, wanted: Wanted) -> bool:
        """See `Event.later`."""
        self.wanted[wanted.key] = wanted
        return True

    async def cancel_later(self, key: str) -> Cancelled:
        """See `Event.cancel_later`; what other events have asked for is taken to wait."""
        self.wanted.pop(key, None)
        self.cancelled.append(key)
        return Cancelled(found=True)


def follow_up_event(event: Event, wanted: Wanted) -> Event:
    """The event that a worker would be given when what an event has asked for is due."""
    asked_at = datetime.now(UTC)
    described = event.event_type if event.follow_up is None else event.follow_up.event_type
    follow_up = FollowUp(
        key=wanted.key,
        asked_at=asked_at,
        due_at=asked_at + timedelta(seconds=wanted.after_seconds),
        event_id=event.event_id,
        event_type=described,
        task=wanted.task,
        arguments=msgspec.json.decode(wanted.arguments) if wanted.arguments else {},
    )
    return replace(
        event,
        event_id=id_of(event.group, event.event_id, wanted.key),
        event_type=task_type(wanted.task) if wanted.task else described,
        attempt=1,
        follow_up=follow_up,
    )
