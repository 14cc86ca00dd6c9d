"""What people do with follow-ups whose person is in another partition by now, whoever moves them at that moment."""

from typing import Any

import pytest

from salesloft_webhooks.broker import FollowUps, Outcome, decide_partitions
from salesloft_webhooks.broker.administration.follow_up_acts import cancel_follow_ups, find_follow_up
from salesloft_webhooks.broker.administration.follow_up_filter import RunNow
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.follow_ups import id_of
from tests.integration.broker.administration.follow_up_driver import cancelled, run
from tests.integration.broker.follow_up_steps import MOVED, ask, running, waiting
from tests.support.broker_bench import open_bench, settle, take
from tests.support.broker_driver import TTL
from tests.support.servers import Server


@pytest.fixture
async def raised(server: Server) -> Any:
    """A follow-up asked for before the raise, in her first partition; then a process that knows of the raise."""
    async with open_bench(server) as before:
        group, lease = await running(before)
        await settle(group, lease, Outcome.DONE)
        await decide_partitions(before.store, 1)
        await before.publish("e9", key=MOVED)
        (hers,) = await take(group)
        await ask(before, group, hers, 3_600)
        async with open_bench(server, partitions=2) as after:
            await decide_partitions(after.store, 2)
            yield before, after, await after.group(lease_seconds=60, consumer="two")


HERS = id_of("crm", "e9", "k")


async def test_run_now_after_a_raise_is_moved_first(raised: Any) -> None:
    """It waits where she was: it is due there, moves to where she is, and begins in her lane."""
    _, after, group = raised
    follow_ups = FollowUps(after.store, group.options)

    assert await run(after, HERS) is RunNow.DUE

    assert (await follow_ups.begin(0)).next_seconds == {1: 0.0}
    assert len((await follow_ups.begin(1)).late_seconds) == 1
    assert [lease.event.event_id for lease in (await group.take(1, 9)).leases] == [HERS]


async def test_cancelled_after_a_raise_it_never_comes_back(raised: Any) -> None:
    """A mover that had read it before brings nothing to where she is."""
    _, after, group = raised
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]

    assert await cancelled(after, HERS) == ["cancelled"]
    await follow_ups._move(row, 0, 1)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [])


async def test_cancelled_in_the_middle_of_its_move_it_is_cancelled(raised: Any) -> None:
    """It was found in the old place and is in the new one by now: it ends there, and is said to be cancelled."""
    _, after, group = raised
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    found = await find_follow_up(after.store, HERS)
    assert found is not None
    await follow_ups._move(row, 0, 1)

    done = cancel_follow_ups(after.store, each([found]), idempotency_ttl_seconds=TTL)

    assert [outcome async for _, outcome in done] == ["cancelled"]
    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [])


async def test_moved_it_is_found_where_it_waits(raised: Any) -> None:
    """Its old place knows it as moved; what is shown is where it waits."""
    _, after, group = raised
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    await follow_ups._move(row, 0, 1)

    found = await find_follow_up(after.store, HERS)

    assert found is not None
    assert (found.state, found.partition) == ("waiting", 1)


async def test_who_does_not_know_of_the_raise_changes_nothing(raised: Any) -> None:
    """A process that works with the earlier number would not look where others may have moved it."""
    before, after, _ = raised
    before.store.partitions, before.store.earlier = 1, ()

    with pytest.raises(StoreUnavailable):
        await cancelled(before, HERS)
    with pytest.raises(StoreUnavailable):
        await run(before, HERS)

    assert waiting(after.redis, 0) == [HERS]
