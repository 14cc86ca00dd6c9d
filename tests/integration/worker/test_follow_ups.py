"""What handlers ask to be given later, in a running worker on a real server."""

import asyncio
import time
from datetime import timedelta

from salesloft_webhooks import Event, Ordering, Router
from salesloft_webhooks.follow_ups import ASKED_MOST, id_of
from tests.integration.worker.test_promotions import copy_of, promote
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline


async def test_a_follow_up_runs_once_and_in_time(server: Server) -> None:
    """Asked for with `done`, the event comes once more, not before its time, and says what it is."""
    seen: list[tuple[str | None, float]] = []

    async def handle(event: Event) -> None:
        seen.append((event.follow_up.key if event.follow_up else None, time.monotonic()))
        if event.follow_up is None:
            await event.later(after=timedelta(seconds=0.4), key="again", on_done=True)

    async with pipeline(server, handle) as running:
        await running.publish("e1")
        await running.finished(2)

        assert running.outcome(id_of("mine", "e1", "again")) == "done"
    assert [key for key, _ in seen] == [None, "again"]
    assert seen[1][1] - seen[0][1] >= 0.4


async def test_a_follow_up_asks_for_the_next(valkey: Server) -> None:
    """A follow-up of a follow-up by the same key is another one: a reminder that comes three times."""
    keys: list[str] = []

    async def handle(event: Event) -> None:
        keys.append(event.event_id)
        if len(keys) < 4:
            assert await event.later(after=0, key="again")

    async with pipeline(valkey, handle) as running:
        await running.publish("e1")
        await running.finished(4)

    assert len(set(keys)) == 4


async def test_a_reply_cancels_and_a_task_is_never_run(valkey: Server) -> None:
    """Another event of the person cancels; of a person who does not reply the task runs with its arguments."""
    router = Router(ordering=Ordering.ENTITY)
    told: list[object] = []

    @router.on("email.sent")
    async def sent(event: Event) -> None:
        await event.later(after=0.6, key="no reply", task="tell", arguments={"of": event.event_id}, on_done=True)

    @router.on("email.replied")
    async def replied(event: Event) -> None:
        assert await event.cancel_later("no reply")

    @router.task("tell")
    async def tell(event: Event) -> None:
        assert event.follow_up is not None
        told.append((event.follow_up.arguments, event.follow_up.event_type, event.data["id"]))

    async with pipeline(valkey, router) as running:
        await running.publish("one", key="person:1", event_type="email.sent")
        await running.publish("two", key="person:2", event_type="email.sent")
        await running.publish("three", key="person:2", event_type="email.replied")
        await running.finished(4)
        await asyncio.sleep(0.2)

        assert running.redis.zcard("sl:{0}:g:mine:later") == 0
    assert told == [({"of": "one"}, "email.sent", 1)]


async def test_what_comes_with_done_is_dropped_when_the_handler_fails(valkey: Server) -> None:
    """An attempt that fails asks for nothing that was to come with `done`; the one that succeeds does, once."""
    attempts: list[int] = []

    async def handle(event: Event) -> None:
        if event.follow_up is None:
            await event.later(after=0, key=f"of attempt {event.attempt}", on_done=True)
            attempts.append(event.attempt)
            if event.attempt == 1:
                raise OSError("not yet")

    async with pipeline(valkey, handle, upkeep_seconds=600, no_handler_seconds=3600) as running:
        await running.publish("e1")
        await running.finished(2)

        assert running.outcome(id_of("mine", "e1", "of attempt 2")) == "done"
        assert running.outcome(id_of("mine", "e1", "of attempt 1")) is None
    assert attempts == [1, 2]


async def test_too_many_too_large_or_nameless_is_a_dead_letter_at_once(valkey: Server) -> None:
    """What there can be no follow-up for is refused to its author, and stops nothing: the next event is handled."""

    async def handle(event: Event) -> None:
        if event.event_id == "many":
            for number in range(ASKED_MOST + 1):
                await event.later(after=60, key=str(number), on_done=True)
        elif event.event_id == "large":
            await event.later(after=60, key="k", task="x", arguments={"text": "a" * 20_000})
        elif event.event_id == "unknown":
            await event.later(after=60, key="k", task="nobody")
        elif event.event_id == "keyless":
            await event.later(after=60, key="")

    async with pipeline(valkey, handle) as running:
        await running.publish("many", "large", "unknown", "keyless", "fine")
        await running.finished(5)

        assert {letter["id"] for letter in running.dead()} == {"many", "large", "unknown", "keyless"}
        assert {letter["error"].partition(":")[0] for letter in running.dead()} == {"FollowUpRefused"}
        assert running.outcome("fine") == "done"
        assert not running.redis.exists("sl:{0}:g:mine:later")


async def test_another_worker_begins_what_the_first_has_asked_for(valkey: Server) -> None:
    """The worker that asked is gone: another one hears of the follow-up with its heartbeat, and begins it."""
    seen: list[str] = []

    async def ask(event: Event) -> None:
        await event.later(after=0.3, key="k")

    async def take_over(event: Event) -> None:
        seen.append(event.follow_up.key if event.follow_up else "")

    async with pipeline(valkey, ask, upkeep_seconds=0.2) as running:
        await running.publish("e1")
        await running.finished(1)
    async with pipeline(valkey, take_over, upkeep_seconds=0.2):
        await eventually(lambda: seen == ["k"], "the follow-up has run")


async def test_a_handler_of_a_thread_is_refused(valkey: Server) -> None:
    """A plain function cannot ask: what it tries is a dead letter that says so."""
    router = Router()

    @router.on("*")
    def handle(event: Event) -> None:
        asyncio.run(event.later(after=1, key="k"))

    async with pipeline(valkey, router) as running:
        await running.publish("e1")
        await running.finished(1)

        (letter,) = running.dead()
    assert "async def" in letter["error"]


async def test_a_promoted_replica_hears_of_what_was_cancelled_before_done(valkey: Server) -> None:
    """It had heard of neither the cancellation nor `done`: both are said again, and the handler does not run again."""
    runs: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        runs.append(event.event_id)
        if event.event_id == "e1":
            await event.later(after=60, key="k", on_done=True)
        else:
            begun.set()
            await go_on.wait()
            await event.cancel_later("k")

    async with pipeline(valkey, handle, lease_seconds=60) as line:
        await line.publish("e1", key="person:1")
        await line.finished(1)
        await asyncio.sleep(5.5)  # so that what asked is not said again, and only the cancellation is
        await line.publish("e2", key="person:1")
        await begun.wait()
        replica = copy_of(line.redis)
        go_on.set()
        await line.finished(2)
        promote(line.redis, replica)
        assert line.redis.zcard("sl:{0}:g:mine:later") == 1
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        await line.finished(2)

        assert line.redis.zcard("sl:{0}:g:mine:later") == 0
    assert runs == ["e1", "e2"]
