"""Follow-ups in the test kit: what a handler has asked for is kept for the test to look at, and to run."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import Cancelled, FollowUp, Wanted, names_of, task_type
from salesloft_webhooks.handlers.follow_up_limits import FollowUpLimits, check_loop

NO_ORDER = "0-0-0-0"
"""Where no stream has the event."""


class RecordedAsker:
    """An attempt's asker without a store, made in the event loop of the handlers.

    Args:
        tasks: The names that the routers have; None: nobody knows.
        debounces: Whether debounced handlers are put off; else they are called at once.

    Attributes:
        wanted: By key and debounced handler, what waits after the attempt.
        cancelled: The keys that the handlers cancelled.
    """

    def __init__(self, tasks: frozenset[str] | None, *, debounces: bool = True) -> None:
        self.wanted: dict[tuple[str, str], Wanted] = {}
        self.cancelled: list[str] = []
        self._debounces = debounces
        self._limits = FollowUpLimits(tasks)
        self._loop = asyncio.get_running_loop()

    def ask_later(self, wanted: Wanted) -> Coroutine[Any, Any, bool]:
        """See `Event.later`."""
        check_loop(self._loop)
        return self._ask_later(wanted)

    async def _ask_later(self, wanted: Wanted) -> bool:
        if wanted.debounced and not self._debounces:
            return False
        self._limits.ask(wanted)
        self.wanted[wanted.key, wanted.task if wanted.debounced else ""] = wanted
        return True

    def cancel_later(self, key: str) -> Coroutine[Any, Any, Cancelled]:
        """See `Event.cancel_later`; what other events have asked for is taken to wait."""
        check_loop(self._loop)
        return self._cancel_later(key)

    async def _cancel_later(self, key: str) -> Cancelled:
        self._limits.end()
        self.wanted.pop((key, ""), None)
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
        had_by=wanted.debounced.others if wanted.debounced else (),
    )
    return replace(
        event,
        event_id=names_of(wanted, event.group, NO_ORDER, event.event_id, (event.source, event.entity_key))[0],
        event_type=task_type(wanted.task) if wanted.task and wanted.debounced is None else described,
        attempt=1,
        follow_up=follow_up,
    )
