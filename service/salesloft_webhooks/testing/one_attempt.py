"""One attempt of a handler, without a worker."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.execution import AttemptLimits, Verdict, run_attempt
from salesloft_webhooks.handlers.execution import Ending as Outcome
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings

__all__ = ["Outcome", "Result", "run"]


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to.

    Attributes:
        outcome: How it ended.
        error: What decided it: what the handler raised, the weightiest of an exception group, or what a worker says of
            a handler that took too long, cancelled itself or called ``sys.exit()``.
        after_seconds: When it would be tried again, if the handler said so.
        reason: Of a dead letter: ``permanent`` or ``exhausted``; else empty.
    """

    outcome: Outcome
    error: BaseException | None = None
    after_seconds: float | None = None
    reason: str = ""


async def run(
    target: Router[Any] | Callable[..., Coroutine[Any, Any, None]],
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
    settings = settings or Settings.load()
    loaded = LoadedGroup(event.group, (router,))
    limits = AttemptLimits.of(loaded.policy(event.event_type), settings)
    async with loaded.open(settings) as running:

        async def handle() -> None:
            await running.check_ready()
            await running.handle(event)

        verdict = await _attempt(handle, limits, event.attempt)
    return Result(verdict.ending, verdict.error, verdict.after_seconds, verdict.reason)


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


def _router_of(handler: Callable[..., Coroutine[Any, Any, None]]) -> Router[Any]:
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
