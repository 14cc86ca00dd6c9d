"""Handlers that want their event again later, without a failure."""

import time
from itertools import pairwise

from salesloft_webhooks import Event, Retry
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline


async def test_a_snooze_spends_no_attempt(server: Server) -> None:
    """Snoozed more often than attempts may fail, an event is handled all the same, as its first attempt, in time."""
    attempts: list[int] = []
    began: list[float] = []

    async def handle(event: Event) -> None:
        attempts.append(event.attempt)
        began.append(time.monotonic())
        if len(attempts) <= 4:
            raise Retry("too early", after=0.2, counted=False)

    async with pipeline(server, handle, max_attempts=2) as running:
        await running.publish("e1")
        await running.finished(1)

        assert running.outcome("e1") == "done"
        assert running.dead() == []
    assert attempts == [1] * 5
    assert min(later - earlier for earlier, later in pairwise(began)) >= 0.2


async def test_a_snooze_beside_a_failure_is_an_attempt_that_failed(valkey: Server) -> None:
    """Of two tasks of a handler one snoozes and the other fails: the attempt is counted, and the last one is dead."""

    async def handle(_event: Event) -> None:
        raise BaseExceptionGroup("tasks", [Retry("too early", after=0, counted=False), ValueError("broken")])

    async with pipeline(valkey, handle, max_attempts=2) as running:
        await running.publish("e1")
        await running.finished(1)

        (letter,) = running.dead()
        assert (letter["reason"], letter["attempts"]) == ("exhausted", "2")
