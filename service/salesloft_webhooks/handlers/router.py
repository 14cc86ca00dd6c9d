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

import inspect
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, overload, runtime_checkable

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import RULE, is_pattern, matches
from salesloft_webhooks.events import Event
from salesloft_webhooks.settings import Ordering, Settings

ResourcesT = TypeVar("ResourcesT")

Handler = Callable[[Event], Coroutine[Any, Any, None]]
"""A handler that needs nothing but the event."""

ResourceHandler = Callable[[Event, ResourcesT], Coroutine[Any, Any, None]]
"""A handler that is also given what its router's lifespan yields."""

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


@dataclass(frozen=True, slots=True)
class Policy:
    """What a handler overrides of its group's settings of the same names; None: as the group has it."""

    timeout_seconds: float | None = None
    max_attempts: int | None = None
    backoff_base_seconds: float | None = None
    backoff_cap_seconds: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value <= 0:
                raise ConfigurationError(f"Router.on({field.name}=...) must be above zero")

    @classmethod
    def widest(cls, policies: Iterable["Policy"]) -> "Policy":
        """The policy of one attempt that runs several handlers: field by field the greatest override."""
        everything = tuple(policies)
        values = {
            field.name: max((v for p in everything if (v := getattr(p, field.name)) is not None), default=None)
            for field in fields(cls)
        }
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Route(Generic[ResourcesT]):
    """One registration: the handler runs for each event whose type matches one of the patterns."""

    patterns: tuple[str, ...]
    handler: Handler | ResourceHandler[ResourcesT]
    policy: Policy
    takes_resources: bool

    def matches(self, event_type: str) -> bool:
        """Whether one of the patterns means ``event_type``."""
        return matches(event_type, self.patterns)

    async def run(self, event: Event, resources: ResourcesT) -> None:
        """Call the handler, with the resources if it asked for them.

        Raises whatever it raises; `TypeError` when it returns something to be awaited: its work was not done.
        """
        called: Callable[..., Coroutine[Any, Any, object]] = self.handler
        result = await (called(event, resources) if self.takes_resources else called(event))
        if result is not None and inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise TypeError(f"handler {name_of(self.handler)} returned something to be awaited: it lacks an `await`")


class Registration(Generic[ResourcesT]):
    """What `Router.on` returns: the decorator that adds the route and gives the handler back unchanged."""

    def __init__(self, routes: list[Route[ResourcesT]], patterns: tuple[str, ...], policy: Policy) -> None:
        self._routes = routes
        self._patterns = patterns
        self._policy = policy

    @overload
    def __call__(self, handler: Handler) -> Handler: ...
    @overload
    def __call__(self, handler: ResourceHandler[ResourcesT]) -> ResourceHandler[ResourcesT]: ...
    def __call__(self, handler: Handler | ResourceHandler[ResourcesT]) -> Handler | ResourceHandler[ResourcesT]:
        """Register ``handler``.

        Raises:
            ConfigurationError: it is not ``async def``, cannot be called with an event, or an event and resources, or
                was registered for what is no event pattern.
        """
        _check_patterns(handler, self._patterns)
        route = Route(self._patterns, handler, self._policy, takes_resources=_takes_resources(handler))
        self._routes.append(route)
        return handler


def name_of(handler: Callable[..., object]) -> str:
    """How messages and logs call a handler: never by its repr, in which a `partial` shows its arguments."""
    while isinstance(handler, partial):
        handler = handler.func
    return str(getattr(handler, "__qualname__", type(handler).__qualname__))


def _check_patterns(handler: Callable[..., object], patterns: Iterable[str]) -> None:
    for pattern in patterns:
        if not is_pattern(pattern):
            raise ConfigurationError(f"handler {name_of(handler)}: {pattern!a} is no event pattern: {RULE}")


def _takes_resources(handler: Callable[..., object]) -> bool:
    """Whether the handler asks for resources; refuses what could only fail or be guessed at each event."""
    name = name_of(handler)
    if not inspect.iscoroutinefunction(handler):
        raise ConfigurationError(f"handler {name} must be `async def`; put blocking work into asyncio.to_thread()")
    parameters = inspect.signature(handler).parameters.values()
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(positional) not in (1, 2):
        raise ConfigurationError(f"handler {name} must take (event) or (event, resources)")
    if missing := [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty]:
        raise ConfigurationError(f"handler {name}: nobody would pass its keyword-only parameter {missing[0]!r}")
    if len(positional) == 2 and positional[1].default is not inspect.Parameter.empty:
        raise ConfigurationError(
            f"handler {name}: its second parameter {positional[1].name!r} would be given the router's resources; "
            "remove its default if that is meant, else make it keyword-only (write `*` before it)"
        )
    return len(positional) == 2


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
    """

    @overload
    def __init__(self: "Router[None]", *, ordering: Ordering = ...) -> None: ...
    @overload
    def __init__(self, lifespan: Lifespan[ResourcesT], *, ordering: Ordering = ...) -> None: ...
    def __init__(self, lifespan: Lifespan[ResourcesT] | None = None, *, ordering: Ordering = Ordering.NONE) -> None:
        self.lifespan = lifespan
        self.ordering = ordering
        self.routes: list[Route[ResourcesT]] = []

    def on(
        self,
        *patterns: str,
        timeout_seconds: float | None = None,
        max_attempts: int | None = None,
        backoff_base_seconds: float | None = None,
        backoff_cap_seconds: float | None = None,
    ) -> Registration[ResourcesT]:
        """Register a handler for event types: exact names or patterns (``email.*``, ``*``; see `event_patterns`).

        The keyword arguments override the group's settings of the same names for the events of this handler.

        Raises:
            ConfigurationError: without a pattern, or with an override that is not above zero.
        """
        if not patterns:
            raise ConfigurationError("Router.on() needs at least one event type or pattern")
        policy = Policy(timeout_seconds, max_attempts, backoff_base_seconds, backoff_cap_seconds)
        return Registration(self.routes, patterns, policy)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern registered, without repeats, in order: the group's event filter."""
        return tuple(dict.fromkeys(pattern for route in self.routes for pattern in route.patterns))

    def routes_for(self, event_type: str) -> Iterable[Route[ResourcesT]]:
        """The routes of an event type, in the order of registration."""
        return (route for route in self.routes if route.matches(event_type))

    def handlers_for(self, event_type: str) -> Iterable[Handler | ResourceHandler[ResourcesT]]:
        """The handlers of an event type, in the order of registration."""
        return (route.handler for route in self.routes_for(event_type))
