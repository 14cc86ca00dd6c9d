"""The scripts of runs, each asked by itself: who may write, from where a run moves on, what has an end."""

from typing import Any

import pytest

from salesloft_webhooks.broker.administration.run_records import BEGINNING, RunState
from salesloft_webhooks.broker.administration.runs import find_run, places_of, stop, stored_run
from tests.integration.broker.administration.run_driver import redrive
from tests.support.broker_driver import Driven

MONTH_SECONDS = 2_592_000
LEASE_MS = 5_000


async def ask(driven: Driven, script: str, *words: Any) -> Any:
    """What a script of the list of runs answers."""
    return await driven.store.run_on(driven.store.keys.runs, script, words)


async def test_only_the_holder_writes_down_how_a_run_gets_on(driven: Driven) -> None:
    """Whoever has lost the lease without knowing changes nothing, and ends no run."""
    run_id = await redrive(driven)
    await ask(driven, "lead_runs", "hold", "first", LEASE_MS)

    for verb in ("on", "end"):
        assert await ask(driven, "commit_run", "second", run_id, verb, "state", "done", "reason", "mine") == 0

    run = await stored_run(driven.store, run_id)
    assert run is not None
    assert (run.state, run.reason) == (RunState.WAITING, "")
    assert await ask(driven, "commit_run", "first", run_id, "end", "state", "done") == 1


async def test_a_run_ends_once(driven: Driven) -> None:
    """What has ended, by whomever, is not written to again."""
    run_id = await redrive(driven)
    await ask(driven, "lead_runs", "hold", "first", LEASE_MS)
    await ask(driven, "commit_run", "first", run_id, "end", "state", "failed", "reason", "lost")

    again = await ask(driven, "commit_run", "first", run_id, "end", "state", "done", "reason", "")

    run = await stored_run(driven.store, run_id)
    assert run is not None
    assert (again, run.state, run.reason) == (0, RunState.FAILED, "lost")


async def test_a_lease_ends_by_itself_and_is_given_up_by_its_holder_only(driven: Driven) -> None:
    """Somebody else's word does not free it; it lasts as long as it was asked for."""
    lease = f"{driven.store.keys.runs}:lease"
    await ask(driven, "lead_runs", "hold", "first", LEASE_MS)

    await ask(driven, "lead_runs", "release", "second", LEASE_MS)

    assert await driven.store.client.get(lease) == b"first"
    assert 0 < await driven.store.client.pttl(lease) <= LEASE_MS
    assert await ask(driven, "lead_runs", "hold", "second", LEASE_MS) == [0, []]
    await ask(driven, "lead_runs", "release", "first", LEASE_MS)
    assert await driven.store.client.get(lease) is None


async def test_places_are_made_once(driven: Driven) -> None:
    """Whoever makes them again, after a death in between, leaves one that has moved on where it is."""
    run_id = await redrive(driven)
    await driven.store.run("pass_run", 0, [run_id, "", BEGINNING])
    await driven.store.run("pass_run", 0, [run_id, BEGINNING, "7-0", "redriven", 3])

    await driven.store.run("pass_run", 0, [run_id, "", BEGINNING])

    run = await find_run(driven.store, run_id)
    assert run is not None
    assert ((await places_of(driven.store, run))[0].entry_id, run.outcomes) == ("7-0", {"redriven": 3})


async def test_a_run_moves_on_from_where_it_is(driven: Driven) -> None:
    """Asked from another place, nothing is counted and nothing moves."""
    run_id = await redrive(driven)
    await driven.store.run("pass_run", 0, [run_id, "", BEGINNING])

    assert await driven.store.run("pass_run", 0, [run_id, "3-0", "7-0", "redriven", 3]) == b"moved"
    assert await driven.store.run("redrive", 0, ["crm", 60, run_id, "3-0", "7-0", 2]) == b"moved"
    assert await driven.store.run("discard", 0, ["crm", run_id, "3-0", "7-0"]) == b"moved"
    assert await driven.store.run("replay", 0, ["crm", 60, "wet", run_id, "3-0", "7-0", "0-0", 2]) == b"moved"

    run = await find_run(driven.store, run_id)
    assert run is not None
    assert ((await places_of(driven.store, run))[0].entry_id, run.outcomes) == (BEGINNING, {})


async def test_what_is_passed_over_is_counted(driven: Driven) -> None:
    """By the scripts that act on the others, in the same step."""
    run_id = await redrive(driven)
    await driven.store.run("pass_run", 0, [run_id, "", BEGINNING])

    await driven.store.run("redrive", 0, ["crm", 60, run_id, BEGINNING, "7-0", 2])
    await driven.store.run("replay", 0, ["crm", 60, "wet", run_id, "7-0", "8-0", "0-0", 3])

    run = await find_run(driven.store, run_id)
    assert run is not None
    assert run.outcomes == {"not_wanted": 5}


@pytest.mark.parametrize(
    ("script", "words"),
    [("pass_run", []), ("redrive", ["crm", 60]), ("discard", ["crm"]), ("replay", ["crm", 60, "wet"])],
    ids=["passing", "redriving", "discarding", "replaying"],
)
async def test_places_end_by_themselves(script: str, words: list[Any], driven: Driven) -> None:
    """Each step gives them a month again: a run that nobody ends leaves nothing for ever."""
    run_id = await redrive(driven)
    key = driven.store.keys.run_place(0, run_id)
    await driven.store.run("pass_run", 0, [run_id, "", BEGINNING])
    assert MONTH_SECONDS - 60 < await driven.store.client.ttl(key) <= MONTH_SECONDS
    await driven.store.client.expire(key, 60)

    more: dict[str, list[Any]] = {"redrive": [0], "replay": ["0-0", 0]}
    await driven.store.run(script, 0, [*words, run_id, BEGINNING, "7-0", *more.get(script, [])])

    assert await driven.store.client.ttl(key) > MONTH_SECONDS - 60


async def test_who_stopped_a_run_first_is_written_down(driven: Driven) -> None:
    """A second one changes nothing of it, and nothing of a run that has ended."""
    run_id = await redrive(driven)
    await ask(driven, "lead_runs", "hold", "first", LEASE_MS)

    states = [await stop(driven.store, run_id, by=who) for who in ("ada", "bob")]

    run = await stored_run(driven.store, run_id)
    assert run is not None
    assert (states, run.stopped_by) == ([RunState.WAITING] * 2, "ada")
    await ask(driven, "commit_run", "first", run_id, "end", "state", "done")
    await ask(driven, "lead_runs", "release", "first", LEASE_MS)
    assert await stop(driven.store, run_id, by="eve") is RunState.DONE
