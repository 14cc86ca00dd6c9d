"""Runs that cancel follow-ups: what was counted and no more, to the end, with exact counts, whoever is killed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from salesloft_webhooks.broker.administration import follow_up_look, follow_up_steps
from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter
from salesloft_webhooks.broker.administration.follow_up_look import count, look, page
from salesloft_webhooks.broker.administration.follow_up_steps import CancelSteps, cancelling
from salesloft_webhooks.broker.administration.run_records import BEGINNING, Run, RunKind
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.administration.runs import begin, find_run
from salesloft_webhooks.broker.administration.server_clock import server_ms
from tests.integration.broker.administration.test_killed_runs import Killed, Mortal
from tests.integration.broker.administration.test_replay_runs import finish
from tests.integration.broker.debouncing_steps import put_off, settled
from tests.support.broker_bench import Bench, take
from tests.support.broker_driver import TTL, Driven
from tests.support.waiting_follow_up import let_one_wait

BATCH = 3
CRM = FollowUpFilter("crm")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def few(*args: Any) -> Any:
        return await look(*args, most_found=BATCH)

    monkeypatch.setattr(follow_up_steps, "look", few)
    monkeypatch.setattr(follow_up_look, "LOOKED_AT", 4)


async def let_wait(driven: Driven, people: range, **options: Any) -> set[str]:
    """A follow-up of each of these people, of all partitions."""
    await driven.group()
    return {await let_one_wait(driven.store, person, after=60.0 * person, **options) for person in people}


async def a_run(driven: Driven, wanted: FollowUpFilter = CRM) -> str:
    """Begin one about all that match now."""
    fixed = replace(wanted, asked_until_ms=await server_ms(driven.store))
    number = await count(driven.store, fixed)
    return await begin(driven.store, cancelling(fixed, number, partitions=driven.store.partitions, by="ada"))


async def cancelled(driven: Driven, run_id: str) -> Run:
    """Carry it out."""
    return await finish(driven, RunKind.CANCEL, CancelSteps(driven.store, TTL), run_id)


async def test_all_of_a_group_each_once(driven: Driven) -> None:
    """Over several batches and partitions to the end; another group's stay."""
    await let_wait(driven, range(1, 20))
    await driven.group("notify")
    await let_wait(driven, range(1, 4), group="notify")

    run = await cancelled(driven, await a_run(driven))

    assert (run.outcomes, run.total) == ({"cancelled": 19}, 19)
    assert await count(driven.store, CRM) == 0
    assert await count(driven.store, FollowUpFilter("notify")) == 3


async def test_few_among_many(driven: Driven) -> None:
    """What its filter does not want is passed over, however many of that come in a row, and stays."""
    await let_wait(driven, range(1, 40))
    await let_wait(driven, range(50, 52), key="odd")

    run = await cancelled(driven, await a_run(driven, FollowUpFilter("crm", key="odd")))

    assert run.outcomes == {"cancelled": 2}
    assert await count(driven.store, CRM) == 39


async def test_what_is_asked_for_meanwhile_stays(driven: Driven) -> None:
    """Nobody has counted it."""
    await let_wait(driven, range(1, 6))
    run_id = await a_run(driven)
    await let_wait(driven, range(6, 9), key="later")

    assert (await cancelled(driven, run_id)).outcomes == {"cancelled": 5}
    assert await count(driven.store, CRM) == 3


async def test_what_waits_of_a_debounced_handler_stays(bench: Bench) -> None:
    """A later event's takes its place, and says since when the first has waited: it would pass for what was meant."""
    group = await bench.group(lease_seconds=60)
    for event_id in ("e1", "e2"):
        await bench.publish(event_id)
    first, second = await take(group)
    await settled(group, bench, first, put_off(3_600))
    fixed = replace(CRM, asked_until_ms=await server_ms(bench.store))
    await asyncio.sleep(0.01)
    before = await count(bench.store, fixed)
    act = await settled(group, bench, second, put_off(3_600))

    assert (before, await count(bench.store, fixed)) == (0, 0)
    assert [each.event_id for each in (await page(bench.store, CRM, limit=10)).found] == [act.follow_up]


async def test_a_run_that_is_elsewhere_by_now_changes_nothing(driven: Driven) -> None:
    """Who thinks that the run is where it has been cancels nothing."""
    await let_wait(driven, range(1, 6))
    run_id = await a_run(driven)
    run = await find_run(driven.store, run_id)
    assert run is not None
    await driven.store.run("pass_run", 0, [run_id, "", "1/follow-up/elsewhere"])

    with pytest.raises(Moved):
        await CancelSteps(driven.store, TTL).batch(run, 0, BEGINNING)

    assert await count(driven.store, CRM) == 5


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_killed_run_is_gone_on_with(driven: Driven, *, before: bool) -> None:
    """Killed before or after any call to the store: all are cancelled, none is counted twice or left out."""
    store, step = driven.store, 0
    mortal = Mortal(store.client, store.keys, store.partitions)
    while True:
        step += 1
        await let_wait(driven, range(1, 9), key=f"k{step}")
        run_id = await a_run(driven)
        mortal.die(at=step, before=before)
        try:
            await finish(replace(driven, store=mortal), RunKind.CANCEL, CancelSteps(mortal, TTL), run_id)
        except Killed:
            pass
        else:
            assert step > 10
            break
        await store.client.delete(f"{store.keys.runs}:lease")  # its end

        assert (await cancelled(driven, run_id)).outcomes == {"cancelled": 8}, f"killed at call {step}"
        assert await count(store, CRM) == 0
    await mortal.lines.close()
