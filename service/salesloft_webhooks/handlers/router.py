"""The `Router`: which handler gets which event, under which policy, with which resources.

A resource (a database engine, an HTTP client) is made once per worker process by the router's *lifespan*, an async
context manager, and handed to every handler that has a second parameter::

    @asynccontextmanager
    async def lifespan(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
        async with httpx2.AsyncClient(base_url="https://crm.example.com") as client:
            yield client

    router = Router(lifespan)

    @router.on("person.*", timeout_seconds=5, max_attempts=20)
    async def sync_person(event: Event, client: httpx2.AsyncClient) -> None: ...

Type checkers know what the lifespan yields, and refuse a handler that expects something else. A bundle of several
resources is a dataclass of the author's own.
Resources that can say whether they are able to work (`ChecksReadiness`) are asked before the first event is taken.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar, Unpack, overload, runtime_checkable

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.follow_ups import TASK_PREFIX, is_task_name, is_task_type, task_type
from salesloft_webhooks.handlers.debounce import Debounce
from salesloft_webhooks.handlers.limited_handler import Limit
from salesloft_webhooks.handlers.options import BatchOptions, Needs, Options, Overrides
from salesloft_webhooks.handlers.registration import Asked, BatchRegistration, Registration, filter_of
from salesloft_webhooks.handlers.routes import BatchRules, Policy, Route
from salesloft_webhooks.limits import Limits, Rate, checked_running
from salesloft_webhooks.resource_kinds import EventType
from salesloft_webhooks.settings import Ordering, Settings

ResourcesT = TypeVar("ResourcesT")
KindT = TypeVar("KindT")
OtherKindT = TypeVar("OtherKindT")

Lifespan = Callable[[Settings], AbstractAsyncContextManager[ResourcesT]]
"""Entered once per worker process before its first event, left after its last."""


@runtime_checkable
class ChecksReadiness(Protocol):
    """Resources that know whether they can work."""

    async def check_ready(self) -> None:
        """Return when they can. The worker takes no event before, and asks again every few seconds.

        Raises:
            Unavailable: they cannot yet; the message stands at `/readyz` and in the log.
            ConfigurationError: they never will; ends the worker.
        """


class Router(Generic[ResourcesT]):
    """Collects handlers by event type.

    ::

        router = Router()

        @router.on("person.created", "person.updated")
        async def sync_person(event: Event) -> None: ...

    Args:
        lifespan: Yields the resources of its handlers; see the module's description. None: handlers that ask for
            resources are given None.
        ordering: What its handlers need; holds unless `WORKER_ORDERING` says otherwise.
        max_running: Attempts that run at once in all workers of the group together (docs/limits.md). None: any number.
        rate: How many begin, in all of them together: ``10/s``, ``100/min``, ``100/min burst 20``. None: any number.

    Raises:
        ConfigurationError: one of these two cannot be kept.
    """

    @overload
    def __init__(self: "Router[None]", **needs: Unpack[Needs]) -> None: ...
    @overload
    def __init__(self, lifespan: Lifespan[ResourcesT], **needs: Unpack[Needs]) -> None: ...
    def __init__(
        self,
        lifespan: Lifespan[ResourcesT] | None = None,
        *,
        ordering: Ordering = Ordering.NONE,
        max_running: int | None = None,
        rate: str | None = None,
    ) -> None:
        self.lifespan = lifespan
        self.ordering = ordering
        self.limits = Limits(checked_running(max_running), Rate.parse(rate) if rate is not None else None)
        self.routes: list[Route[ResourcesT]] = []

    @overload
    def on(self, one: EventType[KindT], /, **options: Unpack[Options]) -> Registration[ResourcesT, KindT]: ...
    @overload
    def on(
        self, one: EventType[KindT], two: EventType[OtherKindT], /, **overrides: Unpack[Overrides]
    ) -> Registration[ResourcesT, KindT | OtherKindT]: ...
    @overload
    def on(self, *several: EventType[KindT], **options: Unpack[Options]) -> Registration[ResourcesT, KindT]: ...
    @overload
    def on(self, *patterns: str, **options: Unpack[Options]) -> Registration[ResourcesT, Any]: ...
    def on(
        self,
        *patterns: str,
        where: str | None = None,
        in_process: bool = False,
        limit: Limit | None = None,
        debounce: Debounce | None = None,
        **overrides: Unpack[Overrides],
    ) -> Registration[ResourcesT, Any]:
        """Register a handler for event types: exact names or patterns (``email.*``, ``*``; see `event_patterns`).

        Names that are `EventType` say what `Event.resource` is: ``@router.on(PersonUpdated)`` takes a handler of an
        ``Event[Person]``.

        With ``where`` the handler is called only for events that say something (docs/filters.md)::

            @router.on("person.*", where="data.crm_id exists and not data.do_not_contact = true")

        A coroutine function runs in the worker's event loop, a plain one in a thread, or with ``in_process`` in a
        process of its own (docs/threads_and_processes.md). With ``limit`` only so many of its calls run, or begin, in
        all workers of the group together (docs/limits.md). With ``debounce`` it is called once for several events of a
        person, with the last of them (docs/debounce.md).

        The other keyword arguments override the group's settings of the same names for the events of this handler.

        Raises:
            ConfigurationError: without a pattern, with an override that is not above zero, or what is no filter.
        """
        if not patterns:
            raise ConfigurationError("Router.on() needs at least one event type or pattern")
        asked = Asked(Policy(**overrides), filter_of(where), limit, debounce, in_process=in_process)
        return Registration(self.routes, tuple(map(str, patterns)), asked)

    @overload
    def on_batch(
        self, one: EventType[KindT], /, **options: Unpack[BatchOptions]
    ) -> BatchRegistration[ResourcesT, KindT]: ...
    @overload
    def on_batch(
        self, one: EventType[KindT], two: EventType[OtherKindT], /, **options: Unpack[BatchOptions]
    ) -> BatchRegistration[ResourcesT, KindT | OtherKindT]: ...
    @overload
    def on_batch(
        self, *several: EventType[KindT], **options: Unpack[BatchOptions]
    ) -> BatchRegistration[ResourcesT, KindT]: ...
    @overload
    def on_batch(self, *patterns: str, **options: Unpack[BatchOptions]) -> BatchRegistration[ResourcesT, Any]: ...
    def on_batch(
        self,
        *patterns: str,
        max_size: int,
        max_wait: float | timedelta = 0.0,
        where: str | None = None,
        in_process: bool = False,
        limit: Limit | None = None,
        debounce: Debounce | None = None,
        **overrides: Unpack[Overrides],
    ) -> BatchRegistration[ResourcesT, Any]:
        """Register a handler that takes several events at once, as a list. What `on` says, and beside that more.

        ::

            @router.on_batch("person.*", max_size=100, max_wait=2)
            async def store(events: Sequence[Event]) -> Failures | None: ...

        Args:
            patterns: As `on` takes them.
            max_size: Events of one call at most.
            where: As `on` takes it.
            in_process: The same.
            limit: The same; each event counts, and not each call.
            debounce: The same: the list has the last event of each person.
            max_wait: How long, in seconds or as a `timedelta`, the first event waits for others. 0: a call begins as
                soon as none of this handler is under way in its process, with what has come meanwhile.

        Raises:
            ConfigurationError: as `on` does; or one of the two is out of range.
        """
        if not patterns:
            raise ConfigurationError("Router.on_batch() needs at least one event type or pattern")
        wait_seconds = max_wait.total_seconds() if isinstance(max_wait, timedelta) else max_wait
        rules = BatchRules(max_size, wait_seconds)
        asked = Asked(Policy(**overrides), filter_of(where), limit, debounce, rules, in_process=in_process)
        return BatchRegistration(self.routes, tuple(map(str, patterns)), asked)

    def task(
        self,
        name: str,
        /,
        *,
        where: str | None = None,
        in_process: bool = False,
        limit: Limit | None = None,
        **overrides: Unpack[Overrides],
    ) -> Registration[ResourcesT, Any]:
        """Register a handler that runs when `Event.later` has asked for it by this name (docs/follow_ups.md).

        It is given the event that has asked; `Event.follow_up` has the arguments. What `on` says of handlers holds.

        Raises:
            ConfigurationError: the name is not of lower-case letters, digits, `_` and `.`, or in use.
        """
        if not is_task_name(name):
            raise ConfigurationError("Router.task(): a name has 1 to 100 lower-case letters, digits, `_` and `.`")
        if name in self.tasks:
            raise ConfigurationError("Router.task(): there is a task of this name")
        asked = Asked(Policy(**overrides), filter_of(where), limit, in_process=in_process)
        return Registration(self.routes, (task_type(name),), asked)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every event pattern registered, without repeats, in order: the group's event filter."""
        named = dict.fromkeys(pattern for route in self.routes for pattern in route.patterns)
        return tuple(pattern for pattern in named if not is_task_type(pattern))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return tuple(
            pattern.removeprefix(TASK_PREFIX)
            for route in self.routes
            for pattern in route.patterns
            if is_task_type(pattern)
        )

    def routes_for(self, event_type: str) -> Iterable[Route[ResourcesT]]:
        """The routes of an event type, in the order of registration."""
        return (route for route in self.routes if route.matches(event_type))

    def handlers_for(self, event_type: str) -> Iterable[Callable[..., Any]]:
        """The handlers of an event type, in the order of registration."""
        return (route.handler for route in self.routes_for(event_type))
