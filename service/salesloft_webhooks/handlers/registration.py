"""Registering handlers: the decorators that a `Router` gives, and what they refuse at once."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, overload

from salesloft_webhooks.content_filters import Condition, FilterMistake, parse
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.follow_ups import is_task_type
from salesloft_webhooks.handlers.debounce import Debounce, DebounceRules
from salesloft_webhooks.handlers.limited_handler import Limit
from salesloft_webhooks.handlers.routes import (
    BatchHandler,
    BatchResourceHandler,
    BatchRules,
    Handler,
    Policy,
    ResourceHandler,
    Route,
    RunsIn,
    name_of,
)

ResourcesT = TypeVar("ResourcesT")
KindT = TypeVar("KindT")
HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])


def filter_of(text: str | None) -> Condition | None:
    """A handler's filter, as its author has written it.

    Raises:
        ConfigurationError: it is none; with the text and a mark below the place.
    """
    if text is None:
        return None
    try:
        return parse(text)
    except FilterMistake as exc:
        line = text.replace("\n", " ")
        shown, start = line[max(0, exc.column - 60) : exc.column + 19], max(0, exc.column - 60)
        mark = " " * (exc.column - 1 - start) + "^"
        raise ConfigurationError(f"where: {exc}\n  {shown}\n  {mark}") from None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decorator was given beside event types; as in `Route`."""

    policy: Policy
    where: Condition | None
    limit: Limit | None
    debounce: Debounce | None = None
    batch: BatchRules | None = None
    in_process: bool = False


class _Registration(Generic[ResourcesT]):
    """Adds a route for the handler it is given, which it gives back unchanged."""

    def __init__(self, routes: list[Route[ResourcesT]], patterns: tuple[str, ...], asked: Asked) -> None:
        self._routes = routes
        self._patterns = patterns
        self._asked = asked

    def _add(self, handler: HandlerT) -> HandlerT:
        asked = self._asked
        if not is_task_type(self._patterns[0]):  # of which the router has checked the name
            _check_patterns(handler, self._patterns)
        takes_resources = _takes_resources(handler, "events" if asked.batch else "event")
        runs_in = _runs_in(handler, in_process=asked.in_process, takes_resources=takes_resources)
        _check_limit(handler, asked)
        self._routes.append(
            Route(
                self._patterns,
                handler,
                asked.policy,
                takes_resources,
                asked.batch,
                asked.where,
                runs_in,
                asked.limit,
                self._debounce_rules(handler),
            )
        )
        return handler

    def _debounce_rules(self, handler: Callable[..., Any]) -> DebounceRules | None:
        debounce = self._asked.debounce
        if debounce is None:
            return None
        if not isinstance(debounce, Debounce):
            raise ConfigurationError("debounce=... takes a Debounce: debounce=Debounce(seconds=30)")
        rules = debounce.rules_of(name_of(handler))
        check_debounced_names((*(route.debounce for route in self._routes), rules))
        return rules


class Registration(_Registration[ResourcesT], Generic[ResourcesT, KindT]):
    """What `Router.on` returns."""

    @overload
    def __call__(self, handler: Handler[KindT]) -> Handler[KindT]: ...
    @overload
    def __call__(self, handler: ResourceHandler[KindT, ResourcesT]) -> ResourceHandler[KindT, ResourcesT]: ...
    def __call__(
        self, handler: Handler[KindT] | ResourceHandler[KindT, ResourcesT]
    ) -> Handler[KindT] | ResourceHandler[KindT, ResourcesT]:
        """Register ``handler``.

        Raises:
            ConfigurationError: it cannot be called with an event, or an event and resources, or not where it should
                run, or was registered for what is no event pattern.
        """
        return self._add(handler)


class BatchRegistration(_Registration[ResourcesT], Generic[ResourcesT, KindT]):
    """What `Router.on_batch` returns."""

    @overload
    def __call__(self, handler: BatchHandler[KindT]) -> BatchHandler[KindT]: ...
    @overload
    def __call__(self, handler: BatchResourceHandler[KindT, ResourcesT]) -> BatchResourceHandler[KindT, ResourcesT]: ...
    def __call__(
        self, handler: BatchHandler[KindT] | BatchResourceHandler[KindT, ResourcesT]
    ) -> BatchHandler[KindT] | BatchResourceHandler[KindT, ResourcesT]:
        """Register ``handler``; refuses what `Registration` does."""
        return self._add(handler)


def check_debounced_names(several: Iterable[DebounceRules | None]) -> None:
    """Refuse two debounced handlers of one name: each would be called for what waits for the other."""
    tasks = [rules.task for rules in several if rules is not None]
    if len(set(tasks)) < len(tasks):
        raise ConfigurationError("two debounced handlers have one name: Debounce(name=...) gives one another")


def _check_patterns(handler: Callable[..., object], patterns: Iterable[str]) -> None:
    for pattern in patterns:
        if not is_pattern(pattern):
            raise ConfigurationError(f"handler {name_of(handler)}: {pattern!a} is no event pattern: {RULE}")


def _check_limit(handler: Callable[..., object], asked: Asked) -> None:
    limit, batch = asked.limit, asked.batch
    if limit is not None and not isinstance(limit, Limit):
        raise ConfigurationError(f"handler {name_of(handler)}: limit={limit!a:.60} is no Limit(...)")
    if limit is None or batch is None or limit.max_running is None or limit.key is not None:
        return
    if limit.max_running < batch.max_size:
        raise ConfigurationError(
            f"handler {name_of(handler)}: each event of a batch counts, so with max_running={limit.max_running} "
            f"it never has max_size={batch.max_size} of them"
        )


def _takes_resources(handler: Callable[..., object], given: str) -> bool:
    """Whether the handler asks for resources; refuses what could only fail or be guessed at each event."""
    name = name_of(handler)
    parameters = inspect.signature(handler).parameters.values()
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(positional) not in (1, 2):
        raise ConfigurationError(f"handler {name} must take ({given}) or ({given}, resources)")
    if missing := [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty]:
        raise ConfigurationError(f"handler {name}: nobody would pass its keyword-only parameter {missing[0]!r}")
    if len(positional) == 2 and positional[1].default is not inspect.Parameter.empty:
        raise ConfigurationError(
            f"handler {name}: its second parameter {positional[1].name!r} would be given the router's resources; "
            "remove its default if that is meant, else make it keyword-only (write `*` before it)"
        )
    return len(positional) == 2


def _runs_in(handler: Callable[..., object], *, in_process: bool, takes_resources: bool) -> RunsIn:
    """Where it runs; refuses what could not run there."""
    name = name_of(handler)
    called: Callable[..., object] = type(handler).__call__
    if any(
        generates(each)
        for each in (handler, called)
        for generates in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    ):
        raise ConfigurationError(f"handler {name} has a `yield`: a call of it would do nothing")
    awaited = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(called)
    if not in_process:
        return RunsIn.LOOP if awaited else RunsIn.THREAD
    if awaited:
        raise ConfigurationError(f"handler {name}: what runs in a process is a plain function, without `async`")
    if takes_resources:
        raise ConfigurationError(f"handler {name}: no process can be given the router's resources")
    if not name.isidentifier() or isinstance(handler, partial):
        raise ConfigurationError(f"handler {name}: in_process needs a function at the top of a module")
    return RunsIn.PROCESS
