"""A group whose resources are open: its handlers are called here."""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from salesloft_webhooks.broker.handler_limits import Want
from salesloft_webhooks.content_filters import All, Condition, parse
from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import is_task_type
from salesloft_webhooks.handlers.batch_handler import BatchHandlerCalls
from salesloft_webhooks.handlers.debounced_calls import PUT_OFF, Run, debounced
from salesloft_webhooks.handlers.execution import NotWanted, PutOff, StillLeased, too_late
from salesloft_webhooks.handlers.limited_handler import Limit
from salesloft_webhooks.handlers.log_context import EventInLogs
from salesloft_webhooks.handlers.processes import HandlerProcesses
from salesloft_webhooks.handlers.router import ChecksReadiness, Router
from salesloft_webhooks.handlers.routes import Route, RunsIn, name_of
from salesloft_webhooks.handlers.threads import HandlerThreads
from salesloft_webhooks.settings import Settings


class RunningGroup:
    """Made by `LoadedGroup.open`.

    Args:
        name: The consumer group.
        routers: Each with what its lifespan has yielded.
        settings: For handlers that override none of them.

    Attributes:
        limited: Whether any handler has a limit.
    """

    def __init__(self, name: str, routers: Sequence[tuple[Router[Any], Any]], settings: Settings) -> None:
        self._name = name
        self._settings = settings
        self._group_where = parse(settings.worker_where) if settings.worker_where else None
        self._resources = [resources for _, resources in routers]
        self._threads = HandlerThreads(settings.worker_concurrency)
        self._processes: list[HandlerProcesses] = []
        self._batches: list[BatchHandlerCalls] = []
        self._routes = [
            (route, self._runner(route, resources)) for router, resources in routers for route in router.routes
        ]
        self.limited = any(route.limit is not None for route, _ in self._routes)

    def _runner(self, route: Route[Any], resources: Any) -> Run:
        run = self._run(route, resources)
        return run if route.debounce is None else debounced(route.debounce, run, partial(self._others, route))

    def _others(self, route: Route[Any], event_type: str) -> tuple[str, ...]:
        """By what names those are known that are given such events beside a handler."""
        beside = (each for each, _ in self._routes if each is not route and each.matches(event_type))
        return tuple(name for each in beside for name in each.known_as)

    def _run(self, route: Route[Any], resources: Any) -> Run:
        call = self._call(route, resources)
        if route.batch is None:
            return call
        calls = BatchHandlerCalls(self._name, route, call, self._settings)
        self._batches.append(calls)
        return calls.handle

    def _call(self, route: Route[Any], resources: Any) -> Callable[[Any, StillLeased], Awaitable[object]]:
        """What calls the handler where it runs."""
        if route.runs_in is RunsIn.LOOP:
            return lambda given, _: route.run(given, resources)
        if route.runs_in is RunsIn.THREAD:  # there is one for each slot: nobody waits
            return lambda given, _: self._threads.run(partial(route.call, given, resources))
        seconds = route.policy.timeout_seconds or self._settings.handler_timeout_seconds
        processes = HandlerProcesses(route.handler, self._settings, seconds)
        self._processes.append(processes)
        return processes.run

    async def close(self) -> None:
        """Nothing is called any more."""
        self._threads.close()
        for processes in self._processes:
            await processes.close()

    async def check_ready(self) -> None:
        """Return when all resources that can be asked are ready; raises what the first says that is not."""
        for resources in self._resources:
            if isinstance(resources, ChecksReadiness):
                await resources.check_ready()

    async def handle(self, event: Event, still_leased: StillLeased = lambda: True) -> None:
        """Run every handler that matches, in order; the first exception ends the attempt and is passed on.

        Whatever is logged meanwhile carries the event's id and type, the group and the attempt.

        Raises:
            NotWanted: filters kept all of them from it.
            PutOff: they did so with all but debounced ones, which are called later.
            Retry: it is not ``still_leased``.
        """
        with EventInLogs(event):
            runners = self._runners(event.event_type, *_put_off_for(event))
            ran = put_off = False
            for where, run in runners:
                if where is None or where.holds(event):
                    if not still_leased():
                        raise too_late()
                    if await run(event, still_leased) is PUT_OFF:
                        put_off = True
                    else:
                        ran = True
            if not runners:
                # The store gives a worker only what it has a handler for: never call that done which nobody has done.
                raise _nobody_takes(event)
            if not ran:
                raise PutOff if put_off else NotWanted

    def wants(self, event: Event, *, by_hand: bool = False) -> list[Want]:
        """What those limited handlers need that would be called with the event, in their order. None is called.

        Of a limit that several of them share once: they are called one after the other.

        Args:
            event: One that waits for debounced handlers needs nothing of them: they are called later.
            by_hand: It was given again by hand, and so they are called at once.
        """
        wanted = (
            limit.want(name, event)
            for where, limit, name, debounced in self._limits(event.event_type, *_put_off_for(event))
            if (not debounced or by_hand or event.follow_up) and (where is None or where.holds(event))
        )
        return list({want.digest: want for want in wanted}.values())

    def wait_no_more(self) -> None:
        """The worker stops: events that wait for company are handled now."""
        for calls in self._batches:
            calls.wait_no_more()

    @lru_cache(maxsize=1024)  # noqa: B019 - a process has one group, asked once per event about few types
    def _runners(self, event_type: str, task: str, had_by: tuple[str, ...]) -> tuple[tuple[Condition | None, Run], ...]:
        return tuple((where, run) for where, _, run in self._called(event_type, task, had_by))

    @lru_cache(maxsize=1024)  # noqa: B019 - as above
    def _limits(
        self, event_type: str, task: str, had_by: tuple[str, ...]
    ) -> tuple[tuple[Condition | None, Limit, str, bool], ...]:
        return tuple(
            (where, route.limit, name_of(route.handler), route.debounce is not None)
            for where, route, _ in self._called(event_type, task, had_by)
            if route.limit is not None
        )

    def _called(
        self, event_type: str, task: str, had_by: tuple[str, ...]
    ) -> Sequence[tuple[Condition | None, Route[Any], Run]]:
        """What runs, in order. Of a debounced handler's task that handler, which has wanted its event before.

        One that is gone (renamed, or debounced no more) is among those of the type which have not had the event: all
        others ran when it was put off, or wait for it as well. Debounced ones come first: when the store takes nothing
        that waits, no other has run in vain.
        """
        found = [(route, run) for route, run in self._routes if route.matches(event_type)]
        if own := [(None, route, run) for route, run in found if route.debounce and route.debounce.task == task]:
            return own
        found = [(route, run) for route, run in found if not any(name in had_by for name in route.known_as)]
        found.sort(key=lambda each: each[0].debounce is None)
        return [(self._where(route), route, run) for route, run in found]

    def _where(self, route: Route[Any]) -> Condition | None:
        """What an event has to be like for a handler: what the group and what the handler asks for."""
        of_group = None if any(map(is_task_type, route.patterns)) else self._group_where  # its event has passed that
        asked = [each for each in (of_group, route.where) if each is not None]
        return All(tuple(asked)) if len(asked) > 1 else next(iter(asked), None)


def _put_off_for(event: Event) -> tuple[str, tuple[str, ...]]:
    """For which task a follow-up waited, and who had its event then; nothing of what is none."""
    return (event.follow_up.task, event.follow_up.had_by) if event.follow_up else ("", ())


def _nobody_takes(event: Event) -> Exception:
    if event.follow_up is None or not event.follow_up.had_by:
        return LookupError(f"no handler of the group takes {event.event_type}")
    gone = f"the group has no {event.follow_up.task} any more"
    return PermanentError(f"{gone}, for which this has waited, and each of its other handlers has had the event")
