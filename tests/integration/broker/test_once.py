"""Permits: the right to do something once, and not too often a minute."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from salesloft_webhooks.broker.connection.store import Store, open_store
from salesloft_webhooks.broker.once import Grant, OncePermits, Permit
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server


@pytest.fixture
async def store(server: Server) -> AsyncIterator[Store]:
    """An open store of two partitions on an empty server."""
    async with open_store(Settings.load(redis_url=server.url, partitions=2)) as store:
        yield store


async def _minute_has_just_begun(store: Store) -> None:
    """Wait out the end of the server's minute, which a test about one minute must not straddle."""
    seconds = int((await store.client.time())[0]) % 60
    if seconds > 50:
        await asyncio.sleep(60 - seconds)


async def test_a_deed_is_granted_once(store: Store) -> None:
    """Until it is confirmed a second request learns that it may have been done, afterwards that it was."""
    permits = OncePermits(store, "notify", per_minute=100)

    assert await permits.ask("event/channel", "rep") == Permit(Grant.GRANTED)
    assert await permits.ask("event/channel", "rep") == Permit(Grant.UNCONFIRMED)
    await permits.confirm("event/channel", "rep")
    assert await permits.ask("event/channel", "rep") == Permit(Grant.DONE)
    assert await permits.ask("event/other", "rep") == Permit(Grant.GRANTED)


async def test_of_requests_at_the_same_instant_one_is_granted(store: Store) -> None:
    """Twenty workers, one grant."""
    permits = OncePermits(store, "notify", per_minute=100)

    answers = await asyncio.gather(*(permits.ask("event/channel", "rep") for _ in range(20)))

    assert sum(answer.grant is Grant.GRANTED for answer in answers) == 1


async def test_a_released_permit_is_granted_again(store: Store) -> None:
    """What was certainly not done may be tried again."""
    permits = OncePermits(store, "notify", per_minute=100)
    await permits.ask("event/channel", "rep")

    await permits.release("event/channel", "rep")

    assert await permits.ask("event/channel", "rep") == Permit(Grant.GRANTED)


async def test_over_the_limit_places_are_reserved_minute_by_minute(store: Store) -> None:
    """With two a minute, the third and fourth wait for the next minute, the fifth for the one after; others do not."""
    await _minute_has_just_begun(store)
    permits = OncePermits(store, "notify", per_minute=2)

    answers = [await permits.ask(f"event{number}", "rep") for number in range(5)]
    again = await permits.ask("event4", "rep")
    other = await permits.ask("event9", "another rep")

    assert [answer.grant for answer in answers] == [Grant.GRANTED] * 2 + [Grant.WAIT] * 3
    waits = [answer.wait_seconds for answer in answers[2:]]
    assert 0 < waits[0] <= 60
    assert waits[1] == pytest.approx(waits[0], abs=1)
    assert waits[2] == pytest.approx(waits[0] + 60, abs=1)
    assert again.wait_seconds == pytest.approx(waits[2], abs=1), "asking again takes no further place"
    assert other.grant is Grant.GRANTED


async def test_a_reserved_place_is_granted_when_its_time_has_come(store: Store) -> None:
    """Whoever waited is not sent to the end of the queue."""
    await _minute_has_just_begun(store)
    permits = OncePermits(store, "notify", per_minute=1)
    await permits.ask("first", "rep")
    assert (await permits.ask("second", "rep")).grant is Grant.WAIT
    (key,) = [key async for key in store.client.scan_iter("*:claim:second")]

    await store.client.hset(key, "at", 1)  # as if the minute had passed

    assert await permits.ask("second", "rep") == Permit(Grant.GRANTED)


async def test_every_key_has_an_end(store: Store) -> None:
    """Nothing is kept that nobody needs any more."""
    permits = OncePermits(store, "notify", per_minute=1)
    for number in range(3):
        await permits.ask(f"event{number}", "rep")
    await permits.confirm("event0", "rep")

    ends = [await store.client.pttl(key) async for key in store.client.scan_iter("*")]

    assert len(ends) == 4
    assert all(end > 0 for end in ends)
