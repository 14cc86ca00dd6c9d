"""Runs whose processes are killed: whoever goes on, each thing is done exactly once."""

from collections.abc import Callable
from typing import Any

import pytest

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration import run_steps
from salesloft_webhooks.broker.administration.run_records import RunKind
from salesloft_webhooks.broker.administration.run_steps import LetterSteps, Moved
from salesloft_webhooks.broker.administration.runs import find_run
from tests.integration.broker.administration.run_driver import BATCH, IN_ONE_CALL, bury, executor, finish, redrive
from tests.support.broker_driver import TTL, Driven


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_steps, "BATCH", BATCH)
    monkeypatch.setattr(run_steps, "IN_ONE_CALL", IN_ONE_CALL)


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
