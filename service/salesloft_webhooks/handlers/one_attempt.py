"""One attempt of a handler, without a worker: for the test kit, and for `trial`."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import ASKER, Wanted
from salesloft_webhooks.handlers.execution import AttemptLimits, Verdict, run_attempt
from salesloft_webhooks.handlers.execution import Ending as Outcome
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.recorded_follow_ups import RecordedAsker, follow_up_event
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings

__all__ = ["Outcome", "Result", "run", "run_batch", "run_later"]


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to.

    Attributes:
        outcome: How it ended.
        error: What decided it: what the handler raised, the weightiest of an exception group, or what a worker says of
            a handler that took too long, cancelled itself or called ``sys.exit()``.
        after_seconds: When it would be tried again, if the handler said so.
        reason: Of a dead letter: ``permanent`` or ``exhausted``; else empty.
        follow_ups: What waits now because of it; of what was to come with `done` only if it is done.
        cancelled: The keys of follow-ups that it cancelled.
    """

    outcome: Outcome
    error: BaseException | None = None
    after_seconds: float | None = None
    reason: str = ""
    follow_ups: tuple[Wanted, ...] = ()
    cancelled: tuple[str, ...] = ()


async def run(
    target: Router[Any] | Callable[..., object],
    event: Event,
    *,
    resources: Any = None,
    settings: Settings | None = None,
) -> Result:
    """Run one attempt, under the worker's own rules, and say what a worker would make of it.

    Time-out and number of attempts are the handler's own, else the settings': ``event(..., attempt=8)`` is the last of
    eight.

    Args:
        target: A router (its lifespan runs around the attempt) or a handler.
        event: What to handle.
        resources: Handed to handlers instead of what a router's lifespan yields; the lifespan is then not run.
        settings: For a router's lifespan and the limits of the attempt; default: from the environment.

    Raises:
        LookupError: no handler of the router takes events of this type.
    """
    router = target if isinstance(target, Router) else _router_of(target)
    if not list(router.routes_for(event.event_type)):
        raise LookupError(f"no handler of the router takes {event.event_type}")
    if resources is not None or not isinstance(target, Router):
        router = _with_resources(router, resources)
    alone, settings = not isinstance(target, Router), settings or Settings.load()
    (result,) = await _run_group(LoadedGroup(event.group, (router,)), [event], settings, alone=alone)
    return result


async def run_later(
    target: Router[Any],
    wanted: Wanted,
    event: Event,
    *,
    resources: Any = None,
    settings: Settings | None = None,
) -> Result:
    """The same for a follow-up that is due: one of `Result.follow_ups`, and the event that has asked for it."""
    return await run(target, follow_up_event(event, wanted), resources=resources, settings=settings)


async def run_batch(
    target: Router[Any],
    events: Sequence[Event],
    *,
    resources: Any = None,
    settings: Settings | None = None,
) -> list[Result]:
    """The same for events that come at the same moment: a batch handler has them together, as far as its rules allow.

    The results are in the order of the events.
    """
    for event in events:
        if not list(target.routes_for(event.event_type)):
            raise LookupError(f"no handler of the router takes {event.event_type}")
    router = target if resources is None else _with_resources(target, resources)
    group = events[0].group if events else ""
    return await _run_group(LoadedGroup(group, (router,)), events, settings or Settings.load())


async def run_group(loaded: LoadedGroup, event: Event, settings: Settings) -> Result:
    """The same for all routers of a group, one of which must take the event; debounced handlers are not put off."""
    (result,) = await _run_group(loaded, [event], settings, debounces=False)
    return result


async def _run_group(
    loaded: LoadedGroup,
    events: Sequence[Event],
    settings: Settings,
    *,
    alone: bool = False,
    debounces: bool = True,
) -> list[Result]:
    # Of a handler alone nobody knows which tasks its router will have.
    tasks = None if alone else frozenset(loaded.tasks)
    askers = [RecordedAsker(tasks, debounces=debounces) for _ in events]
    async with loaded.open(settings) as running:
        running.wait_no_more()  # nobody else comes
        for event, asker in zip(events, askers, strict=True):
            event.__dict__[ASKER] = asker

        async def handle(event: Event) -> None:
            await running.check_ready()
            await running.handle(event)

        verdicts = await asyncio.gather(
            *(
                _attempt(partial(handle, event), loaded.limits(event.event_type, settings), event.attempt)
                for event in events
            )
        )
        for event in events:
            event.__dict__.pop(ASKER, None)
    return [_result(verdict, asker) for verdict, asker in zip(verdicts, askers, strict=True)]


def _result(verdict: Verdict, asker: RecordedAsker) -> Result:
    done = verdict.ending in {Outcome.DONE, Outcome.DEBOUNCED}
    waits = [each for each in asker.wanted.values() if done or not each.on_done]
    cancelled = tuple(asker.cancelled)
    return Result(verdict.ending, verdict.error, verdict.after_seconds, verdict.reason, tuple(waits), cancelled)


async def _attempt(handle: Callable[[], Coroutine[Any, Any, None]], limits: AttemptLimits, attempt: int) -> Verdict:
    """In a task of its own, as in a worker: a handler that cancels its task must not end the test."""
    stopped = False
    task = asyncio.create_task(run_attempt(handle, limits, attempt=attempt, interrupted=lambda: stopped))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:  # the test itself is over
        stopped = True
        await cancel_and_wait([task])
        raise


def _router_of(handler: Callable[..., Any]) -> Router[Any]:
    router: Router[Any] = Router()
    router.on("*")(handler)
    return router


def _with_resources(router: Router[Any], resources: Any) -> Router[Any]:
    @asynccontextmanager
    async def lifespan(_settings: Settings) -> Any:
        yield resources

    replaced: Router[Any] = Router(lifespan)
    replaced.routes = router.routes
    return replaced
