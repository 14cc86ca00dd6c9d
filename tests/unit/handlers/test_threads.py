"""Plain functions run in threads, and end as coroutines do."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from salesloft_webhooks import Event, Failures, PermanentError, Retry, Router
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.execution import AttemptTimeout
from salesloft_webhooks.handlers.sys_exit import HandlerExited
from salesloft_webhooks.handlers.threads import HandlerThreads
from salesloft_webhooks.testing import Outcome, event, run, run_batch


def raising(error: BaseException) -> Callable[[Event], None]:
    """A handler that raises."""

    def handler(_event: Event) -> None:
        raise error

    return handler


async def test_a_plain_function_runs_in_a_thread_with_the_attempts_context() -> None:
    """It gets event and resources, its log lines carry the event, and the loop goes on beside it."""
    router: Router[str] = Router(lambda _settings: None)  # type: ignore[arg-type, return-value]
    seen: list[Any] = []
    beside = threading.Event()

    @router.on("*")
    def handle(event: Event, resources: str) -> None:
        seen.extend((resources, threading.current_thread().name[:7], get_contextvars()["event_id"]))
        assert beside.wait(5), "the loop stands still"

    asyncio.get_running_loop().call_later(0.01, beside.set)
    result = await run(router, event("person.created", event_id="e1"), resources="database")

    assert result.outcome is Outcome.DONE
    assert seen == ["database", "handler", "e1"]


@pytest.mark.parametrize(
    ("error", "outcome", "kind"),
    [
        (ValueError("no"), Outcome.RETRY, ValueError),
        (PermanentError("no"), Outcome.DEAD, PermanentError),
        (Retry(after=7), Outcome.RETRY, Retry),
        (SystemExit(3), Outcome.RETRY, HandlerExited),
        (StopIteration(), Outcome.RETRY, RuntimeError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
async def test_what_it_raises_means_what_it_means_in_a_coroutine(
    error: BaseException, outcome: Outcome, kind: type[Exception]
) -> None:
    """Also what no future can carry, and what would end the process."""
    result = await run(raising(error), event("person.created"))

    assert (result.outcome, type(result.error)) == (outcome, kind)


async def test_an_attempt_ends_no_sooner_than_its_thread() -> None:
    """When the time is over nobody else may have the event while the function runs; then the attempt has failed."""
    router: Router[None] = Router()
    ended: list[bool] = []

    @router.on("*", timeout_seconds=0.05)
    def slow(event: Event) -> None:
        time.sleep(0.2)
        ended.append(True)

    result = await run(router, event("person.created"))

    assert ended == [True]
    assert (result.outcome, type(result.error)) == (Outcome.RETRY, AttemptTimeout)


async def test_a_batch_handler_may_be_a_plain_function() -> None:
    """With all that it may return."""
    router: Router[None] = Router()

    @router.on_batch("*", max_size=5)
    def store(events: Sequence[Event]) -> Failures:
        assert threading.current_thread() is not threading.main_thread()
        return {events[1].event_id: PermanentError("no")}

    results = await run_batch(router, [event("person.created") for _ in range(3)])

    assert [result.outcome for result in results] == [Outcome.DONE, Outcome.DEAD, Outcome.DONE]


async def test_a_function_that_returns_a_coroutine_has_not_done_its_work() -> None:
    """A plain function around a coroutine function, say: the attempt fails, and says why."""

    async def work(event: Event) -> None: ...

    result = await run(lambda event: work(event), event("person.created"))  # noqa: PLW0108 - the mistake

    assert isinstance(result.error, TypeError)
    assert "lacks an `await`" in str(result.error)


def generates(_event: Event) -> Iterator[None]:
    """Would never run a line."""
    yield


async def generates_too(_event: Event) -> Any:
    """The same."""
    yield


@pytest.mark.parametrize("handler", [generates, generates_too])
def test_what_yields_is_no_handler(handler: Any) -> None:
    """A call of it does nothing."""
    with pytest.raises(ConfigurationError, match="yield"):
        Router().on("*")(handler)


async def test_an_object_with_an_async_call_is_a_coroutine_function() -> None:
    """It is awaited in the loop, and not called in a thread."""

    class Handler:
        async def __call__(self, event: Event) -> None:
            seen.append((event.event_id, threading.current_thread() is threading.main_thread()))

    seen: list[tuple[str, bool]] = []
    assert (await run(Handler(), event("person.created", event_id="e1"))).outcome is Outcome.DONE
    assert seen == [("e1", True)]


async def test_as_many_threads_as_slots() -> None:
    """All attempts of a worker run at once, however few cores there are."""
    threads = HandlerThreads(40)
    together = threading.Barrier(40, timeout=10)

    await asyncio.gather(*(threads.run(together.wait) for _ in range(40)))

    threads.close()
    assert sys.exc_info() == (None, None, None)
