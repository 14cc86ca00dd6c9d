"""A debounced handler that comes, goes, or cannot be put off: its events are handled all the same."""

import base64
import random

import pytest

from salesloft_webhooks import Debounce, Event, Ordering, Router
from tests.integration.worker.person_updates import publish
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import pipeline

SOON = Debounce(seconds=0.3)


@pytest.mark.parametrize("debounced", [False, True], ids=["debounced no more", "renamed"])
async def test_what_waits_for_a_handler_that_is_gone_holds_nobody_up(valkey: Server, *, debounced: bool) -> None:
    """The next version handles it, with the one that has not had it, and then what comes after it of the person."""
    before: Router[None] = Router(ordering=Ordering.ENTITY)
    after: Router[None] = Router(ordering=Ordering.ENTITY)
    calls: list[object] = []
    noted: list[object] = []

    @before.on("person.*")
    @after.on("person.*")
    async def note(event: Event) -> None:
        noted.append(event.data["version"])

    @before.on("person.*", debounce=SOON)
    async def sync(event: Event) -> None:
        raise AssertionError("called before its time")

    @after.on("person.*", debounce=Debounce(seconds=0.3, name="other") if debounced else None)
    async def sync_again(event: Event) -> None:
        calls.append(event.data["version"])

    async with pipeline(valkey, before, worker_ordering=Ordering.ENTITY) as running:
        await publish(running, "e1", '{"id":1,"version":1}')
        await eventually(lambda: running.outcome("e1") == "done", "the event is put off")
    async with pipeline(valkey, after, upkeep_seconds=0.2) as running:
        await eventually(lambda: calls == [1], "what has waited is handled")
        await publish(running, "e2", '{"id":1,"version":2}')
        await eventually(lambda: calls == [1, 2], "and what comes next")
        await running.finished(4 if debounced else 3)

    assert noted == [1, 2]


async def test_what_waits_for_a_handler_that_was_removed_is_a_dead_letter(valkey: Server) -> None:
    """Nobody is left who has not had it: it holds nobody up, is handled by none twice, and can be redriven."""
    before: Router[None] = Router(ordering=Ordering.ENTITY)
    after: Router[None] = Router(ordering=Ordering.ENTITY)
    noted: list[object] = []

    @before.on("person.*", debounce=SOON)
    async def sync(event: Event) -> None:
        raise AssertionError("called before its time")

    @before.on("person.*")
    @after.on("person.*")
    async def note(event: Event) -> None:
        noted.append(event.data["version"])

    async with pipeline(valkey, before, worker_ordering=Ordering.ENTITY) as running:
        await publish(running, "e1", '{"id":1,"version":1}')
        await eventually(lambda: running.outcome("e1") == "done", "the event is put off")
    async with pipeline(valkey, after, upkeep_seconds=0.2) as running:
        await eventually(lambda: bool(running.dead()), "what has waited is a dead letter")
        (letter,) = running.dead()
        await publish(running, "e2", '{"id":1,"version":2}')
        await eventually(lambda: noted == [1, 2], "and what comes next is handled")

    assert letter["reason"] == "permanent"
    assert "debounced/" in letter["error"]


async def test_before_format_2_it_is_called_at_once(valkey: Server) -> None:
    """No follow-up begins until then, and a roll-back would know of none."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=Debounce(seconds=60))
    async def sync(event: Event) -> None:
        calls.append(event.data["version"])

    async with pipeline(valkey, router, store_format="1") as running:
        for version in (1, 2):
            await publish(running, f"e{version}", f'{{"id":1,"version":{version}}}')
        await running.finished(2)

        assert not running.redis.exists("sl:{0}:g:mine:later")
    assert sorted(calls, key=str) == [1, 2]


async def test_large_events_are_put_off_for_several_handlers(valkey: Server) -> None:
    """Nearly as large as receivers take, and with a copy for each handler: no limit of authors' follow-ups holds."""
    router: Router[None] = Router()
    calls: list[int] = []
    text = base64.b64encode(random.Random(1).randbytes(700_000)).decode()

    async def sync(event: Event) -> None:
        calls.append(len(event.data["text"]))

    for name in ("one", "two"):
        router.on("person.*", debounce=Debounce(seconds=0.3, name=name))(sync)
    async with pipeline(valkey, router) as running:
        await publish(running, "e1", f'{{"id":1,"text":"{text}"}}')
        await running.finished(3)

        assert running.dead() == []
    assert calls == [len(text)] * 2
