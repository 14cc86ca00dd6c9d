"""Answers that arrive when what they lease has lapsed: the process was frozen in between, or its loop was blocked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Settlement, open_store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.servers import Server
from tests.support.worker_pipeline import Pipeline, pipeline

LEASE_SECONDS = 0.4
ENTITY: dict[str, Any] = {"worker_ordering": Ordering.ENTITY, "lease_seconds": LEASE_SECONDS}
CALLS = ("take", "settle_and_continue")
"""What gives events out."""


class LateAnswer:
    """Keeps an answer back: the first that gives an event out to the worker by this call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
        self.is_given, self.arrives = asyncio.Event(), asyncio.Event()
        original = getattr(Group, call)

        async def late(group: Group, *args: Any, **options: Any) -> Any:
            answer = await original(group, *args, **options)
            if answer.leases and group.consumer != "somebody-else" and not self.is_given.is_set():
                self.is_given.set()
                await self.arrives.wait()
            return answer

        monkeypatch.setattr(Group, call, late)


@asynccontextmanager
async def somebody_else(server: Server) -> AsyncIterator[Group]:
    """Another worker of the group, by hand."""
    options = GroupOptions("mine", ordering=Ordering.ENTITY, lease_seconds=60)
    async with open_store(Settings.load(redis_url=server.url)) as store:
        group = Group(store, options, "somebody-else")
        await group.register()
        yield group


async def publish_both(line: Pipeline) -> None:
    """Two events of one person by one delivery, so that whoever takes the first knows that another one follows."""
    both = (
        NewEvent(event_id, "person.created", "person:1", "2026-03-07T04:26:14Z", b"{}") for event_id in ("e1", "e2")
    )
    await line.publisher.publish(NewDelivery("default", tuple(both)))


async def do_rest(group: Group, line: Pipeline, count: int) -> list[str]:
    """Do what is given out until so many events are done; in which order."""
    done = list[str]()
    while line.outcomes()["done"] < count:
        leases = (await group.take(0, 10)).leases
        done += [lease.event.event_id for lease in leases]
        await group.settle(0, [Settlement(lease, Outcome.DONE) for lease in leases])
        await asyncio.sleep(0.02)
    return done


@pytest.mark.parametrize("call", CALLS)
async def test_what_others_have_done_meanwhile_is_not_begun(
    server: Server, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Two events of one person run once each and in order, whoever was given them first."""
    late, runs = LateAnswer(monkeypatch, call), list[str]()

    async def handle(event: Event) -> None:
        runs.append(event.event_id)

    async with pipeline(server, handle, **ENTITY) as line, somebody_else(server) as other:
        await publish_both(line)
        await late.is_given.wait()
        done = await do_rest(other, line, 2)
        late.arrives.set()
        await line.finished(2)
        await line.publish("e3")
        await line.finished(3)

    assert [*runs[:-1], *done] == ["e1", "e2"]
    assert (len(done), runs[-1]) == (2 if call == "take" else 1, "e3")


@pytest.mark.parametrize("call", CALLS)
async def test_what_nobody_else_has_taken_is_run(server: Server, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A lapsed lease that is still ours is renewed first, and its event is no further attempt."""
    late, runs = LateAnswer(monkeypatch, call), list[tuple[str, int]]()

    async def handle(event: Event) -> None:
        runs.append((event.event_id, event.attempt))

    async with pipeline(server, handle, **ENTITY) as line:
        await publish_both(line)
        await late.is_given.wait()
        await asyncio.sleep(1.5 * LEASE_SECONDS)
        late.arrives.set()
        await line.finished(2)

    assert runs == [("e1", 1), ("e2", 1)]


async def test_what_cannot_be_asked_about_goes_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store does not say whose it is, nothing is begun, and it is given out again."""
    late, runs, extend = LateAnswer(monkeypatch, "take"), list[tuple[str, int]](), Group.extend
    refused = 0

    async def handle(event: Event) -> None:
        runs.append((event.event_id, event.attempt))

    async def away(group: Group, partition: int, leases: Any) -> list[bool]:
        nonlocal refused
        if leases and not refused:
            refused += 1
            raise StoreUnavailable("no answer in time")
        return await extend(group, partition, leases)

    monkeypatch.setattr(Group, "extend", away)
    async with pipeline(server, handle, **ENTITY) as line:
        await line.publish("e1")
        await late.is_given.wait()
        await asyncio.sleep(1.5 * LEASE_SECONDS)
        late.arrives.set()
        await line.finished(1)

    assert (refused, [event_id for event_id, _ in runs]) == (1, ["e1"])
