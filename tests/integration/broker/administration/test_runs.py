"""Runs: bulk work that is begun once and carried out to its end, stopped, or given up."""

import asyncio
import time

import pytest

from salesloft_webhooks.broker.administration import run_steps
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import unchanging
from salesloft_webhooks.broker.administration.run_records import Run, RunKind, RunState
from salesloft_webhooks.broker.administration.runs import KEPT, MOST_UNFINISHED, find_run, runs, stop, unfinished_runs
from salesloft_webhooks.errors import StoreRefused
from tests.integration.broker.administration.run_driver import BATCH, IN_ONE_CALL, bury, dead, executor, finish, redrive
from tests.support.broker_driver import Driven
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_steps, "BATCH", BATCH)
    monkeypatch.setattr(run_steps, "IN_ONE_CALL", IN_ONE_CALL)


async def test_a_run_redrives_what_its_filter_wants(driven: Driven) -> None:
    """Letters of one cause are redriven, over several batches; those of the other stay; who and what stands there."""
    wanted = await bury(driven, 2 * BATCH + 1, "HTTPStatusError: 503 from crm")
    await bury(driven, 5, "ValueError: no such rep")

    run = await finish(driven.store, await redrive(driven, error="HTTPStatusError", total=len(wanted)))

    assert (run.state, run.outcomes, run.total) == (RunState.DONE, {"redriven": len(wanted)}, len(wanted))
    assert (run.by, run.kind, run.group) == ("ada", RunKind.REDRIVE, "crm")
    assert await dead(driven) == 5
    assert sorted(await driven.handle(await driven.group(), 500)) == sorted(wanted)


async def test_what_dies_later_is_not_redriven(driven: Driven) -> None:
    """A run is about the letters of its beginning: one that fails again is not redriven for ever."""
    await bury(driven, 3)
    run_id = await redrive(driven)
    await bury(driven, 4, "ValueError: later")

    run = await finish(driven.store, run_id)

    assert run.outcomes == {"redriven": 3}
    assert await dead(driven) == 4


async def test_named_letters_are_discarded(driven: Driven) -> None:
    """A run may be about letters that somebody has ticked."""
    await bury(driven, 12)
    letters = [one.handle async for one in unchanging(driven.store, DeadLetterFilter())]

    run = await finish(driven.store, await redrive(driven, RunKind.DISCARD, letters=letters[::2]))

    assert run.outcomes == {"discarded": 6}
    assert [one.handle async for one in unchanging(driven.store, DeadLetterFilter())] == letters[1::2]


async def test_a_stopped_run_leaves_the_rest(driven: Driven) -> None:
    """Whoever carries it out ends after the batch in hand, and who stopped it stands there."""
    await bury(driven, BATCH + 1, person=1)
    run_id = await redrive(driven)
    ended: list[Run] = []
    process = executor(driven.store, ended=ended.append)
    for _ in range(2):
        await process.round()

    answered = await stop(driven.store, run_id, by="bob")
    await process.round()

    run = await find_run(driven.store, run_id)
    assert run is not None
    assert answered is RunState.RUNNING
    assert (run.state, run.stopped_by, run.outcomes) == (RunState.STOPPED, "bob", {"redriven": BATCH})
    assert [one.outcomes for one in ended] == [{"redriven": BATCH}]
    assert await dead(driven) == 1
    assert driven.keys("*:run:*") == []


async def test_a_run_stops_although_nobody_is_at_it(driven: Driven) -> None:
    """Without a console a run is stopped at once, and keeps its counts."""
    await bury(driven, BATCH + 1, person=1)
    run_id = await redrive(driven)
    process = executor(driven.store)
    for _ in range(2):
        await process.round()
    await process.release()

    answered = await stop(driven.store, run_id, by="bob")

    (run,) = await runs(driven.store)
    assert answered is RunState.STOPPED
    assert run.outcomes == {"redriven": BATCH}
    assert await stop(driven.store, "unknown", by="bob") is None


async def test_runs_that_have_not_ended_are_known_although_nobody_is_at_them(driven: Driven) -> None:
    """In the order of their beginning, each as far as it came when its executor died; none that has ended."""
    await bury(driven, 3 * BATCH, person=1)
    ended = await redrive(driven, error="NoSuchError")
    await finish(driven.store, ended)
    first = await redrive(driven, total=3 * BATCH)
    await asyncio.sleep(0.01)  # what begins in one millisecond has no order
    second = await redrive(driven, total=3 * BATCH)
    dies = executor(driven.store)
    while not (await unfinished_runs(driven.store))[0].passed:
        await dies.round()

    found = await unfinished_runs(driven.store)

    assert [run.run_id for run in found] == [first, second]
    assert (found[0].state, found[0].passed, found[0].total) == (RunState.RUNNING, BATCH, 3 * BATCH)


async def test_the_latest_runs_come_first(driven: Driven) -> None:
    """As many as are asked for, and no older one before a newer one."""
    begun = []
    for _ in range(3):
        begun.append(await redrive(driven))
        first = time.time()
        await eventually(lambda first=first: time.time() > first + 0.002, "another moment")  # type: ignore[misc]

    assert [run.run_id for run in await runs(driven.store)] == begun[::-1]
    assert [run.run_id for run in await runs(driven.store, limit=2)] == [begun[2], begun[1]]


async def test_lost_places_end_a_run(driven: Driven) -> None:
    """A run does not begin anew when a server has lost how far it was: that could do things twice."""
    await bury(driven, 3)
    run_id = await redrive(driven)
    await executor(driven.store).round()
    await driven.store.client.delete(driven.store.keys.run_place(1, run_id))

    run = await finish(driven.store, run_id)

    assert (run.state, run.reason) == (RunState.FAILED, "how far it was is lost (partition 1)")
    assert await dead(driven) == 3


async def test_runs_are_bounded(driven: Driven) -> None:
    """So many may be unfinished, and the oldest that have ended are forgotten."""
    run_ids = [await redrive(driven) for _ in range(MOST_UNFINISHED)]
    with pytest.raises(StoreRefused):
        await redrive(driven)
    for run_id in run_ids[1:]:
        await stop(driven.store, run_id, by="ada")
    for _ in range(KEPT):
        await stop(driven.store, await redrive(driven), by="ada")

    kept = {run.run_id for run in await runs(driven.store)}

    assert len(kept) == KEPT
    assert run_ids[0] in kept
    assert not kept & set(run_ids[1:])
    assert len(driven.keys("sl:{runs}:*")) == KEPT + 1  # and the list of the unfinished


async def test_letters_that_the_group_does_not_want_stay(driven: Driven) -> None:
    """Nobody would handle them: they are counted, and stay."""
    await bury(driven, 3)
    await driven.store.client.hset(driven.store.keys.group("crm"), "events", "email.*")
    for partition in range(driven.store.partitions):
        await driven.store.client.delete(driven.store.keys.filters(partition, "crm"))

    run = await finish(driven.store, await redrive(driven))

    assert run.outcomes == {"not_wanted": 3}
    assert await dead(driven) == 3
