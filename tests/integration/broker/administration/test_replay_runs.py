"""Runs that replay history and read quarantine again."""

import msgspec
import pytest

from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.broker.administration import replay_steps
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.quarantine_steps import QuarantineSelection, ReprocessSteps
from salesloft_webhooks.broker.administration.replay import Selection, located, milliseconds
from salesloft_webhooks.broker.administration.replay_forecast import forecast
from salesloft_webhooks.broker.administration.replay_steps import (
    ReplaySteps,
    read_selection,
    replay_ends,
    written_selection,
)
from salesloft_webhooks.broker.administration.run_execution import Pace, RunExecutor
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind, RunState
from salesloft_webhooks.broker.administration.run_steps import Steps
from salesloft_webhooks.broker.administration.runs import begin, find_run
from salesloft_webhooks.broker.administration.scan import newest_entry
from tests.support.broker_driver import TTL, Driven
from tests.support.publish_observers import SilentObserver

BATCH = 3


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_steps, "BATCH", BATCH)


async def finish(driven: Driven, kind: RunKind, steps: Steps, run_id: str, *, rounds: int = 100) -> Run:
    """Carry a run out to its end, or for so many rounds, each by a process of its own."""
    run: Run | None = None
    for number in range(rounds):
        executor = RunExecutor(driven.store, {kind: steps}, f"process {number}", Pace(1_000_000), lambda _: None)
        await executor.round()
        await executor.release()
        run = await find_run(driven.store, run_id)
        if run is not None and run.state.ended:
            return run
    assert run is not None
    return run


async def begin_replay(driven: Driven, selection: Selection) -> str:
    """Begin one into `crm`."""
    ends = await replay_ends(driven.store, selection)
    written = written_selection(selection)
    return await begin(
        driven.store, NewRun(kind=RunKind.REPLAY, by="ada", group="crm", selection=written, total=0, ends=ends)
    )


async def test_history_is_replayed_once_although_it_is_handled_meanwhile(driven: Driven) -> None:
    """Each event once, also where an earlier replay's copy of it is in history, and what was replayed is done again."""
    event_ids = [f"e{number}" for number in range(8)]
    await driven.publish(*event_ids, person=1)
    group = await driven.group()
    assert await driven.handle(group) == event_ids
    steps = ReplaySteps(driven.store, TTL)
    first = await finish(driven, RunKind.REPLAY, steps, await begin_replay(driven, Selection()))
    assert first.outcomes == {"replayed": 8}
    assert await driven.handle(group) == event_ids

    run_id = await begin_replay(driven, Selection())
    half = await finish(driven, RunKind.REPLAY, steps, run_id, rounds=3)
    early = await driven.handle(group)
    run = await finish(driven, RunKind.REPLAY, steps, run_id)

    assert half.state is RunState.RUNNING
    assert (run.state, run.outcomes) == (RunState.DONE, {"replayed": 8, "repeated": 8})
    assert run.passed == 8
    assert early + await driven.handle(group) == event_ids


async def test_a_replay_keeps_to_its_selection(driven: Driven) -> None:
    """Types and ids narrow it; what comes after it has begun is not in it."""
    await driven.publish("e1", event_type="person.created")
    await driven.publish("e2", "e3", event_type="email.sent")
    group = await driven.group()
    await driven.handle(group)
    by_type = await begin_replay(driven, Selection(types=("email.*",), event_ids=frozenset({"e1", "e3"})))
    await driven.publish("e4", event_type="email.sent")
    await driven.handle(group)

    run = await finish(driven, RunKind.REPLAY, ReplaySteps(driven.store, TTL), by_type)

    assert run.outcomes == {"replayed": 1}
    assert await driven.handle(group) == ["e3"]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(person="7"), ["e1", "e2"]),
        (Selection(source="other"), ["e2"]),
        (Selection(person="7", source="default", types=("person.*",)), ["e1"]),
    ],
    ids=["person", "source", "both"],
)
async def test_a_run_replays_what_a_dry_run_counts(driven: Driven, selection: Selection, ids: list[str]) -> None:
    """Of a person and a source, those and no others; read back, the selection is the same."""
    await driven.publish("e1", person=7)
    await driven.publish("e2", person=7, source="other")
    await driven.publish("e3", person=77)
    group = await driven.group()
    await driven.handle(group)
    counted = await forecast(driven.store, "crm", selection, idempotency_ttl_seconds=TTL, patience_seconds=9)

    run = await finish(driven, RunKind.REPLAY, ReplaySteps(driven.store, TTL), await begin_replay(driven, selection))

    assert run.outcomes == counted.outcomes == {"replayed": len(ids)}
    assert sorted(await driven.handle(group)) == ids
    assert read_selection(written_selection(selection)) == selection


async def test_named_events_are_looked_for_where_they_are(driven: Driven) -> None:
    """The time in which they were stored; all of history when one of them is not known."""
    await driven.publish("e1", "e2", "e3")

    found = await located(driven.store, Selection(event_ids=frozenset({"e2", "e3"})))
    unknown = await located(driven.store, Selection(event_ids=frozenset({"e2", "e9"})))

    (first,) = [one for one in (await history(driven.store, "e2"),) if one]
    assert first.entry is not None
    assert found.since is not None
    assert found.until is not None
    assert milliseconds(found.since) == first.entry.reference.ms
    assert unknown == Selection(event_ids=frozenset({"e2", "e9"}))


def test_a_person_is_an_id() -> None:
    """An address is refused: what is kept of a replay is shown to people who may see none."""
    with pytest.raises(ValueError, match="is a number"):
        Selection(person="ada@example.com")


async def test_quarantine_is_reprocessed_by_a_run(driven: Driven) -> None:
    """What still cannot be read stays and is counted."""
    for partition in range(driven.store.partitions):
        await driven.store.client.xadd(
            driven.store.keys.quarantine(partition),
            {"src": "default", "dialect": "envelope", "reason": "missing_field", "at": "1", "event": "", "body": "{}"},
        )
    newest = await newest_entry(driven.store, driven.store.keys.quarantine)
    selection = msgspec.to_builtins(QuarantineSelection(reason="missing_field"))
    ends = tuple(newest for _ in range(driven.store.partitions))
    run_id = await begin(
        driven.store, NewRun(kind=RunKind.REPROCESS, by="ada", selection=selection, total=3, ends=ends)
    )
    async with Publisher(driven.store, driven.settings, SilentObserver()) as publisher:
        run = await finish(driven, RunKind.REPROCESS, ReprocessSteps(driven.store, publisher), run_id)

    assert (run.state, run.outcomes) == (RunState.DONE, {"unreadable": 3})
