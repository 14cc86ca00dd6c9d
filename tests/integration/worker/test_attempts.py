"""Failures and lost leases, counted apart by a worker; the earlier attempts are another process's, which has died."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Settlement, open_store
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline

LEASE_SECONDS = 0.05


async def earlier(server: Server, *, failures: int, lost: int) -> None:
    """A process that is no more took the only event so often: first it failed, then its leases were lost."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        group = Group(store, GroupOptions("mine", lease_seconds=LEASE_SECONDS), "gone")
        for number in range(failures):
            (lease,) = (await group.take(0, 1)).leases
            settlement = Settlement(lease, Outcome.RETRY, error=f"ValueError: failure {number + 1}")
            await group.settle(0, [settlement])
        for _ in range(lost):
            assert len((await group.take(0, 1)).leases) == 1
            await asyncio.sleep(LEASE_SECONDS + 0.02)


async def outcome_of(server: Server, handle: Any, *, failures: int, lost: int, **options: Any) -> dict[str, str]:
    """What becomes of the event in a worker that begins after all that: its dead letter, or nothing when it is done."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        await Group(store, GroupOptions("mine"), "gone").register()
    async with pipeline(server, handle, **options) as publishing:
        publishing.stop.set()
        await publishing.task
        await publishing.publish("e1")
    await earlier(server, failures=failures, lost=lost)
    async with pipeline(server, handle, **options) as running:
        await running.finished(1)
        letters = running.dead()
        assert running.outcome("e1") == ("dead" if letters else "done")
        return letters[0] if letters else {}


async def test_a_handler_with_more_attempts_than_its_group_gets_them(valkey: Server) -> None:
    """`@on(max_attempts=20)` in a group that allows 8: lost in attempt 9, the event is handled in attempt 10."""
    attempts: list[int] = []

    async def handle(event: Event) -> None:
        attempts.append(event.attempt)

    letter = await outcome_of(valkey, handle, failures=8, lost=1, policy={"max_attempts": 20})

    assert (letter, attempts) == ({}, [10])


@pytest.mark.parametrize("options", [{"policy": {"max_attempts": 3}}, {"max_attempts": 3}], ids=["policy", "setting"])
async def test_a_lost_lease_is_no_failure(valkey: Server, options: dict[str, Any]) -> None:
    """Two failures and a lost lease leave the third attempt to run, and the dead letter says how that failed."""

    async def handle(event: Event) -> None:
        raise LookupError("the real error")

    letter = await outcome_of(valkey, handle, failures=2, lost=1, **options)

    assert letter["reason"] == "exhausted"
    assert letter["error"].startswith("LookupError: the real error (tests/integration/worker/test_attempts.py:")


async def test_lowering_the_limit_keeps_the_last_real_error(valkey: Server) -> None:
    """An event that has failed more often than is allowed now is dead without one more attempt, with its last error."""

    async def handle(event: Event) -> None:
        raise AssertionError("it must not run")

    letter = await outcome_of(valkey, handle, failures=5, lost=0, max_attempts=3)

    assert (letter["reason"], letter["error"]) == ("exhausted", "ValueError: failure 5")
