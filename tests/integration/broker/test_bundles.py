"""Bundles: events that go into one message together, each into one only, whoever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesloft_webhooks.broker.bundles import EVENTS_AT_MOST, Bundles, Joined, Standing
from salesloft_webhooks.broker.connection.store import Store, open_store
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server

LATER = 4_000_000_000_000
"""A time that does not come, server ms."""
PAST = 1


@pytest.fixture
async def store(server: Server) -> AsyncIterator[Store]:
    """An open store of two partitions on an empty server."""
    async with open_store(Settings.load(redis_url=server.url, partitions=2)) as store:
        yield store


async def open_hash(store: Store) -> str:
    """The key of the one recipient's open bundles."""
    return await _named(store, "rep")


async def test_the_first_message_goes_at_once_and_the_next_when_the_gap_is_over(store: Store) -> None:
    """What comes meanwhile waits for its end, and goes out together in the order of its coming."""
    bundles = Bundles(store, "notify")

    first = await bundles.join("rep", "a", gap_seconds=60)
    waits = [await bundles.join("rep", each, gap_seconds=60) for each in ("b", "c")]
    other = await bundles.join("another rep", "x", gap_seconds=60)
    await bundles.close("rep", first.bundle)
    await store.client.hset(await _named(store, "rep"), "at", 1)  # as if the minute had passed
    second = await bundles.join("rep", "c", gap_seconds=60)

    assert (first.standing, first.event_ids) == (Standing.LEAD, ("a",))
    assert [each.standing for each in waits] == [Standing.WAIT] * 2
    assert all(0 < each.wait_seconds <= 60 for each in waits)
    assert other.standing is Standing.LEAD
    assert (second.standing, second.event_ids) == (Standing.LEAD, ("b", "c"))
    assert (await bundles.join("rep", "a", gap_seconds=60)).standing is Standing.REPORTED


async def _named(store: Store, name: str) -> str:
    found: list[bytes] = [key async for key in store.client.scan_iter(f"*:bundle:{name}:open")]
    (key,) = found
    return key.decode()


async def test_of_events_whose_time_comes_at_the_same_instant_one_leads(store: Store) -> None:
    """Twelve workers, one message with all twelve events; the others are told when it is closed."""
    bundles, names = Bundles(store, "notify"), [f"event{number:02}" for number in range(12)]
    for each in names:
        assert (await bundles.join("rep", each, due_ms=LATER)).standing is Standing.WAIT

    answers = await asyncio.gather(*(bundles.join("rep", each, due_ms=PAST) for each in names))
    (leading,) = [each for each in answers if each.standing is Standing.LEAD]
    await bundles.close("rep", leading.bundle)

    assert leading.event_ids == tuple(names)
    assert [each.standing for each in answers].count(Standing.WAIT) == 11
    assert {(await bundles.join("rep", each, due_ms=PAST)).standing for each in names} == {Standing.REPORTED}


async def test_a_leader_that_comes_back_leads_the_same_bundle(store: Store) -> None:
    """Its worker died: name and events are as before, so what was sent is known. What came later is in the next one."""
    bundles = Bundles(store, "notify")
    await bundles.join("rep", "b", due_ms=LATER)
    first = await bundles.join("rep", "a", due_ms=PAST)
    await bundles.join("rep", "c", due_ms=LATER)

    again = await bundles.join("rep", "a", due_ms=PAST)

    assert again == first
    assert again.event_ids == ("b", "a")


async def test_a_bundle_whose_leader_stays_away_is_led_by_another(store: Store) -> None:
    """After a while, and under its old name; the first leader then waits like all others."""
    bundles = Bundles(store, "notify")
    await bundles.join("rep", "b", due_ms=LATER)
    first = await bundles.join("rep", "a", due_ms=PAST)
    waiting = await bundles.join("rep", "b", due_ms=PAST)

    await store.client.hset(await open_hash(store), f"since:{first.bundle}", 1)  # as if it were long ago
    taken_over = await bundles.join("rep", "b", due_ms=PAST)

    assert waiting.standing is Standing.WAIT
    assert 0 < waiting.wait_seconds <= 5, "it asks again soon: mostly the message has gone out by then"
    assert (taken_over.standing, taken_over.bundle) == (Standing.LEAD, first.bundle)
    assert (await bundles.join("rep", "a", due_ms=PAST)).standing is Standing.WAIT


async def test_a_bundle_is_bounded_and_has_its_leader_in_it(store: Store) -> None:
    """Of many that wait the oldest go first; the one that asked goes with them even if it came last."""
    bundles = Bundles(store, "notify")
    names = [f"event{number:03}" for number in range(EVENTS_AT_MOST + 20)]
    for each in names:
        await bundles.join("rep", each, due_ms=LATER)

    leading = await bundles.join("rep", names[-1], due_ms=PAST)

    assert leading.event_ids == (*names[: EVENTS_AT_MOST - 1], names[-1])


async def test_while_a_message_is_under_way_no_other_is_begun(store: Store) -> None:
    """To the same recipient: so a death leaves one in doubt. It does not hold up the next one for ever."""
    bundles = Bundles(store, "notify")
    first = await bundles.join("rep", "a", due_ms=PAST)

    waiting = await bundles.join("rep", "b", due_ms=PAST)
    other = await bundles.join("another rep", "b", due_ms=PAST)
    await store.client.hset(await open_hash(store), f"since:{first.bundle}", 1)  # as if its leader never came back
    second = await bundles.join("rep", "b", due_ms=PAST)

    assert (waiting.standing, waiting.bundle) == (Standing.WAIT, "")
    assert other.standing is Standing.LEAD
    assert (second.standing, second.event_ids) == (Standing.LEAD, ("b",))


async def test_closing_again_changes_nothing(store: Store) -> None:
    """A worker that died after it had closed closes once more; a later bundle stays open."""
    bundles = Bundles(store, "notify")
    first = await bundles.join("rep", "a", due_ms=PAST)
    await bundles.close("rep", first.bundle)
    second = await bundles.join("rep", "b", due_ms=PAST)

    await bundles.close("rep", first.bundle)

    assert (await bundles.join("rep", "b", due_ms=PAST)) == second
    assert (await bundles.join("rep", "a", due_ms=PAST)).standing is Standing.REPORTED


async def test_every_key_has_an_end_and_an_event_is_small(store: Store) -> None:
    """Nothing is kept that nobody needs any more: of a closed bundle only who was told, in under 140 bytes."""
    bundles, many = Bundles(store, "notify"), 300
    for number in range(many):
        leading = await bundles.join("rep", f"email.replied/{812345678 + number}/1", due_ms=PAST)
        await bundles.close("rep", leading.bundle)

    keys = [key async for key in store.client.scan_iter("*")]

    assert len(keys) == 2
    assert all([await store.client.pttl(key) > 0 for key in keys])
    assert await store.client.hkeys(await open_hash(store)) == [b"at"]
    sizes = [await store.client.memory_usage(key, samples=0) or 0 for key in keys]
    assert sum(sizes) / many < 140


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 7), st.booleans()),
        st.tuples(st.just("send"), st.integers(0, 7), st.booleans()),
        st.tuples(st.just("close"), st.integers(0, 7), st.booleans()),
        st.tuples(st.just("away"), st.integers(0, 7), st.booleans()),
    ),
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_no_event_is_in_two_messages_and_none_is_forgotten(valkey: Server, steps: list[tuple[str, int, bool]]) -> None:
    """Eight events asked for, led, sent, closed or left lying in any order: each ends up in one message."""
    with valkey.client() as client:
        client.flushall()

    asyncio.run(_any_order(valkey, steps))


class Team:
    """Workers that ask, send and close for eight events, and remember what was sent."""

    def __init__(self, store: Store) -> None:
        self.sent: dict[str, tuple[str, ...]] = {}
        self._store, self._bundles = store, Bundles(store, "notify")
        self._led: dict[int, Joined] = {}

    async def ask(self, event: int, *, due: bool) -> Joined:
        """One attempt at an event, up to the answer."""
        joined = await self._bundles.join("rep", f"event{event}", due_ms=PAST if due else LATER)
        if joined.standing is Standing.LEAD:
            assert f"event{event}" in joined.event_ids
            assert self.sent.get(joined.bundle, joined.event_ids) == joined.event_ids, "a bundle keeps its events"
            self._led[event] = joined
        return joined

    async def send(self, event: int, *, close: bool) -> None:
        """What an attempt does that leads, now or long after it has asked."""
        if (mine := self._led.get(event)) is not None:
            self.sent[mine.bundle] = mine.event_ids
            if close:
                await self._bundles.close("rep", mine.bundle)

    async def let_patience_end(self) -> None:
        """As if every bundle had been open for long."""
        async for key in self._store.client.scan_iter("*:open"):
            names: list[Any] = list(await self._store.client.hkeys(key))
            for name in names:
                if name.startswith(b"since:"):
                    await self._store.client.hset(key, name, 1)


async def _any_order(valkey: Server, steps: list[tuple[str, int, bool]]) -> None:
    async with open_store(Settings.load(redis_url=valkey.url, partitions=1)) as store:
        team = Team(store)
        for what, event, due in steps:
            if what == "ask":
                await team.ask(event, due=due)
            elif what == "away":
                await team.let_patience_end()
            else:
                await team.send(event, close=what == "close")
        for event in 8 * tuple(range(8)):
            if (await team.ask(event, due=True)).standing is Standing.LEAD:
                await team.send(event, close=True)
            await team.let_patience_end()

        assert sorted(each for ids in team.sent.values() for each in ids) == [f"event{number}" for number in range(8)]
        assert {(await team.ask(event, due=True)).standing for event in range(8)} == {Standing.REPORTED}
