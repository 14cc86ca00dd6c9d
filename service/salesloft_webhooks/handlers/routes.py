"""Routes: which events a handler takes, under which policy, and how it is called."""

import inspect
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum, auto
from functools import partial
from typing import Any, Generic, TypeVar

from salesloft_webhooks.content_filters import Condition
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.debounce import DebounceRules
from salesloft_webhooks.handlers.limited_handler import Limit
from salesloft_webhooks.settings import Settings

ResourcesT = TypeVar("ResourcesT")
KindT = TypeVar("KindT")

Handler = Callable[[Event[KindT]], Coroutine[Any, Any, None] | None]
"""A handler that needs nothing but the event; a plain function runs in a thread, or in a process."""

ResourceHandler = Callable[[Event[KindT], ResourcesT], Coroutine[Any, Any, None] | None]
"""A handler that is also given what its router's lifespan yields."""

Failures = Mapping[str, BaseException]
"""Which events of a batch failed, by their ids, and with what each would have raised alone. All others are done."""

BatchHandler = Callable[[list[Event[KindT]]], Coroutine[Any, Any, Failures | None] | Failures | None]
"""A handler of several events at once. None: all are done; what it raises is raised for all."""

BatchResourceHandler = Callable[
    [list[Event[KindT]], ResourcesT], Coroutine[Any, Any, Failures | None] | Failures | None
]
"""The same with what its router's lifespan yields."""


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


LONGEST_WAIT_SECONDS = 3600.0
"""Beyond it a wait for company is a mistake in a unit: whoever waits has a slot of its worker."""


MOMENT_SECONDS = 1.0
"""For a call to end once it is cancelled, and for the next one to begin."""


@dataclass(frozen=True, slots=True)
class BatchRules:
    """How many events come together, and for how long the first of them waits for others.

    Attributes:
        max_size: Events of one batch at most.
        max_wait_seconds: 0: only while another batch of the same handler runs.
    """

    max_size: int
    max_wait_seconds: float

    def __post_init__(self) -> None:
        if self.max_size < 1:
            raise ConfigurationError("Router.on_batch(max_size=...) takes a number of events, from 1")
        if not 0 <= self.max_wait_seconds <= LONGEST_WAIT_SECONDS:
            raise ConfigurationError(
                f"Router.on_batch(max_wait=...) must be from 0 to {LONGEST_WAIT_SECONDS:g} seconds (an hour)"
            )


class RunsIn(Enum):
    """Where a handler runs."""

    LOOP = auto()
    """In the worker's event loop: coroutine functions."""
    THREAD = auto()
    """In a thread of the worker: plain functions."""
    PROCESS = auto()
    """In a process of its own."""


START_SECONDS = 30.0
"""How long a process of a handler may take to begin: to import what its module does."""


def processes_of(settings: Settings) -> int:
    """How many processes a handler has at most."""
    return settings.worker_processes or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Route(Generic[ResourcesT]):
    """One registration: the handler runs for each event whose type matches one of the patterns.

    Attributes:
        patterns: See `event_patterns`.
        handler: What runs.
        policy: What it overrides of its group's settings.
        takes_resources: Whether it has a second parameter.
        batch: How events come together; None: each is handled by itself.
        where: What an event has to be like; None: anything.
        runs_in: Where it is called.
        limit: How many of its calls run or begin in all workers of the group; None: any number.
        debounce: Which events it is called for together, with the last of them; None: for each.
    """

    patterns: tuple[str, ...]
    handler: Callable[..., Any]
    policy: Policy
    takes_resources: bool
    batch: BatchRules | None = None
    where: Condition | None = None
    runs_in: RunsIn = RunsIn.LOOP
    limit: Limit | None = None
    debounce: DebounceRules | None = None

    @property
    def known_as(self) -> tuple[str, ...]:
        """By what it is found again in another version of the group: its name, and that of what it puts off."""
        name = name_of(self.handler)
        return (name,) if self.debounce is None else (name, self.debounce.task)

    def matches(self, event_type: str) -> bool:
        """Whether one of the patterns means ``event_type``."""
        return matches(event_type, self.patterns)

    def longest_wait_seconds(self, settings: Settings) -> float:
        """How long an event may wait for the handler: for others to come, for calls before its own, for a process."""
        call = self.policy.timeout_seconds or settings.handler_timeout_seconds
        waits = 0.0 if self.batch is None else max(self.batch.max_wait_seconds, call) + MOMENT_SECONDS
        if self.runs_in is RunsIn.PROCESS:
            turns = -(-settings.worker_concurrency // processes_of(settings))
            waits += turns * (call + MOMENT_SECONDS) + START_SECONDS
        return waits

    async def run(self, given: Event | Sequence[Event], resources: ResourcesT) -> object:
        """Call a coroutine function with an event or those of a batch, and with the resources if it asks for them.

        Returns and raises whatever it does; `TypeError` when it returns something to be awaited: its work was not done.
        """
        result = await (self.handler(given, resources) if self.takes_resources else self.handler(given))
        return result if result is None else self._finished(result)

    def call(self, given: Event | Sequence[Event], resources: ResourcesT) -> object:
        """Call a plain function likewise. It blocks."""
        result = self.handler(given, resources) if self.takes_resources else self.handler(given)
        return result if result is None else self._finished(result)

    def _finished(self, result: object) -> object:
        if inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise TypeError(f"handler {name_of(self.handler)} returned something to be awaited: it lacks an `await`")
        return result


def name_of(handler: Callable[..., object]) -> str:
    """How messages and logs call a handler: never by its repr, in which a `partial` shows its arguments."""
    while isinstance(handler, partial):
        handler = handler.func
    return str(getattr(handler, "__qualname__", type(handler).__qualname__))
