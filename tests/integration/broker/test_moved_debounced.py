"""Debounced events of a person whose partition has changed: the newer one is that of the newer partition."""

from collections.abc import AsyncIterator

import pytest

from salesloft_webhooks.broker import FollowUps, Group, Lease, decide_partitions
from tests.integration.broker.debouncing_steps import put_off, settled
from tests.integration.broker.follow_up_steps import leased, waiting
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server

Moved = tuple[Bench, Group, Lease, Lease]


@pytest.fixture
async def moved(server: Server) -> AsyncIterator[Moved]:
    """A worker that runs two events of hers: the older one in her first partition, the newer one in her second."""
    async with open_bench(server) as before:
        await decide_partitions(before.store, 1)
        older = await leased(before, await before.group(lease_seconds=60), "e1", 0)
        async with open_bench(server, partitions=2) as after:
            await decide_partitions(after.store, 2)
            group = await after.group(lease_seconds=60)
            yield after, group, older, await leased(after, group, "e2", 1)


async def test_the_newer_one_replaces_what_waits_where_she_was(moved: Moved) -> None:
    """In the old partition nothing waits any more."""
    bench, group, older, newer = moved
    await settled(group, bench, older)

    act = await settled(group, bench, newer)

    assert (waiting(bench.redis, 0), waiting(bench.redis, 1)) == ([], [act.follow_up])


async def test_the_older_one_ends_late_and_yields(moved: Moved) -> None:
    """It waits in the old partition until it is due and moved; what waits in the new one stays, and is what begins."""
    bench, group, older, newer = moved
    act = await settled(group, bench, newer)
    late = await settled(group, bench, older, put_off(0))
    before = waiting(bench.redis, 0)

    begun = await FollowUps(bench.store, group.options).begin(0)

    assert before == [late.follow_up]
    assert (begun.late_seconds, begun.problem) == ((), "")
    assert (waiting(bench.redis, 0), waiting(bench.redis, 1)) == ([], [act.follow_up])


async def test_the_older_one_yields_to_what_has_begun(moved: Moved) -> None:
    """The newer one has been handled: the older one is moved there, and never begins."""
    bench, group, older, newer = moved
    follow_ups = FollowUps(bench.store, group.options)
    await settled(group, bench, newer, put_off(0))
    begun = await follow_ups.begin(1)

    await settled(group, bench, older, put_off(0))
    await follow_ups.begin(0)

    assert len(begun.late_seconds) == 1
    assert (await follow_ups.begin(1)).late_seconds == ()
    assert (waiting(bench.redis, 0), waiting(bench.redis, 1)) == ([], [])
