"""Runs driven step by step by a test."""

from collections.abc import Callable, Sequence
from typing import Any

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letter_look import newest_letters
from salesloft_webhooks.broker.administration.dead_letters import unchanging
from salesloft_webhooks.broker.administration.run_execution import Pace, RunExecutor
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind
from salesloft_webhooks.broker.administration.run_steps import LetterSteps
from salesloft_webhooks.broker.administration.runs import begin, find_run
from tests.support.broker_driver import TTL, Driven

FAST = Pace(per_second=1_000_000)
BATCH, IN_ONE_CALL = 4, 3
"""Of these tests: many letters would only take time."""


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
