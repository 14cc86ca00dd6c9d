"""Batch handlers: the events of concurrent attempts come together, are handled by one call, and end each by itself.

Each event keeps what every other has: its lease, its slot, its attempt with time-out, span and outcome. What is shared
is the call alone. So leases are renewed, lanes hold (of one person there is one event in a batch where order is asked
for), and an event that fails, or is given back, says nothing about the others.

===================================  ===============================================================================
what happens                         what becomes of the batch
===================================  ===============================================================================
the handler returns None             all are done
it returns a mapping                 those in it fail as if they had raised what it has for them; the others are done
it raises, or takes too long         all fail that way
an attempt is cut off: its lease is  the call is cancelled and, once it has ended, begun again without that event;
lost, or its worker stops            when all are cut off, it ends
the process dies                     all leases lapse: each event has its next attempt
===================================  ===============================================================================

One event may spoil the call for all, or kill the process. So with each further attempt an event has smaller company, an
eighth as many each time, and in its last one none: who is to blame is dead in the end, and nobody else. Such events
wait for nobody, as they may be running apart from all others (isolated).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from typing import Any

from structlog.contextvars import bound_contextvars

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.batching import Batcher, Outcomes
from salesloft_webhooks.handlers.execution import AttemptLimits, StillLeased, run_attempt, too_late
from salesloft_webhooks.handlers.routes import Route, RunsIn, name_of
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BatchTelemetry

SMALLER = 8
"""How many times smaller the company of an event is after each attempt."""


class Place:
    """An event's place in a batch.

    Attributes:
        event: Whose it is.
        left: Its attempt was cut off.
        still_leased: See `StillLeased`.
        call: The call that handles it, once there is one.
    """

    def __init__(self, event: Event, still_leased: StillLeased) -> None:
        self.event = event
        self.still_leased = still_leased
        self.left = False
        self.call: Call | None = None

    async def leave(self) -> None:
        """Return when no call handles the event any more; those that it was together with are handled again."""
        self.left = True
        if self.call is not None:
            self.call.interrupt()
            await asyncio.wait({self.call.task})


class Call:
    """One call of the handler, in a task of its own."""

    def __init__(self, handler: "BatchHandlerCalls", places: Sequence[Place]) -> None:
        self.interrupted = False
        self.failures: Mapping[str, BaseException] = {}
        self._handler = handler
        self._still_leased = [place.still_leased for place in places]  # not the places, which have this call
        self._events = [place.event for place in places]
        # Not in the context of the attempt that happens to come first: its log lines and spans are not about that.
        self.task = asyncio.create_task(self._run(), name="batch handler", context=handler.context.copy())
        for place in places:
            place.call = self

    def interrupt(self) -> None:
        """Cancel it, unless it has ended."""
        if not self.task.done():
            self.interrupted = True
            self.task.cancel()

    async def _run(self) -> BaseException | None:
        """What was raised for all."""
        told = bound_contextvars(group=self._handler.group, batch_events=len(self._events))
        with told, self._handler.telemetry.batch(self._events):
            verdict = await run_attempt(
                self._handle, self._handler.limits, attempt=1, interrupted=lambda: self.interrupted
            )
        return verdict.error

    async def _handle(self) -> None:
        if not self._all_leased():
            raise too_late()
        self.failures = await self._handler.call(self._events, self._all_leased)

    def _all_leased(self) -> bool:
        return all(still_leased() for still_leased in self._still_leased)


class BatchHandlerCalls:
    """The calls of one batch handler in one process.

    Args:
        group: The consumer group.
        route: The handler's.
        call: Calls the handler with the events, where it runs.
        settings: Give what the route does not override.

    Attributes:
        group: The same.
        limits: How long one call may take.
        context: What calls run in: that of the worker, as it is when the handler is opened.
        telemetry: What is told of calls.
    """

    def __init__(
        self,
        group: str,
        route: Route[Any],
        call: Callable[[list[Event], StillLeased], Awaitable[object]],
        settings: Settings,
    ) -> None:
        assert route.batch is not None  # noqa: S101 - for types
        self.group = group
        waits = 0.0 if route.runs_in is not RunsIn.PROCESS else route.longest_wait_seconds(settings)  # for a process
        self.limits = AttemptLimits.of(route.policy, settings, waits_seconds=waits)
        self.context = copy_context()
        self.telemetry = BatchTelemetry(group)
        self._route = route
        self._call = call
        # Whoever waits has a slot: more never come together.
        self._max_size = min(route.batch.max_size, settings.worker_concurrency)
        self._wait_seconds = route.batch.max_wait_seconds
        self._batchers: dict[int, Batcher[Place]] = {}

    async def handle(self, event: Event, still_leased: StillLeased) -> None:
        """Return when the event is handled, with others; raise what was raised for all, or is said of it."""
        place = Place(event, still_leased)
        try:
            await self._batcher(event.attempt).write(place)
        except asyncio.CancelledError:
            await place.leave()
            raise

    def wait_no_more(self) -> None:
        """From now on nobody waits for company: the worker stops."""
        self._wait_seconds = 0.0
        for batcher in self._batchers.values():
            batcher.wait_no_more()

    def company(self, attempt: int) -> int:
        """How many events a batch may have in which one is in that attempt."""
        if attempt > 1 and attempt >= self.limits.max_attempts:
            return 1
        size = self._max_size
        while attempt > 1 and size > 1:
            attempt, size = attempt - 1, size // SMALLER
        return max(1, size)

    async def call(self, events: Sequence[Event], still_leased: StillLeased) -> Mapping[str, BaseException]:
        """Run the handler; which events failed, and how.

        Raises:
            TypeError, ValueError: what it returned says nothing about these events.
            Exception: what it raises.
        """
        return self._checked(await self._call(list(events), still_leased), events)

    def _batcher(self, attempt: int) -> Batcher[Place]:
        size = self.company(attempt)
        if (found := self._batchers.get(size)) is None:
            wait = self._wait_seconds if attempt == 1 else 0.0
            found = Batcher(self._write, limit=size, wait_seconds=wait, full_at_once=True)
            self._batchers[size] = found
        return found

    async def _write(self, places: Sequence[Place]) -> Outcomes:
        while there := [place for place in places if not place.left]:
            call = Call(self, there)
            await asyncio.wait({call.task})
            if not call.interrupted:
                error = call.task.result()
                return [error or call.failures.get(place.event.event_id) for place in places]
        return [None] * len(places)  # nobody waits for these

    def _checked(self, returned: object, events: Sequence[Event]) -> Mapping[str, BaseException]:
        complain = partial(
            "batch handler {} returned {}: it returns None, or failures by event id".format,
            name_of(self._route.handler),
        )
        if returned is None:
            return {}
        if not isinstance(returned, Mapping):
            raise TypeError(complain(type(returned).__name__))
        if returned.keys() - {event.event_id for event in events}:
            raise ValueError(complain("a failure of an event that is not in the batch"))
        if not all(isinstance(error, Exception) for error in returned.values()):
            raise TypeError(complain("a failure that is no exception"))
        return returned
