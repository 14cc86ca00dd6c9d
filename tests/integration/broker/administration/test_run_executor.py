"""Who carries runs out: how fast, what he does with one that cannot go on, and that he ends what nobody wants."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from salesloft_webhooks.broker.administration import run_execution
from salesloft_webhooks.broker.administration.run_execution import (
    GIVEN_UP_SECONDS,
    LONGEST_POSTPONED_SECONDS,
    Pace,
    RunExecutor,
)
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind, RunState
from salesloft_webhooks.broker.administration.run_steps import move
from salesloft_webhooks.broker.administration.runs import begin, find_run
from salesloft_webhooks.errors import StoreUnavailable
from tests.support.broker_driver import Driven

END = "9-0"


class Told:
    """Steps that do as they are told.

    Attributes:
        fails: Runs whose batches the store refuses.
        acts: How many things each batch acts on.
        seconds: How long it takes.
        tried: The run of each batch.
    """

    def __init__(self, driven: Driven) -> None:
        self._driven = driven
        self.fails = set[str]()
        self.acts, self.seconds = 0, 0.0
        self.tried = list[str]()

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """As `Steps` has it."""
        self.tried.append(run.run_id)
        await asyncio.sleep(self.seconds)
        if run.run_id in self.fails:
            raise StoreUnavailable("no room")
        await move(self._driven.store, run, partition, place, END, redriven=self.acts)
        return self.acts

    async def end(self, run: Run) -> None:
        """As `Steps` has it."""


@pytest.fixture
def steps(driven: Driven) -> Told:
    """They do nothing at once."""
    return Told(driven)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The executor's clock, whose ``passed`` seconds a test sets."""
    told = SimpleNamespace(passed=0.0, time=time.time)
    told.monotonic = lambda: told.passed
    monkeypatch.setattr(run_execution, "time", told)
    return told


def executor(driven: Driven, steps: Told, *, per_second: int = 1_000_000) -> RunExecutor:
    """One that carries out redrives."""
    return RunExecutor(driven.store, {RunKind.REDRIVE: steps}, "one", Pace(per_second), lambda _: None)


async def new_run(driven: Driven, kind: RunKind = RunKind.REDRIVE) -> str:
    """A run in the first partition."""
    return await begin(driven.store, NewRun(kind=kind, by="ada", group="crm", selection={}, total=1, ends=(END,)))


async def state_of(driven: Driven, run_id: str) -> tuple[RunState, str]:
    """How a run stands, and why."""
    run = await find_run(driven.store, run_id)
    assert run is not None
    return run.state, run.reason


async def test_no_faster_than_it_may(driven: Driven, steps: Told) -> None:
    """What was acted on takes its share of a second, and work at most half of the time."""
    await new_run(driven)
    one = executor(driven, steps, per_second=10)
    await one.round()

    steps.acts = 5
    by_rate = await one.round()
    await new_run(driven)
    await one.round()
    steps.acts, steps.seconds = 0, 0.2
    by_work = await one.round()

    assert 0.3 < by_rate <= 0.5
    assert by_work >= 0.2


async def test_a_run_that_nobody_went_on_with_is_given_up(driven: Driven, steps: Told) -> None:
    """What it is about has aged: after a week it is not taken up again."""
    run_id = await new_run(driven)
    now, _ = await driven.store.client.time()
    aged = int((now - GIVEN_UP_SECONDS - 60) * 1_000)
    await driven.store.client.hset(driven.store.keys.run(run_id), "changed", aged)

    await executor(driven, steps).round()

    assert await state_of(driven, run_id) == (RunState.FAILED, "nobody went on with it for a week")


async def test_what_this_version_cannot_do_fails(driven: Driven, steps: Told) -> None:
    """It says so, instead of standing in the list for ever."""
    run_id = await new_run(driven, RunKind.REPLAY)

    await executor(driven, steps).round()

    assert await state_of(driven, run_id) == (RunState.FAILED, "this version cannot replay")


async def test_one_that_the_store_refuses_is_in_nobodys_way(
    driven: Driven, steps: Told, clock: SimpleNamespace
) -> None:
    """It says why it waits, is tried again after a while and then later and later, a minute at most, and gets on."""
    refused, other = await new_run(driven), await new_run(driven)
    steps.fails = {refused}
    one = executor(driven, steps)
    for _ in range(4):
        await one.round()

    assert await state_of(driven, refused) == (RunState.RUNNING, "waits: no room")
    assert (await state_of(driven, other))[0] is RunState.DONE
    assert steps.tried.count(refused) == 1
    for number in range(10):
        clock.passed += LONGEST_POSTPONED_SECONDS + 1
        await one.round()
        assert steps.tried.count(refused) == number + 2
    steps.fails, clock.passed = set(), clock.passed + LONGEST_POSTPONED_SECONDS + 1
    await one.round()
    assert await state_of(driven, refused) == (RunState.RUNNING, "")
    await one.round()
    assert (await state_of(driven, refused))[0] is RunState.DONE


async def test_one_that_waits_is_stopped_at_once(driven: Driven, steps: Told, clock: SimpleNamespace) -> None:
    """Whoever stops it does not wait until it would be tried again."""
    run_id = await new_run(driven)
    steps.fails = {run_id}
    one = executor(driven, steps)
    for _ in range(2):
        await one.round()
    await driven.store.run_on(driven.store.keys.runs, "stop_run", [run_id, "bob"])

    await one.round()

    assert clock.passed == 0
    assert (await state_of(driven, run_id))[0] is RunState.STOPPED


async def test_who_has_lost_the_lease_ends_nothing(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process took over while he tidied up: he tells nobody that it ended, and leaves its places."""
    run_id, told, steps = await new_run(driven), list[Run](), Told(driven)
    one = RunExecutor(driven.store, {RunKind.REDRIVE: steps}, "one", Pace(1_000_000), told.append)

    async def robbed(_run: Run) -> None:
        await driven.store.client.set(f"{driven.store.keys.runs}:lease", "two")

    monkeypatch.setattr(steps, "end", robbed)
    for _ in range(3):
        await one.round()

    assert told == []
    assert (await state_of(driven, run_id))[0] is RunState.RUNNING
    assert driven.keys("*:run:*") != []
