"""A run gives each event of an archive once, whoever carries it out, and a group has one that is not finished."""

from collections.abc import Callable
from typing import Any

import pytest

from salesloft_webhooks.broker.administration import archive_execution
from salesloft_webhooks.broker.administration.archive_replay import BATCH, IN_ONE_CALL, ArchiveReplay, FromArchive
from salesloft_webhooks.broker.administration.archive_runs import (
    ArchiveRun,
    Lost,
    archive_run,
    begin_archive_run,
    end_archive_run,
    end_lost_run,
    give_up_archive_run,
    new_run,
    places_of_run,
)
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import StoreUnavailable
from tests.integration.broker.administration.archive_steps import begun, given, replayed
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.interrupted_scripts import BetweenScripts


class Died(BaseException):
    """The end of a process."""


async def test_a_run_is_gone_on_with(driven: Driven) -> None:
    """Whoever comes after gives what is left, and nothing twice, though all of the first part is handled by then."""
    group = await driven.group()
    archive = Listed(*(archived(number, person=number) for number in range(3 * BATCH)))
    run = await begun(driven, archive)

    first = await given(driven, run, archive, stop_after=BATCH)
    handled = await driven.handle(group, 500)
    second = await given(driven, run, archive)
    handled += await driven.handle(group, 500)

    assert (len(first), len(second)) == (BATCH, 2 * BATCH)
    assert sorted(handled) == sorted(event.event_id for event in archive.events)
    _, counts = await places_of_run(driven.store, run)
    assert counts == {"replayed": 3 * BATCH}


@pytest.mark.parametrize("at", range(5))
async def test_dead_between_two_partitions_of_a_batch(driven: Driven, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Whoever comes after gives what the batch has left, in each partition, and counts it all once."""
    group = await driven.group()
    archive = Listed(*(archived(number, person=number % 20) for number in range(BATCH)))
    run = await begun(driven, archive)

    def die() -> None:
        raise Died

    with monkeypatch.context() as dying:
        BetweenScripts(dying, at, die, only="replay_archived")
        with pytest.raises(Died):
            await given(driven, run, archive)
    handled = await driven.handle(group, 500)
    await given(driven, run, archive)
    after = await driven.handle(await driven.group(consumer="two"), 500)

    assert len(handled) < BATCH
    assert sorted(handled + after) == [event.event_id for event in archive.events]
    for person in range(20):
        hers = [event.event_id for event in archive.events if event.entity_key == f"person:{person}"]
        assert [event_id for event_id in handled + after if event_id in hers] == hers
    assert (await places_of_run(driven.store, run))[1] == {"replayed": BATCH}


async def test_an_event_with_two_places_comes_once(driven: Driven) -> None:
    """Where files are taken away between two parts of a run, an event may be met again: the run has given it."""
    group = await driven.group()
    first, again = archived(1, name="twice"), archived(90, name="twice")
    run = await begun(driven, Listed(first))
    await given(driven, run, Listed(first))
    await driven.handle(group)

    found = await given(driven, run, Listed(again))

    assert found == {"twice": FromArchive.REPEATED}
    assert await driven.handle(group) == []


async def test_a_new_run_gives_it_once_more(driven: Driven) -> None:
    """Only a run remembers what it has given: what is wanted again is given again."""
    group = await driven.group()

    for _ in range(2):
        assert await replayed(driven, archived(1)) == {"a001": FromArchive.REPLAYED}
        assert await driven.handle(group) == ["a001"]


async def test_who_is_late_does_nothing(driven: Driven) -> None:
    """A process that was stopped while another one went on gives nothing when it goes on with what it knows."""
    group = await driven.group()
    archive = Listed(*(archived(number, person=number) for number in range(IN_ONE_CALL)))
    run = await begun(driven, archive)
    places, _ = await places_of_run(driven.store, run)
    late = ArchiveReplay(driven.store, driven.settings, "crm", run.run_id)
    await given(driven, run, archive)
    handled = await driven.handle(group)

    with pytest.raises(Moved):
        await late.give(archive.events, places)

    assert sorted(handled) == [event.event_id for event in archive.events]
    assert await driven.handle(await driven.group(consumer="two")) == []
    assert (await places_of_run(driven.store, run))[1] == {"replayed": IN_ONE_CALL}


async def test_a_group_has_one_unfinished_run(driven: Driven) -> None:
    """A second one is not begun, and leaves nothing; at its end another one may be."""
    await driven.group()
    archive = Listed(archived(1))
    run = await begun(driven, archive)
    other = new_run(driven.store, "file:///other", Selection(), 1, 0)

    refused = await begin_archive_run(driven.store, "crm", other)

    assert not refused
    assert await archive_run(driven.store, "crm") == run
    assert driven.keys(f"*:run:{other.run_id}") == []
    await end_archive_run(driven.store, "crm", run)
    assert await archive_run(driven.store, "crm") is None
    assert driven.keys("*:run:*") == []


async def _forget_a_place(driven: Driven, run: ArchiveRun) -> None:
    await driven.store.client.delete(driven.store.keys.run_place(1, run.run_id))


async def _spoil_a_place(driven: Driven, run: ArchiveRun) -> None:
    await driven.store.client.hset(driven.store.keys.run_place(1, run.run_id), "place", "x")


async def _spoil_the_row(driven: Driven, _: ArchiveRun) -> None:
    await driven.store.client.hset(driven.store.keys.archive_runs, "crm", "{}")


@pytest.mark.parametrize("harm", [_forget_a_place, _spoil_a_place, _spoil_the_row])
async def test_what_is_lost_is_not_begun_anew(driven: Driven, harm: Callable[[Driven, ArchiveRun], Any]) -> None:
    """A run whose place is not known gives nothing: it would give everything twice."""
    group = await driven.group()
    archive = Listed(archived(1))
    run = await begun(driven, archive)
    await harm(driven, run)

    with pytest.raises(Lost):
        await given(driven, (await archive_run(driven.store, "crm")) or run, archive)

    assert await driven.handle(group) == []


async def test_whoever_dies_while_giving_up_leaves_a_run_that_can_be_given_up(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more is given by it, it is still the group's, and the next word ends it."""
    await driven.group()
    archive = Listed(archived(3))
    run = await begun(driven, archive)
    with monkeypatch.context() as died:
        died.setattr(Store, "run_on", _away)
        with pytest.raises(StoreUnavailable):
            await give_up_archive_run(driven.store, "crm", run)

    with pytest.raises(Lost):
        await given(driven, run, archive)
    assert await archive_run(driven.store, "crm") == run
    assert await give_up_archive_run(driven.store, "crm", run)
    assert await archive_run(driven.store, "crm") is None


async def _away(*_: object) -> None:
    raise StoreUnavailable("away")


async def test_who_is_late_ends_no_other_run(driven: Driven) -> None:
    """A process that was stopped before it ended its run does not end the one that was begun since."""
    await driven.group()
    archive = Listed(archived(1))
    late = await begun(driven, archive)
    assert await end_archive_run(driven.store, "crm", late)
    run = await begun(driven, archive)

    assert not await end_archive_run(driven.store, "crm", late)

    assert await archive_run(driven.store, "crm") == run
    assert await given(driven, run, archive) == {"a001": FromArchive.REPLAYED}


async def test_who_is_late_ends_no_run_for_one_that_could_not_be_read(driven: Driven) -> None:
    """The same of a run of which nothing could be read: its row is compared as a whole."""
    await driven.group()
    run = await begun(driven, Listed(archived(1)))
    await _spoil_the_row(driven, run)
    with pytest.raises(Lost) as lost:
        await archive_run(driven.store, "crm")
    assert await end_lost_run(driven.store, "crm", lost.value)
    run = await begun(driven, Listed(archived(1)))

    assert not await end_lost_run(driven.store, "crm", lost.value)

    assert await archive_run(driven.store, "crm") == run


async def test_without_the_group_it_waits(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that is removed meanwhile is waited for, and passed nothing: when it is back, it gets everything."""
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.05)
    monkeypatch.setattr(archive_execution, "PATIENCE_SECONDS", 0.2)
    await driven.group()
    archive = Listed(archived(1), archived(2, person=2))
    run = await begun(driven, archive)
    await remove(driven.store, "crm", force=True)

    with pytest.raises(StoreUnavailable, match="the group is not registered"):
        await given(driven, run, archive)

    group = await driven.group()
    assert len(await given(driven, run, archive)) == 2
    assert sorted(await driven.handle(group)) == ["a001", "a002"]
