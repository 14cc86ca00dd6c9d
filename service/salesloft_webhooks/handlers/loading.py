"""From names to running handlers: the routers of a group, found, opened and called.

An event that matches several handlers of one group runs them in order of registration, and each must succeed: when
the second fails, the retry runs the first again. Effects that must not repeat each other belong in groups of their
own, which retry, scale and pause apart.
"""

import importlib
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from salesloft_webhooks.authors_line import authors_line
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.follow_ups import is_task_type
from salesloft_webhooks.handlers.builtin_groups import builtin_group, builtin_names
from salesloft_webhooks.handlers.execution import AttemptLimits
from salesloft_webhooks.handlers.limited_handler import check_limits
from salesloft_webhooks.handlers.registration import check_debounced_names
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.handlers.routes import Policy, Route, name_of
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.limits import Limits, Rate
from salesloft_webhooks.settings import Ordering, Settings

AnyRouter = Router[Any]
"""A router whose resources are its own business."""


class LoadedGroup(Struct, frozen=True):
    """The routers of one consumer group, not opened yet.

    Attributes:
        name: The consumer group.
        routers: At least one, in the order given.
    """

    name: str
    routers: tuple[AnyRouter, ...]

    def __post_init__(self) -> None:
        routes = [route for router in self.routers for route in router.routes]
        check_debounced_names(route.debounce for route in routes)
        check_limits((name_of(route.handler), route.limit) for route in routes if route.limit is not None)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every event pattern its routers name: the group's event filter."""
        return tuple(dict.fromkeys(pattern for router in self.routers for pattern in router.patterns))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks of its routers."""
        return tuple(dict.fromkeys(name for router in self.routers for name in router.tasks))

    @property
    def handler_patterns(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each handler's name and its event patterns, in the order of registration."""
        return [
            (name_of(route.handler), route.patterns)
            for router in self.routers
            for route in router.routes
            if not any(map(is_task_type, route.patterns))
        ]

    @property
    def ordering(self) -> Ordering:
        """What its handlers need: per entity as soon as one router asks for it."""
        return Ordering.ENTITY if any(r.ordering is Ordering.ENTITY for r in self.routers) else Ordering.NONE

    def limits_of(self, settings: Settings) -> Limits:
        """What limits the whole group: the strictest of its routers, unless the settings say otherwise."""
        written = Limits.strictest(router.limits for router in self.routers)
        rate = Rate.parse(settings.worker_rate) if settings.worker_rate else written.rate
        return Limits(settings.worker_max_running or written.max_running, rate)

    @property
    def handler_limits(self) -> dict[str, str]:
        """What limits its handlers, by what it is called: in the store's words, with the key behind them."""
        return {
            route.limit.called(name_of(route.handler)): route.limit.described
            for router in self.routers
            for route in router.routes
            if route.limit is not None
        }

    def policy(self, event_type: str) -> Policy:
        """What the handlers of this event type override; field by field the greatest, as they share one attempt."""
        return Policy.widest(route.policy for route in self.routes_for(event_type))

    def routes_for(self, event_type: str) -> list[Route[Any]]:
        """The routes of an event type, in the order in which they run."""
        return [route for router in self.routers for route in router.routes_for(event_type)]

    def limits(self, event_type: str, settings: Settings) -> AttemptLimits:
        """What an attempt at an event of this type is allowed, with the time it may wait for company in batches."""
        waits = [route.longest_wait_seconds(settings) for route in self.routes_for(event_type)]
        return AttemptLimits.of(self.policy(event_type), settings, waits_seconds=sum(waits))

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[RunningGroup]:
        """Enter every router's lifespan, once, in order; leave them in reverse."""
        async with AsyncExitStack() as stack:
            opened: list[tuple[AnyRouter, Any]] = []
            for router in self.routers:
                lifespan = router.lifespan
                opened.append((router, await stack.enter_async_context(lifespan(settings)) if lifespan else None))
            running = RunningGroup(self.name, opened, settings)
            stack.push_async_callback(running.close)
            yield running


def load_group(name: str, handlers: Sequence[str], settings: Settings) -> LoadedGroup:
    """Find the routers of a group.

    Args:
        name: The consumer group.
        handlers: Routers as ``package.module:router``; the current directory is searched too. Empty: the built-in
            handlers of that name.
        settings: Passed to built-in handlers, some of which choose their events by configuration.

    Raises:
        ConfigurationError: a router cannot be imported, is none, or has no handler; or the group is not built in.
    """
    routers = tuple(_import_router(path, number) for number, path in enumerate(handlers, 1)) or (
        _built_in(name, settings),
    )
    if not any(router.patterns for router in routers):
        raise ConfigurationError("WORKER_HANDLERS: there are tasks only, and no event to ask for one")
    return LoadedGroup(name, routers)


def _built_in(name: str, settings: Settings) -> AnyRouter:
    row = builtin_group(name)
    if row is None:
        raise ConfigurationError(
            f"WORKER_GROUP: not a built-in group ({builtin_names()}): name its routers in "
            "WORKER_HANDLERS or with --handlers package.module:router"
        )
    router: AnyRouter = importlib.import_module(row.module_path).build_router(name, settings)
    return router


def import_attribute(path: str, where: str, example: str) -> object:
    """What is at ``package.module:name``, the current directory searched too; None: the module has no such name.

    Args:
        path: As a setting has it.
        where: The setting, for messages, which have nothing of the path.
        example: A name as it could be, likewise.

    Raises:
        ConfigurationError: the path is none, there is no such module, or it cannot be imported: then with the line of
            its own code, and what Python says.
    """
    module_name, colon, attribute = path.partition(":")
    if not (colon and attribute and all(part.isidentifier() for part in module_name.split("."))):
        raise ConfigurationError(f"{where}: expected package.module:{example}")
    _search_current_directory()
    try:
        found: object = getattr(importlib.import_module(module_name), attribute, None)
    except ModuleNotFoundError as exc:
        # Only the module itself missing is a wrong setting; else an import inside it has failed.
        missing = exc.name is not None and f"{module_name}.".startswith(f"{exc.name}.")
        problem = "there is no such module" if missing else _import_problem(exc)
    except Exception as exc:  # noqa: BLE001 - whatever the author's module does while it is imported
        problem = _import_problem(exc)
    else:
        return found
    # Raised outside the except blocks: Python's error repeats the name.
    raise ConfigurationError(f"{where}: {problem}")


def _import_problem(error: Exception) -> str:
    """What is wrong with a module of the author's, as they would look for it."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    said = f"cannot be imported: {type(error).__name__}: {message}"
    return f"{said}\n  {line}: {line.source}" if (line := authors_line(error)) else said


def _import_router(path: str, number: int) -> AnyRouter:
    """The router at a path, which stands as the ``number``th among the handlers: messages have nothing else of it."""
    where = f"WORKER_HANDLERS: number {number}"
    router = import_attribute(path, where, "router")
    if not isinstance(router, Router):
        raise ConfigurationError(f"{where}: the module has no Router of that name")
    if not router.routes:
        raise ConfigurationError(f"{where}: the router has no handler")
    return router


def _search_current_directory() -> None:
    # An installed command has its own folder first in sys.path, where `python -m` has the user's.
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
