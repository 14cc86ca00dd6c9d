"""What handlers raise, and what becomes of the event."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.broker import Group, HandedOver, Settlement
from salesloft_webhooks.errors import StoreUnavailable
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def test_an_event_is_handled_once_and_recorded(server: Server) -> None:
    """A handler that returns has handled its event: it is done and never seen again."""
    seen: Counter[str] = Counter()

    async def handle(event: Event) -> None:
        seen[event.event_id] += 1

    async with pipeline(server, handle) as running:
        await running.publish(*(f"e{number}" for number in range(50)))
        await running.finished(50)

        assert running.outcome("e7") == "done"
    assert seen == {f"e{number}": 1 for number in range(50)}


async def test_an_error_is_retried_until_it_heals(valkey: Server) -> None:
    """Any exception is a failed attempt; the next one has a higher number and the same idempotency key."""
    attempts: list[tuple[int, str]] = []

    async def handle(event: Event) -> None:
        attempts.append((event.attempt, event.idempotency_key))
        if event.attempt < 3:
            raise ValueError("not yet")

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await running.finished(1)

        assert running.outcome("e1") == "done"
    assert attempts == [(1, "mine/e1"), (2, "mine/e1"), (3, "mine/e1")]


async def test_an_event_that_always_fails_becomes_a_dead_letter(valkey: Server) -> None:
    """After MAX_ATTEMPTS the event lies in the dead letters with its last error, and others flow on."""

    async def handle(event: Event) -> None:
        if event.event_id == "bad":
            raise ValueError(f"attempt {event.attempt}\nsecond line")

    async with pipeline(valkey, handle, max_attempts=3) as running:
        await running.publish("bad", "good")
        await running.finished(2)

        (letter,) = running.dead()
        assert (letter["id"], letter["reason"], letter["attempts"]) == ("bad", "exhausted", "3")
        assert letter["error"].startswith("ValueError: attempt 3 (tests/integration/worker/test_outcomes.py:")
        assert (running.outcome("bad"), running.outcome("good")) == ("dead", "done")


async def test_a_permanent_error_is_dead_at_once(valkey: Server) -> None:
    """PermanentError spends no further attempt."""

    async def handle(event: Event) -> None:
        raise PermanentError("no such person")

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await running.finished(1)

        (letter,) = running.dead()
        assert (letter["reason"], letter["attempts"]) == ("permanent", "1")
        assert letter["error"].startswith("PermanentError: no such person (tests/")


async def test_retry_waits_as_long_as_the_handler_says(valkey: Server) -> None:
    """Retry(after=...) replaces the back-off."""
    times: list[float] = []

    async def handle(event: Event) -> None:
        times.append(asyncio.get_running_loop().time())
        if event.attempt == 1:
            raise Retry("rate limited", after=0.4)

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await running.finished(1)

    assert times[1] - times[0] >= 0.39


async def test_unavailable_pauses_the_group_and_counts_nothing(valkey: Server) -> None:
    """One attempt finds the backend down; the whole group waits, and the attempt is not counted."""
    times: list[float] = []
    attempts: list[int] = []
    down = True

    async def handle(event: Event) -> None:
        nonlocal down
        times.append(asyncio.get_running_loop().time())
        attempts.append(event.attempt)
        if down:
            down = False
            raise Unavailable("CRM is down", after=0.5)

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await eventually(lambda: bool(times), "the first attempt runs")
        await eventually(lambda: running.redis.exists("sl:{0}:g:mine:pause") == 1, "the group is paused")
        assert running.redis.get("sl:{0}:g:mine:pause") == "breaker Unavailable: CRM is down"
        await running.publish("e2")
        await running.finished(2)

    assert attempts == [1, 1, 1]
    assert times[1] - times[0] >= 0.45


async def test_a_handler_without_end_is_cut_off(valkey: Server) -> None:
    """An attempt that exceeds HANDLER_TIMEOUT_SECONDS is cancelled and counts as failed."""
    cancelled: list[int] = []

    async def handle(event: Event) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(event.attempt)
            raise

    async with pipeline(valkey, handle, handler_timeout_seconds=0.1, max_attempts=2) as running:
        await running.publish("e1")
        await running.finished(1)

        (letter,) = running.dead()
        assert letter["error"] == "AttemptTimeout: no end within 0.1 s"
    assert cancelled == [1, 2]


async def test_a_handlers_own_timeout_is_its_error(valkey: Server) -> None:
    """A TimeoutError from inside the handler is reported as such, not as ours."""

    async def handle(event: Event) -> None:
        raise TimeoutError("the CRM did not answer")

    async with pipeline(valkey, handle, max_attempts=1) as running:
        await running.publish("e1")
        await running.finished(1)

        assert running.dead()[0]["error"].startswith("TimeoutError: the CRM did not answer (tests/")


async def test_a_handler_that_cancels_itself_has_failed(valkey: Server) -> None:
    """A CancelledError that we did not cause spends the attempt: else it would run again for ever."""

    async def handle(event: Event) -> None:
        raise asyncio.CancelledError

    async with pipeline(valkey, handle, max_attempts=2) as running:
        await running.publish("e1")
        await running.finished(1)

        assert running.dead()[0]["error"] == "HandlerCancelled: the handler cancelled itself"


async def test_an_endless_retry_leaves_the_worker_alone(valkey: Server) -> None:
    """A handler that asks for a retry after infinity has failed, like any other, and costs nobody else anything."""

    async def handle(event: Event) -> None:
        if event.event_id == "absurd":
            raise Retry("some day", after=float("inf"))

    async with pipeline(valkey, handle) as running:
        await running.publish("absurd", "good")
        await eventually(lambda: running.outcome("good") == "done", "the other event is done")

        assert running.worker.not_live() is None


async def test_a_broken_message_does_not_keep_the_outcome_from_being_stored(valkey: Server) -> None:
    """An error that quotes text no encoding can carry becomes a dead letter like any other."""

    async def handle(event: Event) -> None:
        raise ValueError("surrogate \ud800 \x00 " + "x" * 1000)

    async with pipeline(valkey, handle, max_attempts=1) as running:
        await running.publish("e1")
        await running.finished(1)

        assert running.dead()[0]["error"].startswith("ValueError: surrogate \\ud800")


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_no_more_than_the_limit_run_at_once(valkey: Server, concurrency: int) -> None:
    """WORKER_CONCURRENCY is an upper bound, and it is reached."""
    running_now = peak = 0
    full = asyncio.Event()  # until then nothing ends: how fast takes follow each other is another matter

    async def handle(event: Event) -> None:
        nonlocal running_now, peak
        running_now += 1
        peak = max(peak, running_now)
        if running_now == concurrency:
            full.set()
        await full.wait()
        await asyncio.sleep(0.01)
        running_now -= 1

    async with pipeline(valkey, handle, worker_concurrency=concurrency) as running:
        await running.publish(*(f"e{number}" for number in range(40)))
        await running.finished(40)

    assert peak == concurrency


async def test_a_release_whose_reply_is_lost_frees_no_later_attempt(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repeat of an unconfirmed release does not take a running attempt of the same number away from itself."""
    starts: list[int] = []
    original = Group.settle_and_continue
    lost = asyncio.Event()

    async def settle(
        group: Group, partition: int, settlements: Sequence[Settlement], room: int, behind: int
    ) -> HandedOver:
        answer = await original(group, partition, settlements, room, behind)
        if not lost.is_set():
            lost.set()
            await asyncio.sleep(0.1)
            raise StoreUnavailable("the reply is lost")
        return answer

    async def handle(event: Event) -> None:
        starts.append(event.attempt)
        if len(starts) == 1:
            raise Unavailable("down", after=0.01)
        await asyncio.sleep(1)

    monkeypatch.setattr(Group, "settle_and_continue", settle)
    async with pipeline(valkey, handle, poll_seconds=0.05) as running:
        await running.publish("e1")
        await eventually(lambda: running.outcome("e1") == "done", "the event is done")

    assert starts == [1, 1]
