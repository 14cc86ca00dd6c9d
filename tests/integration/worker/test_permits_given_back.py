"""Permits that come back while something else is under way: asked for in vain, cancelled, or kept at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, GroupOptions, HandlerLimits, Lease, Want, open_store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.handler_permits import HandlerPermits, HeldUp
from salesloft_webhooks.worker.lease_renewal import LeaseRenewer
from tests.support.samples import event
from tests.support.servers import Server
from tests.support.waiting import eventually

KEY = "sl:{0}:g:mine:limit:k"
ONE = [Want("sync", "1 3600/3600000/1", "k")]


@dataclass
class Asker:
    """What a worker's attempts ask at, without a worker."""

    redis: Any
    group: Group
    permits: HandlerPermits
    settings: Settings

    def lease(self, entry: str = "1-1") -> Lease:
        """Of an event."""
        return Lease(0, entry, "", event("person.created", {}))

    def in_use(self) -> list[str]:
        """The permits that the store has."""
        return [permit for permit in self.redis.zrange(KEY, 0, -1) if permit != "/bucket"]


@asynccontextmanager
async def asker(server: Server) -> AsyncIterator[Asker]:
    """On a real server."""
    settings = Settings.load(redis_url=server.url)
    with server.client() as redis:
        async with open_store(settings) as store, Background() as background:
            group = Group(store, GroupOptions("mine"), "consumer")
            permits = HandlerPermits(group.handler_limits, "consumer")
            background.start(permits.run(), name="permits")
            yield Asker(redis, group, permits, settings)


async def test_who_is_cancelled_while_it_asks_gives_back_what_it_is_given(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its share of the rate, which nothing was begun with: the next one has both at once."""
    async with asker(valkey) as one:
        sent, ask = asyncio.Event(), HandlerLimits.ask

        async def slowly(self: HandlerLimits, *args: Any) -> Any:
            answers = await ask(self, *args)
            sent.set()
            await asyncio.sleep(0.05)
            return answers

        monkeypatch.setattr(HandlerLimits, "ask", slowly)
        attempt = asyncio.create_task(one.permits.ask(one.lease(), ONE))
        await sent.wait()
        given = one.in_use()
        attempt.cancel()
        await asyncio.wait({attempt})
        await eventually(lambda: not one.in_use(), "it is given back")

        assert len(given) == 1
        (await one.permits.ask(one.lease("2-1"), ONE)).end()
        await one.permits.given_back()


async def test_a_permit_that_is_kept_behind_its_giving_back_is_given_back_once_more(valkey: Server) -> None:
    """The renewing thread knew it a moment ago: what it brings to life again does not stay for a lease."""
    async with asker(valkey) as one:
        renewer = LeaseRenewer(one.group, [], one.permits, one.settings, WorkerTelemetry("mine"))
        renewer._worker_loop = asyncio.get_running_loop()
        permit = await one.permits.ask(one.lease(), ONE)
        permit.end()
        await one.permits.given_back()

        await renewer._keep_handler_permits(one.group, [permit])

        await eventually(lambda: not one.in_use(), "it is given back once more")


async def test_what_the_store_may_have_given_is_given_back(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is lost: nobody knows, so the event waits, and the permit is there for it when it comes again."""
    async with asker(valkey) as one:
        ask, lost = HandlerLimits.ask, list[int]()

        async def losing(self: HandlerLimits, *args: Any) -> Any:
            answers = await ask(self, *args)
            if not lost:
                lost.append(1)
                raise StoreUnavailable("the answer is lost")
            return answers

        monkeypatch.setattr(HandlerLimits, "ask", losing)
        with pytest.raises(HeldUp, match="store"):
            await one.permits.ask(one.lease(), ONE)
        await one.permits.given_back()

        assert one.in_use() == []
        (await one.permits.ask(one.lease(), ONE)).end()
        await one.permits.given_back()
