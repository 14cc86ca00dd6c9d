"""Debounced handlers in a running worker: called once for several events, with the last of them."""

import asyncio
import time

import pytest

from salesloft_webhooks import Debounce, Event, Ordering, Router
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.replay import Replayed, replay_event
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import render_metrics
from tests.integration.worker.person_updates import publish
from tests.integration.worker.test_promotions import copy_of, promote
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline

SOON = Debounce(seconds=0.3)


async def state_of(server: Server, event_id: str) -> str:
    """Where an event stands."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        found = await history(store, event_id)
    assert found is not None
    return found.groups[0].state


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_it_is_called_once_with_the_last(server: Server, ordering: Ordering) -> None:
    """Five updates of one person and one of another: a call each, after the quiet time, with the event as it came."""
    router: Router[None] = Router(ordering=ordering)
    calls: list[tuple[str, int | None, object]] = []
    ended: list[float] = []

    @router.on("person.updated", debounce=SOON)
    async def sync(event: Event) -> None:
        ended.append(time.monotonic())
        calls.append((event.event_type, event.person_id, event.data["version"]))

    async with pipeline(server, router) as running:
        for number in range(5):
            await publish(running, f"e{number}", f'{{"id":1,"version":{number}}}')
        published = time.monotonic()
        await publish(running, "other", '{"id":2,"version":0}', person=2)
        await running.finished(8)

    assert sorted(calls, key=str) == [("person.updated", 1, 4), ("person.updated", 2, 0)]
    assert min(ended) - published >= 0.25
    assert [await state_of(server, f"e{number}") for number in (0, 4)] == ["debounced"] * 2
    assert b'attempts_total{event_type="person.updated",group="mine",outcome="debounced"} ' in render_metrics()[0]


async def test_other_handlers_run_for_each_event(valkey: Server) -> None:
    """What is not debounced runs at once, and is tried again; only what is done puts the debounced one off."""
    router: Router[None] = Router(ordering=Ordering.ENTITY)
    calls: list[str] = []

    @router.on("person.*", debounce=SOON)
    async def sync(event: Event) -> None:
        assert event.follow_up is not None
        calls.append(f"sync {event.follow_up.event_id}")

    @router.on("person.*")
    async def note(event: Event) -> None:
        calls.append(f"note {event.event_id}")
        if calls.count("note e1") == 1 and event.event_id == "e1":
            raise OSError("not yet")

    async with pipeline(valkey, router) as running:
        await publish(running, "e1")
        await publish(running, "e2")
        await running.finished(3)

    assert calls == ["note e1", "note e1", "note e2", "sync e2"]
    assert await state_of(valkey, "e1") == "done"


async def test_filtered_events_do_not_count(valkey: Server) -> None:
    """A later event that the handler does not want, or its group, replaces nothing and puts nothing off."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=SOON, where="data.wanted = true")
    async def sync(event: Event) -> None:
        calls.append(event.data["version"])

    async with pipeline(valkey, router, worker_where="data.version != 3") as running:
        await publish(running, "e1", '{"id":1,"version":1,"wanted":true}')
        await publish(running, "e2", '{"id":1,"version":2}')
        await publish(running, "e3", '{"id":1,"version":3,"wanted":true}')
        await running.finished(4)

    assert calls == [1]
    assert [await state_of(valkey, name) for name in ("e1", "e2", "e3")] == ["debounced", "filtered", "filtered"]


async def test_a_field_tells_events_of_one_person_apart(valkey: Server) -> None:
    """By each value of the field the last is handled; those without it are one more."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=Debounce(seconds=0.3, key="data.mailing.id"))
    async def sync(event: Event) -> None:
        calls.append((event.data.get("mailing"), event.data["version"]))

    bodies = ['"mailing":{"id":1}', '"mailing":{"id":"1"}', '"mailing":{"id":1}', '"x":1', '"x":2']
    async with pipeline(valkey, router) as running:
        for number, body in enumerate(bodies):
            await publish(running, f"e{number}", f'{{"id":1,"version":{number},{body}}}')
        await running.finished(8)

    assert sorted(calls, key=str) == [(None, 4), ({"id": "1"}, 1), ({"id": 1}, 2)]


async def test_what_fails_is_tried_again_and_can_be_redriven(valkey: Server) -> None:
    """The handler's own attempts count, its dead letter says what failed, and a redrive calls it at once."""
    router: Router[None] = Router()
    attempts: list[int] = []

    @router.on("person.*", debounce=SOON, max_attempts=2)
    async def sync(event: Event) -> None:
        attempts.append(event.attempt)
        if len(attempts) < 3:
            raise OSError("away")

    async with pipeline(valkey, router) as running, open_store(Settings.load(redis_url=valkey.url)) as store:
        await publish(running, "e1")
        await running.finished(2)
        (letter,) = running.dead()
        letters = dead_letters(store, DeadLetterFilter("mine"))
        assert len([each async for each in redrive(store, letters, idempotency_ttl_seconds=3600)]) == 1
        await running.finished(3)

    assert letter["type"] == "person.updated"
    assert attempts == [1, 2, 1]


async def test_what_is_replayed_is_handled_at_once_and_replaces_nothing(valkey: Server) -> None:
    """Given again by hand, an older event is handled by itself; the newer one that waits is handled, too."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=Debounce(seconds=1))
    async def sync(event: Event) -> None:
        calls.append(event.data["version"])

    async with pipeline(valkey, router) as running, open_store(Settings.load(redis_url=valkey.url)) as store:
        await publish(running, "e1", '{"id":1,"version":1}')
        await publish(running, "e2", '{"id":1,"version":2}')
        await running.finished(2)
        replayed = await replay_event(store, "mine", "e1", idempotency_ttl_seconds=3600)
        await eventually(lambda: calls == [1], "the replayed one is handled before the window is over")
        await running.finished(4)

    assert replayed is Replayed.REPLAYED
    assert calls == [1, 2]
    assert await state_of(valkey, "e1") == "done"


async def test_a_follow_up_is_not_put_off(valkey: Server) -> None:
    """What the handler itself asks for later runs at its time, and replaces no newer event."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=SOON)
    async def sync(event: Event) -> None:
        assert event.follow_up is not None
        calls.append((event.event_type, event.follow_up.key))
        if event.follow_up.task:
            await event.later(after=0, key="once more", on_done=True)

    async with pipeline(valkey, router) as running:
        await publish(running, "e1")
        await running.finished(3)

    assert calls == [("person.updated", "entity_key"), ("person.updated", "once more")]


async def test_a_promoted_replica_hears_of_the_last(valkey: Server) -> None:
    """It had heard of neither event's end: both are said again, and the handler is called once, with the last."""
    router: Router[None] = Router()
    calls: list[object] = []
    go_on = asyncio.Event()

    @router.on("person.*")
    async def wait(event: Event) -> None:
        await go_on.wait()

    @router.on("person.*", debounce=Debounce(seconds=1))
    async def sync(event: Event) -> None:
        calls.append(event.data["version"])

    async with pipeline(valkey, router, lease_seconds=60) as line:
        for number in range(2):
            await publish(line, f"e{number}", f'{{"id":1,"version":{number}}}')
        await eventually(lambda: line.redis.xpending("sl:{0}:events", "mine")["pending"] == 2, "both run")
        replica = copy_of(line.redis)
        go_on.set()
        await line.finished(2)
        promote(line.redis, replica)
        line.redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        await line.finished(3)

    assert calls == [1]
