"""The `Router`: which handler gets which event."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event

Handler = Callable[[Event], Awaitable[None]]
HandlerT = TypeVar("HandlerT", bound=Handler)


@dataclass(frozen=True, slots=True)
class Route:
    """One registration: the handler runs for each event whose type matches one of the patterns."""

    patterns: tuple[str, ...]
    handler: Handler

    def matches(self, event_type: str) -> bool:
        """Whether ``event_type`` equals a pattern or matches it as a glob (``email.*``)."""
        return any(fnmatchcase(event_type, pattern) for pattern in self.patterns)


class Router:
    """Collects handlers by event type.

    ::

        router = Router()

        @router.on("person.created", "person.updated")
        async def sync_person(event: Event) -> None: ...
    """

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def on(self, *patterns: str) -> Callable[[HandlerT], HandlerT]:
        """Register a handler for event types: exact names or globs (``email.*``, ``*``).

        Raises:
            ConfigurationError: without a pattern.
        """
        if not patterns:
            raise ConfigurationError("Router.on() needs at least one event type or glob")

        def register(handler: HandlerT) -> HandlerT:
            self.routes.append(Route(patterns, handler))
            return handler

        return register

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern registered, without repeats, in order: the group's event filter."""
        return tuple(dict.fromkeys(pattern for route in self.routes for pattern in route.patterns))

    def handlers_for(self, event_type: str) -> Iterable[Handler]:
        """The handlers of an event type, in the order of registration."""
        return (route.handler for route in self.routes if route.matches(event_type))
