"""Runs: bulk work that is begun once and carried out whoever dies meanwhile, each thing exactly once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration import run_steps
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letter_look import newest_letters
from salesloft_webhooks.broker.administration.dead_letters import unchanging
from salesloft_webhooks.broker.administration.run_execution import Pace, RunExecutor
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind, RunState
from salesloft_webhooks.broker.administration.run_steps import LetterSteps, Moved
from salesloft_webhooks.broker.administration.runs import KEPT, MOST_UNFINISHED, begin, find_run, runs, stop
from salesloft_webhooks.errors import StoreRefused
from tests.support.broker_driver import TTL, Driven

FAST = Pace(per_second=1_000_000)
BATCH = 4
"""Of these tests: many letters would only take time."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_steps, "BATCH", BATCH)


class Killed(BaseException):
    """A process ends here."""


class Mortal(Store):
    """A store whose process is killed before or after its n-th script call."""

    def die(self, *, at: int, before: bool) -> None:
        """Choose the moment."""
        self.left, self.before = at, before

    async def run(self, *args: Any, **options: Any) -> Any:
        """As in `Store`, until death."""
        return await self._mortal(super().run, *args, **options)

    async def run_on(self, *args: Any) -> Any:
        """As in `Store`, until death."""
        return await self._mortal(super().run_on, *args)

    async def _mortal(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self.left -= 1
        if self.left == 0 and self.before:
            raise Killed
        result = await call(*args, **options)
        if self.left == 0:
            raise Killed
        return result


def executor(store: Store, holder: str = "one", ended: Callable[[Run], None] = lambda _: None) -> RunExecutor:
    """One that does what it can at once."""
    letters = LetterSteps(store, TTL)
    return RunExecutor(store, {RunKind.REDRIVE: letters, RunKind.DISCARD: letters}, holder, FAST, ended)


async def finish(store: Store, run_id: str, holder: str = "one") -> Run:
    """Carry a run out to its end."""
    process = executor(store, holder)
    for _ in range(200):
        await process.round()
        run = await find_run(store, run_id)
        assert run is not None
        if run.state.ended:
            return run
    raise AssertionError(f"{run_id} does not end")


async def redrive(driven: Driven, kind: RunKind = RunKind.REDRIVE, total: int = 0, **selection: Any) -> str:
    """Begin a run about letters of `crm`."""
    ends = await newest_letters(driven.store, "crm")
    return await begin(
        driven.store, NewRun(kind=kind, by="ada", group="crm", selection=selection, total=total, ends=ends)
    )


async def bury(driven: Driven, count: int, error: str = "ValueError: no", **options: Any) -> Sequence[str]:
    """Dead letters of `crm`; the ids of their events."""
    group = await driven.group(consumer=f"killer of {error}")
    event_ids = [f"{error}/{number}" for number in range(count)]
    await driven.publish(*event_ids, **options)
    while await driven.kill(group, error=error):
        pass
    return event_ids


async def dead(driven: Driven) -> int:
    """How many letters there are."""
    return len([one async for one in unchanging(driven.store, DeadLetterFilter())])


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


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("kind", [RunKind.REDRIVE, RunKind.DISCARD])
async def test_a_killed_run_is_gone_on_with(driven: Driven, kind: RunKind, *, before: bool) -> None:
    """Killed before or after any call to the store: nothing is done twice or left out, and the counts are exact."""
    store, step = driven.store, 0
    mortal = Mortal(store.client, store.keys, store.partitions)
    while True:
        step += 1
        event_ids = await bury(driven, BATCH + 2, f"E: {step}", person=1)
        run_id = await redrive(driven, kind, total=len(event_ids))
        mortal.die(at=step, before=before)
        try:
            await finish(mortal, run_id, "first")
        except Killed:
            pass
        else:
            assert step > 10
            break
        await store.client.delete(f"{store.keys.runs}:lease")  # its end

        run = await finish(store, run_id, "second")
        await executor(store, "second").release()

        assert run.outcomes == {"redriven" if kind is RunKind.REDRIVE else "discarded": len(event_ids)}
        handled = await driven.handle(await driven.group(consumer=f"handler {step}"), 500)
        assert handled == (event_ids if kind is RunKind.REDRIVE else [])
    await mortal.lines.close()


async def test_two_processes_do_not_run_at_once(driven: Driven) -> None:
    """While one holds the lease, the other does nothing; who thinks that he still holds it does nothing twice."""
    event_ids = await bury(driven, BATCH + 1, person=1)
    run_id = await redrive(driven)
    first, second = executor(driven.store, "first"), executor(driven.store, "second")

    await first.round()
    await second.round()
    waiting = await find_run(driven.store, run_id)
    assert waiting is not None
    await first.round()
    await driven.store.client.delete(f"{driven.store.keys.runs}:lease")
    await second.round()
    stale = LetterSteps(driven.store, TTL)
    with pytest.raises(Moved):
        await stale.batch(waiting, [end != "0-0" for end in waiting.ends].index(True), "0-0")
    run = await finish(driven.store, run_id, "second")

    assert waiting.passed == 0
    assert run.outcomes == {"redriven": len(event_ids)}
    assert await driven.handle(await driven.group(), 500) == event_ids


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
