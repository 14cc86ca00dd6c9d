"""Permits that are lost, or of which nothing is heard: what begins with them, and who waits for how long."""

import asyncio
import time
from typing import Any

import pytest

from salesloft_webhooks.broker import HandlerLimits, Want
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.worker import handler_permits, lease_renewal
from salesloft_webhooks.worker.handler_permits import HeldUp
from tests.integration.worker.permit_asker import KEY, ONE, asker
from tests.support.servers import Server


async def test_a_permit_that_was_lost_begins_nothing_though_it_is_kept_again(valkey: Server) -> None:
    """The first keeping finds it gone and brings it back: the second one finds it, and others may run with it."""
    async with asker(valkey) as one:
        permit = await one.permits.ask(one.lease(), ONE)
        begins = list[bool]()
        one.redis.delete(KEY)
        for _ in range(2):
            await one.renewer()._keep_permits(one.group)
            begins.append(permit.begins())
        permit.end()
        await one.permits.given_back()

        assert begins == [False, False]
        assert not permit.used


async def test_a_permit_of_which_nothing_was_heard_for_a_lease_begins_nothing(valkey: Server) -> None:
    """The answer that it was lost may itself be lost; up to a lease nobody else can have been given it."""
    async with asker(valkey) as one:
        permit = await one.permits.ask(one.lease(), ONE)
        begins = []
        for later in (0.9, 1.8, 2.9):
            permit.kept(time.monotonic() + later * one.permits.lease_seconds, still_ours=True)
            begins.append(permit.begins())
        permit.end()
        await one.permits.given_back()

        assert begins == [True, True, False]


async def test_a_round_of_renewals_ends_with_its_first_call_that_fails(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs costs one time-out, however many permits it has: leases are renewed in time."""
    async with asker(valkey) as one:
        calls = list[int]()

        async def away(_: HandlerLimits, asks: Any) -> Any:
            calls.append(len(asks))
            raise StoreUnavailable("it hangs")

        monkeypatch.setattr(HandlerLimits, "keep", away)
        monkeypatch.setattr(lease_renewal, "MOST_AT_ONCE", 1)
        several = [await one.permits.ask(one.lease(f"{n}-1"), [Want("sync", "- -", "k")]) for n in (1, 2, 3)]

        await one.renewer()._keep_permits(one.group)

        for permit in several:
            permit.end()
        await one.permits.given_back()
        assert calls == [1]


async def test_while_the_store_hangs_nobody_waits_for_it_in_a_row(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has asked in vain, nobody has been answered since: who asks is refused at once; later all goes on."""
    monkeypatch.setattr(handler_permits, "ANSWERS_SECONDS", 60.0)
    async with asker(valkey) as one:
        under_way, fails = asyncio.Event(), asyncio.Event()

        async def hanging(*_: Any) -> Any:
            under_way.set()
            await fails.wait()
            fails.clear()
            raise StoreUnavailable("it hangs")

        with monkeypatch.context() as patch:
            patch.setattr(HandlerLimits, "ask", hanging)
            first = asyncio.create_task(one.permits.ask(one.lease("1-1"), ONE))
            await under_way.wait()
            fails.set()
            await asyncio.wait({first})
            with pytest.raises(HeldUp, match="store"):
                await asyncio.wait_for(one.permits.ask(one.lease("2-1"), ONE), 5)
        fails.set()
        await one.permits.given_back()

        assert isinstance(first.exception(), HeldUp)
        await one.begins("3-1")


async def test_a_slot_is_not_spent_on_a_call_that_takes_long(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has asked does not wait for its end, and then one at a time asks; what is given all the same comes back."""
    monkeypatch.setattr(handler_permits, "ANSWERS_SECONDS", 1.0)
    async with asker(valkey) as one:
        ask, goes_on = HandlerLimits.ask, asyncio.Event()

        async def slowly(self: HandlerLimits, *args: Any) -> Any:
            answers = await ask(self, *args)
            await goes_on.wait()
            return answers

        monkeypatch.setattr(HandlerLimits, "ask", slowly)
        with pytest.raises(HeldUp, match="store"):
            await asyncio.wait_for(one.permits.ask(one.lease("1-1"), ONE), 30)
        tries = asyncio.create_task(one.permits.ask(one.lease("2-1"), ONE))
        await asyncio.sleep(0)
        with pytest.raises(HeldUp, match="store"):
            await asyncio.wait_for(one.permits.ask(one.lease("3-1"), ONE), 0.5)
        with pytest.raises(HeldUp, match="store"):
            await tries
        given = one.in_use()
        goes_on.set()
        await one.permits.given_back()

        assert len(given) == 1
        assert one.in_use() == []
        await one.begins("3-1")


async def test_a_handler_that_blocks_the_loop_keeps_nobody_from_an_answer(valkey: Server, monkeypatch: Any) -> None:
    """The store has answered in time: it was the loop that did not look, for longer than anybody waits."""
    monkeypatch.setattr(handler_permits, "ANSWERS_SECONDS", 0.8)
    async with asker(valkey) as one:
        asking = asyncio.create_task(one.permits.ask(one.lease(), ONE))
        await asyncio.sleep(0)
        time.sleep(1.0)  # noqa: ASYNC251 - that is what it does

        (await asking).end()
        await one.permits.given_back()
