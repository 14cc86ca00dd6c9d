"""Follow-ups of events that run behind each other, and of those that end at a promoted replica."""

import asyncio
import gc
import weakref
from functools import partial
from typing import Any

import pytest

from salesloft_webhooks import Event, Ordering, Router
from salesloft_webhooks.broker import FollowUps
from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.errors import FollowUpRefused
from salesloft_webhooks.follow_ups import id_of
from tests.integration.worker.test_promotions import copy_of, promote
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline

LATER = "sl:{0}:g:mine:later"


async def test_a_reply_that_ran_right_behind_finds_what_came_with_done(valkey: Server) -> None:
    """However fast a person's events run one after another: each reply finds the follow-up of the mail before it."""
    router = Router(ordering=Ordering.ENTITY)
    found: list[bool] = []
    go_on = asyncio.Event()

    @router.on("email.sent")
    async def sent(event: Event) -> None:
        await event.later(after=60, key="no reply", on_done=True)

    @router.on("email.replied")
    async def replied(event: Event) -> None:
        found.append(bool(await event.cancel_later("no reply")))

    @router.on("person.created")
    async def first(event: Event) -> None:
        if event.event_id == "x0":
            await go_on.wait()

    async with pipeline(valkey, router) as line:
        for number in range(10):  # handlers that are known to be fast
            await line.publish(f"x{number}", key="person:1")
        for number in range(10):
            await line.publish(f"s{number}", key="person:1", event_type="email.sent")
            await line.publish(f"r{number}", key="person:1", event_type="email.replied")
        go_on.set()
        await line.finished(30)

        assert line.redis.zcard(LATER) == 0
    assert found == [True] * 10


@pytest.mark.parametrize("does", ["asks", "cancels"])
async def test_what_a_replica_missed_before_the_handler_ended_is_said_with_done(valkey: Server, does: str) -> None:
    """Asked or cancelled at once, and lost with the primary while its handler ran on: it counts, none runs again."""
    cancels = does == "cancels"
    runs: list[str] = []
    acted, go_on = asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        runs.append(event.event_id)
        if event.event_id == "e1" and cancels:
            await event.later(after=60, key="k")
            return
        replica.update(copy_of(line.redis))
        await (event.cancel_later("k") if cancels else event.later(after=60, key="k"))
        acted.set()
        await go_on.wait()

    replica: dict[str, object] = {}
    names = ["e1", "e2"] if cancels else ["e2"]
    async with pipeline(valkey, handle, lease_seconds=60) as line:
        for name in names:
            await line.publish(name, key="person:1")
            await eventually(partial(runs.__contains__, name), "it runs")
        await acted.wait()
        promote(line.redis, replica)
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        await asyncio.sleep(0.5)
        assert line.redis.zcard(LATER) == (1 if cancels else 0)
        go_on.set()
        await line.finished(len(names))

        assert line.redis.zcard(LATER) == (0 if cancels else 1)
    assert runs == names


async def test_a_settlement_that_connects_anew_says_what_was_stored_before(valkey: Server) -> None:
    """Nothing has failed or was taken since: the call that ends the event opens the line to the new primary."""
    acted, go_on = asyncio.Event(), asyncio.Event()
    replica: dict[str, object] = {}

    async def handle(event: Event) -> None:
        if event.event_id == "e1":
            replica.update(copy_of(line.redis))
            await event.later(after=60, key="k")
            acted.set()
            await go_on.wait()

    async with pipeline(valkey, handle, lease_seconds=60, worker_concurrency=1) as line:
        await line.publish("e1", key="person:1")
        await acted.wait()
        await line.publish("e2", key="person:2")  # no slot is free for it: no take waits
        await asyncio.sleep(1)
        promote(line.redis, replica)
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        for name in ("settle", "take", "extend"):  # as another worker has given them to the server meanwhile
            line.redis.script_load(script(name).source)
        await asyncio.sleep(0.3)
        go_on.set()
        await eventually(lambda: line.outcome("e1") == "done", "e1 is done")

        assert line.redis.zcard(LATER) == 1


async def test_a_task_that_is_left_behind_disturbs_no_end(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks while the attempt ends: it is refused, and the event is done with what was asked for before."""
    left: list[asyncio.Task[bool]] = []
    ends = asyncio.Event()
    prepare = FollowUps.prepare

    async def slowly(self: FollowUps, *args: Any) -> None:
        ends.set()
        await asyncio.gather(*left, return_exceptions=True)
        await prepare(self, *args)

    async def ask_at_the_end(event: Event) -> bool:
        await ends.wait()
        return await event.later(after=60, key="b", on_done=True)

    async def handle(event: Event) -> None:
        await event.later(after=60, key="a", on_done=True)
        left.append(asyncio.create_task(ask_at_the_end(event)))

    monkeypatch.setattr(FollowUps, "prepare", slowly)
    async with pipeline(valkey, handle) as line:
        await line.publish("e1")
        await line.finished(1)

        assert line.outcome("e1") == "done"
        assert line.redis.zrange(LATER, 0, -1) == [id_of("mine", "e1", "a")]
    assert isinstance(left[0].exception(), FollowUpRefused)


async def test_a_plain_function_is_refused(valkey: Server) -> None:
    """In a thread nobody could await it: the event is a dead letter at once, and not done without its follow-up."""
    router = Router()

    @router.on("*")
    def handle(event: Event) -> None:
        _ = event.later(after=60, key="k")

    async with pipeline(valkey, router) as line:
        await line.publish("e1")
        await line.finished(1)

        (letter,) = line.dead()
        assert "by an `async def`" in letter["error"]


async def test_an_event_that_has_ended_is_freed_at_once(valkey: Server) -> None:
    """What its handlers could ask at makes no circle: only what is kept to be said again is there when all is done."""
    alive: list[weakref.ref[Event]] = []

    async def handle(event: Event) -> None:
        alive.append(weakref.ref(event))

    async with pipeline(valkey, handle) as line:
        gc.disable()
        try:
            await line.publish(*(f"e{number}" for number in range(50)))
            await line.finished(50)
            await asyncio.sleep(0.2)
            for loop in line.worker._loops:
                loop._settler._confirmed_lately.taken()

            assert sum(each() is not None for each in alive) <= 1
        finally:
            gc.enable()
