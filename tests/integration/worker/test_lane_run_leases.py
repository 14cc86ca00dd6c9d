"""Under whose lease a run in a lane goes on, and what becomes of it when that is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Group, Lease, Outcome, Settlement, Store, open_store
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Ordering
from salesloft_webhooks.worker.attempt import Attempt, Interruption
from salesloft_webhooks.worker.lease_renewal import LeaseRenewer
from tests.support.lanes import ENTITY, IDS, fill, let_runs_last
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline


class Absence:
    """A worker that does not reach the store for a while, and whose thread of renewals hangs for longer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cut_off: Store | None = None
        self._hangs = False
        run, renew = Store.run, LeaseRenewer._renew

        async def run_unless_away(store: Store, *args: Any, **options: Any) -> Any:
            if store is self._cut_off:
                raise StoreUnavailable("away")
            return await run(store, *args, **options)

        async def renew_unless_it_hangs(renewer: LeaseRenewer, *args: Any) -> None:
            if not self._hangs:
                await renew(renewer, *args)

        monkeypatch.setattr(Store, "run", run_unless_away)
        monkeypatch.setattr(LeaseRenewer, "_renew", renew_unless_it_hangs)

    @asynccontextmanager
    async def of(self, running: Pipeline) -> AsyncIterator[None]:
        """Be away; nothing is renewed after that either."""
        self._cut_off, self._hangs = running.worker._store, True
        yield
        self._cut_off = None

    def renewals_go_on(self) -> None:
        """The thread is itself again."""
        self._hangs = False


async def _taken_when_lapsed(group: Group) -> Lease:
    for _ in range(200):
        if leases := (await group.take(0, 1)).leases:
            return leases[0]
        await asyncio.sleep(0.02)  # and not longer: silence for half a lease would leave lapsed leases to their owners
    raise AssertionError("no lease has lapsed")


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may last."""
    let_runs_last(monkeypatch)


@pytest.mark.usefixtures("unhurried")
async def test_a_run_ends_with_the_lease_of_its_head(valkey: Server) -> None:
    """When the head's lease is lost, what runs under it is cancelled and left to others; what was done stays done."""
    runs, proceed, begun = list[tuple[str, int]](), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))
        if event.event_id == "e003" and not begun.is_set():
            begun.set()
            await asyncio.sleep(60)

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:6])
        await begun.wait()
        loop = running.worker._loops[0]
        held = [each for each in loop.held() if isinstance(each, Attempt)]
        (head,) = held
        loop.lose(head, head.lease)
        await running.finished(6)

    assert head.lease.event.event_id != "e003"
    assert [event_id for event_id, _ in runs] == [*IDS[:4], *IDS[3:6]]


@pytest.mark.usefixtures("unhurried")
async def test_the_lease_of_a_head_is_renewed_until_its_run_ends(valkey: Server) -> None:
    """A handler that turns out slow within a run outlives several leases: nothing is given out twice."""
    runs, proceed = list[tuple[str, int]](), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))
        if event.event_id == "e003":
            await asyncio.sleep(1.0)

    async with pipeline(valkey, handle, worker_ordering=Ordering.ENTITY, lease_seconds=0.3) as running:
        await fill(running, proceed, IDS[:6])
        await running.finished(6)

    assert runs == [(event_id, 1) for event_id in IDS[:6]]


@pytest.mark.usefixtures("unhurried")
async def test_an_entry_given_to_us_again_within_a_run_goes_on_by_that(valkey: Server) -> None:
    """The store leases what runs behind a lost head to the same worker: it goes on, under that lease, and runs once."""
    runs, proceed, begun, end = list[tuple[str, int]](), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append((event.event_id, event.attempt))
        if event.event_id == "e003":
            begun.set()
            await end.wait()

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:4])
        await begun.wait()
        attempt = running.worker._loops[0].attempts[_id_of(running, "e003")]
        head = attempt.head
        attempt.continue_under(attempt.lease, attempt.renewed)
        assert head is not None
        head.interrupt(Interruption.LEASE_LOST)
        end.set()
        await running.finished(4)

    assert (attempt.head, head.follower) == (None, None)
    assert runs == [(event_id, 1) for event_id in IDS[:4]]


@pytest.mark.usefixtures("unhurried")
async def test_what_runs_last_ends_with_the_head_when_an_earlier_one_is_given_to_us_again(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We are away for a lease, others finish our head, and the next of our run is given to us: the last one still ends.

    Else nothing would end it: neither the loss of the head nor the end of the grace period.
    """
    away = Absence(monkeypatch)
    runs, proceed, begun, ended = list[str](), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        runs.append(event.event_id)
        if event.event_id == IDS[7] and not begun.is_set():
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

    async with pipeline(valkey, handle, worker_ordering=Ordering.ENTITY, lease_seconds=0.5) as running:
        await fill(running, proceed, IDS[:8])
        await begun.wait()
        head, middle, *_, last = running.worker._loops[0].attempts.values()
        async with away.of(running), open_store(running.worker._settings) as store:
            other = Group(store, running.worker._options, "other")
            taken = await _taken_when_lapsed(other)
            await other.settle(0, [Settlement(taken, Outcome.DONE)])
        await eventually(lambda: middle.head is None, "the middle of the run is given to us again")
        away.renewals_go_on()
        await asyncio.wait_for(ended.wait(), 5)
        await running.finished(8)

    assert taken.entry_id == head.lease.entry_id
    assert last.lease.event.event_id == IDS[7]
    assert runs == [*IDS[:8], IDS[7]]


@pytest.mark.usefixtures("unhurried")
async def test_a_worker_in_a_long_run_is_live(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that a head has been running for ends with its handler: what runs behind it has its own."""
    monkeypatch.setattr("salesloft_webhooks.worker.worker.STALL_SECONDS", 0.0)
    proceed, begun = asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await proceed.wait()
        if event.event_id == "e003":
            begun.set()
            await asyncio.sleep(0.3)

    async with pipeline(valkey, handle, **ENTITY) as running:
        await fill(running, proceed, IDS[:4])
        await begun.wait()
        for attempt in running.worker._loops[0].attempts.values():
            if attempt.head is None:
                attempt.began = time.monotonic() - 3600

        assert running.worker.not_live() is None

        await running.finished(4)


def _id_of(running: Pipeline, event_id: str) -> str:
    attempts = running.worker._loops[0].attempts
    return next(entry_id for entry_id, each in attempts.items() if each.lease.event.event_id == event_id)
