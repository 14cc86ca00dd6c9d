"""How runs get on with dead letters: a batch at a time, past what is not meant, each once and none left out."""

from typing import Any

import pytest

from salesloft_webhooks.broker.administration import dead_letter_look, run_steps
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import unchanging
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.run_records import RunKind
from salesloft_webhooks.broker.administration.runs import find_run
from salesloft_webhooks.broker.administration.stats import group_names
from tests.integration.broker.administration.run_driver import BATCH, IN_ONE_CALL, bury, dead, executor, finish, redrive
from tests.support.broker_driver import Driven
from tests.support.waiting import eventually

PAGE = 3
REST = 6
"""What a call about letters has besides their ids."""


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small batches, and smaller looks, two for a batch at the most; where each look began."""
    real, began = dead_letter_look.look, list[str]()

    async def look(store: Any, group: str, partition: int, low: str, high: str) -> Any:
        began.append(low)
        return await real(store, group, partition, low, high, count=PAGE)

    monkeypatch.setattr(run_steps, "look", look)
    for name, value in {"BATCH": BATCH, "IN_ONE_CALL": IN_ONE_CALL, "AT_ONCE": PAGE, "LOOKED_AT": 2 * PAGE}.items():
        monkeypatch.setattr(run_steps, name, value)
    return began


async def not_wanted_any_more(driven: Driven) -> None:
    """The group takes other types from now on."""
    await driven.store.client.hset(driven.store.keys.group("crm"), "events", "email.*")
    for partition in range(driven.store.partitions):
        await driven.store.client.delete(driven.store.keys.filters(partition, "crm"))


async def test_more_letters_are_named_than_a_batch_has(driven: Driven) -> None:
    """All of them, and no other one."""
    await bury(driven, 3 * BATCH, person=1)
    letters = [one.handle async for one in unchanging(driven.store, DeadLetterFilter())]

    run = await finish(driven.store, await redrive(driven, RunKind.DISCARD, letters=letters[:-1]))

    assert run.outcomes == {"discarded": 3 * BATCH - 1}
    assert await dead(driven) == 1


async def test_few_letters_are_looked_at_for_a_batch(driven: Driven, looks: list[str]) -> None:
    """Where few are wanted, a batch ends without one, and the next goes on behind: others have their turn."""
    await bury(driven, 5 * PAGE, "ValueError: not this", person=1)
    await bury(driven, 2, "HTTPStatusError: 503", person=1)

    run_id = await redrive(driven, error="HTTPStatusError")
    process = executor(driven.store)
    await process.round()

    await process.round()
    first = len(looks)
    run = await finish(driven.store, run_id)

    assert first == 2
    assert run.outcomes == {"redriven": 2}
    assert len(looks) == len(set(looks)) == 6


async def test_each_is_passed_over_once(driven: Driven) -> None:
    """What the group does not want any more is counted exactly, also where a batch ends with it."""
    await bury(driven, 5 * PAGE, person=1)
    await not_wanted_any_more(driven)

    run = await finish(driven.store, await redrive(driven))

    assert run.outcomes == {"not_wanted": 5 * PAGE}


async def test_some_are_wanted_and_some_are_not(driven: Driven) -> None:
    """Each counts as what became of it, wherever a call or a batch ends between them."""
    for number in range(4 * BATCH):
        kind = "email.updated" if number % 3 else "person.updated"
        await bury(driven, 1, f"E: {number}", person=1, event_type=kind)
    await not_wanted_any_more(driven)

    run = await finish(driven.store, await redrive(driven))

    assert run.outcomes == {"not_wanted": 6, "redriven": 4 * BATCH - 6}


async def test_no_call_deals_with_more_than_it_may(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does others' work between few letters, and each letter is dealt with all the same."""
    await bury(driven, 2 * BATCH, person=1)
    called, real = list[int](), run_steps.act

    async def act(store: Any, script: str, partition: int, args: Any) -> None:
        called.append(len(args) - REST)
        await real(store, script, partition, args)

    monkeypatch.setattr(run_steps, "act", act)

    run = await finish(driven.store, await redrive(driven))

    assert run.outcomes == {"redriven": 2 * BATCH}
    assert [length for length in called if length] == [3, 1, 3, 1]


async def test_a_letter_that_breaks_the_script_is_passed_over(driven: Driven) -> None:
    """What the call did before it is not done again, and the run goes on behind it."""
    event_ids = await bury(driven, 2, person=1)
    (partition,) = {one.reference.partition async for one in unchanging(driven.store, DeadLetterFilter())}
    await driven.store.client.xadd(driven.store.keys.dead(partition, "crm"), {"type": "person.updated"})  # of no event
    later = await bury(driven, 2, "E: later", person=1)
    letters = [one.handle async for one in unchanging(driven.store, DeadLetterFilter())]
    run_id, process = await redrive(driven, letters=letters), executor(driven.store)

    async def ended() -> bool:
        await process.round()
        run = await find_run(driven.store, run_id)
        return run is not None and run.state.ended

    await eventually(ended, "the run ends")

    run = await find_run(driven.store, run_id)
    assert run is not None
    assert run.outcomes == {"redriven": 4}
    assert await driven.handle(await driven.group(), 100) == [*event_ids, *later]


async def test_what_nobody_wants_is_thrown_away_all_the_same(driven: Driven) -> None:
    """Whoever discards letters need not take them."""
    await bury(driven, PAGE)
    await not_wanted_any_more(driven)

    run = await finish(driven.store, await redrive(driven, RunKind.DISCARD))

    assert run.outcomes == {"discarded": PAGE}


async def test_a_removed_group_goes_with_its_last_letter(driven: Driven) -> None:
    """Nothing of it is listed for ever."""
    await bury(driven, PAGE)
    await remove(driven.store, "crm", force=True)
    assert "crm" in await group_names(driven.store)

    await finish(driven.store, await redrive(driven, RunKind.DISCARD))

    assert "crm" not in await group_names(driven.store)
