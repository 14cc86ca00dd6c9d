"""One attempt of a handler, without a worker."""

from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings


class Outcome(StrEnum):
    """How a worker would end the attempt."""

    DONE = "done"
    """Handled."""
    RETRY = "retry"
    """Failed; tried again later."""
    DEAD = "dead"
    """Failed for good: a dead letter."""
    PAUSED = "paused"
    """The backend is unavailable: the group pauses, the attempt is not counted."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to.

    Attributes:
        outcome: How it ended.
        error: What the handler raised.
        after_seconds: When it would be tried again, if the handler said so.
    """

    outcome: Outcome
    error: Exception | None = None
    after_seconds: float | None = None


async def run(
    target: Router[Any] | Callable[..., Coroutine[Any, Any, None]],
    event: Event,
    *,
    resources: Any = None,
    settings: Settings | None = None,
) -> Result:
    """Run one attempt and say what a worker would make of it.

    Args:
        target: A router (its lifespan runs around the attempt) or a handler.
        event: What to handle.
        resources: Handed to handlers instead of what a router's lifespan yields; the lifespan is then not run.
        settings: For a router's lifespan; default: from the environment.

    Raises:
        LookupError: no handler of the router takes events of this type.
    """
    router = target if isinstance(target, Router) else _router_of(target)
    if not list(router.routes_for(event.event_type)):
        raise LookupError(f"no handler of the router takes {event.event_type}")
    if resources is not None or not isinstance(target, Router):
        router = _with_resources(router, resources)
    settings = settings or Settings.load()
    async with LoadedGroup(event.group, (router,)).open(settings) as running:
        try:
            await running.handle(event)
        except PermanentError as exc:
            return Result(Outcome.DEAD, exc)
        except Unavailable as exc:
            return Result(Outcome.PAUSED, exc, exc.after_seconds)
        except Retry as exc:
            return Result(Outcome.RETRY, exc, exc.after_seconds)
        except Exception as exc:  # any error of a handler is a failed attempt
            return Result(Outcome.RETRY, exc)
    return Result(Outcome.DONE)


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
