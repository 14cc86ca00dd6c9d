"""Cursors of backfills: moved on by the holder of a lease alone, together with what was counted."""

import asyncio

import pytest

from salesloft_webhooks.broker import backfill_jobs, open_store
from salesloft_webhooks.broker.backfill_jobs import BackfillJob, forget, jobs
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server


def two(store: Store) -> tuple[BackfillJob, BackfillJob]:
    """Two processes that want to do one job."""
    return BackfillJob(store, "role", "one"), BackfillJob(store, "role", "other")


async def test_one_process_holds_a_job(server: Server) -> None:
    """The other one waits until it is given back."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, other = two(store)

        assert await one.hold()
        assert await one.hold()
        assert not await other.hold()
        await other.release()  # not its own: nothing happens
        assert not await other.hold()
        await one.release()
        assert await other.hold()


async def test_a_lease_ends_by_itself(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who died holds up nobody for longer than the lease; who comes back late moves nothing on."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, other = two(store)
        with monkeypatch.context() as brief:
            brief.setattr(backfill_jobs, "LEASE_SECONDS", 0.05)
            await one.hold()
        await asyncio.sleep(0.06)

        assert await other.hold()
        assert await one.commit("people", {"cursor": "late"}, {"missed": 1}) is None

        assert (await other.read()).keys() == {""}


async def test_cursor_and_counts_are_one_step(server: Server) -> None:
    """Counts add up, fields are replaced, and the time is the store's."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, _ = two(store)
        await one.hold()

        first = await one.commit("people", {"cursor": "a"}, {"missed": 2, "arrived": 1})
        second = await one.commit("people", {"cursor": "b"}, {"missed": 3})

        found = (await one.read())["people"]
        assert first is not None
        assert second is not None
        assert first <= second
        assert found == {
            "cursor": "b",
            "missed": "5",
            "arrived": "1",
            "at": str(round(second.timestamp() * 1000)),
            "kept_since": str(round(first.timestamp() * 1000)),
        }


async def test_a_lapsed_lease_that_nobody_took_is_gone(server: Server) -> None:
    """Nothing is moved on without holding: a commit takes no lease."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, _ = two(store)

        assert await one.commit("people", {"cursor": "a"}, {}) is None


async def test_jobs_are_apart(server: Server) -> None:
    """Each has its own lease and cursors, and is forgotten alone; of one resource a mark stays, that it begins anew."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        role, run = BackfillJob(store, "role", "one"), BackfillJob(store, "run-1", "one")
        for job in (role, run):
            assert await job.hold()
            await job.commit("people", {"cursor": "a"}, {})
            await job.commit("calls", {"cursor": "a"}, {})

        await forget(store, "run-1")
        assert await forget(store, "role", "people") == 1
        assert await forget(store, "role", "people") == 0

        found = await jobs(store)
        assert found.keys() == {"role"}
        assert found["role"]["people"].keys() == {"cursor", "kept_since"}
        assert found["role"]["people"]["cursor"] == ""
        assert found["role"]["calls"]["cursor"] == "a"
