"""Permits that come back while something else is under way: asked for in vain, cancelled, or kept at the same time."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.broker import HandlerLimits, Want
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.worker.handler_permits import HeldUp
from tests.integration.worker.permit_asker import ONE, asker
from tests.support.servers import Server
from tests.support.waiting import eventually


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
        await one.begins("2-1")


async def test_a_permit_that_is_kept_behind_its_giving_back_is_given_back_once_more(valkey: Server) -> None:
    """The renewing thread knew it a moment ago: what it brings to life again does not stay for a lease."""
    async with asker(valkey) as one:
        permit = await one.permits.ask(one.lease(), ONE)
        permit.end()
        await one.permits.given_back()

        await one.renewer()._keep_handler_permits(one.group, [permit])

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
        await one.begins("1-1")


async def test_so_is_one_that_was_kept_without_an_answer(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store may have kept it behind its giving back: nobody waits a lease for that."""
    async with asker(valkey) as one:
        keep = HandlerLimits.keep

        async def losing(self: HandlerLimits, *args: Any) -> Any:
            await keep(self, *args)
            raise StoreUnavailable("the answer is lost")

        monkeypatch.setattr(HandlerLimits, "keep", losing)
        permit = await one.permits.ask(one.lease(), ONE)
        permit.end()
        await one.permits.given_back()

        await one.renewer()._keep_handler_permits(one.group, [permit])

        await eventually(lambda: not one.in_use(), "it is given back once more")


async def test_a_permit_that_was_not_used_leaves_the_rate_as_it_was(valkey: Server) -> None:
    """An attempt that came too late to begin has taken nothing; the next one that begins does."""
    async with asker(valkey) as one:
        (await one.permits.ask(one.lease(), ONE)).end()
        await one.begins("2-1")

        with pytest.raises(HeldUp, match="rate"):
            await one.permits.ask(one.lease("3-1"), ONE)
        await one.permits.given_back()


async def test_a_share_of_the_rate_comes_back_once(valkey: Server) -> None:
    """Not used, given back, kept behind that and given back once more: one event may begin for it, and not two."""
    two = [Want("sync", "- 2/3600000/2", "k")]
    async with asker(valkey) as one:
        used, permit = [await one.permits.ask(one.lease(entry), two) for entry in ("1-1", "2-1")]
        used.begins()
        permit.end()
        await one.permits.given_back()
        await one.renewer()._keep_handler_permits(one.group, [permit])
        await asyncio.sleep(0)
        await one.permits.given_back()
        used.end()

        await one.begins("3-1", two)
        with pytest.raises(HeldUp, match="rate"):
            await one.permits.ask(one.lease("4-1"), two)
        await one.permits.given_back()
