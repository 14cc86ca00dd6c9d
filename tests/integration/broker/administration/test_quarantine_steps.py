"""How runs read quarantine again: what is meant and no more, to its end, with the name that was given."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.broker.administration import quarantine_steps
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.quarantine import find_quarantined, held
from salesloft_webhooks.broker.administration.quarantine_steps import QuarantineSelection, ReprocessSteps
from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.scan import newest_entry
from tests.integration.broker.administration.test_replay_runs import finish
from tests.support.broker_driver import Driven
from tests.support.publish_observers import SilentObserver

AT_ONCE = 2


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_steps, "AT_ONCE", AT_ONCE)


@pytest.fixture
async def publisher(driven: Driven) -> AsyncIterator[Publisher]:
    """What stores that which can be read by now."""
    async with Publisher(driven.store, driven.settings, SilentObserver()) as running:
        yield running


async def keep(driven: Driven, *reasons: str, **fields: str) -> list[str]:
    """A delivery for each reason, of the first partition, none of which can be read; their references."""
    about = {"src": "default", "dialect": "envelope", "at": "1", "event": "", "body": "{}", **fields}
    names = []
    for reason in reasons:
        key = driven.store.keys.quarantine(0)
        written: Any = await driven.store.client.xadd(key, {**about, "reason": reason})  # type: ignore[dict-item]
        names.append(f"0/{written.decode()}")
    return names


async def run_of(driven: Driven, publisher: Publisher, selection: QuarantineSelection) -> Run:
    """Carry out a run about it."""
    ends = (await newest_entry(driven.store, driven.store.keys.quarantine), *["0-0"] * (driven.store.partitions - 1))
    chosen = msgspec.to_builtins(selection)
    new = NewRun(kind=RunKind.REPROCESS, by="ada", selection=chosen, total=1, ends=ends)
    return await finish(
        driven, RunKind.REPROCESS, ReprocessSteps(driven.store, publisher), await begin(driven.store, new)
    )


async def test_all_of_it_each_once(driven: Driven, publisher: Publisher) -> None:
    """Over several looks, to the end."""
    await keep(driven, *["not_json"] * (2 * AT_ONCE + 1))

    assert (await run_of(driven, publisher, QuarantineSelection())).outcomes == {"unreadable": 2 * AT_ONCE + 1}


async def test_of_a_reason(driven: Driven, publisher: Publisher) -> None:
    """Nothing that is there for another one."""
    await keep(driven, "not_json", "missing_field", "not_json")

    assert (await run_of(driven, publisher, QuarantineSelection(reason="not_json"))).outcomes == {"unreadable": 2}


async def test_named_ones(driven: Driven, publisher: Publisher) -> None:
    """And no other."""
    names = await keep(driven, *["not_json"] * 4)
    selection = QuarantineSelection(references=(names[1], names[3]))

    assert (await run_of(driven, publisher, selection)).outcomes == {"unreadable": 2}


async def test_with_the_name_that_was_given(driven: Driven, publisher: Publisher) -> None:
    """A native delivery that was kept without the name of its event is read with that one."""
    body = '{"id": 17, "updated_at": "2026-03-07T09:26:14.444910Z"}'
    await keep(driven, "missing_field", dialect="native", body=body)

    without = await run_of(driven, publisher, QuarantineSelection())
    named = await run_of(driven, publisher, QuarantineSelection(event_name="person_updated"))

    assert (without.outcomes, named.outcomes) == ({"unreadable": 1}, {"stored": 1})
    assert [one async for one in held(driven.store)] == []


async def test_the_name_that_came_with_it_counts(driven: Driven, publisher: Publisher) -> None:
    """A name that is given for those without one does not make another event of one that has its own."""
    body = '{"id": 17, "updated_at": "2026-03-07T09:26:14.444910Z"}'
    await keep(driven, "missing_field", dialect="native", body=body, event="person_updated")

    await run_of(driven, publisher, QuarantineSelection(event_name="account_updated"))

    assert [entry.event_type async for entry in latest(driven.store)] == ["person.updated"]


async def test_one_is_found_in_its_own_partition(driven: Driven) -> None:
    """Another partition may have one of the same id."""
    for partition in range(driven.store.partitions):
        about = {"src": f"s{partition}", "dialect": "d", "at": "1", "event": "", "body": "{}", "reason": "not_json"}
        await driven.store.client.xadd(driven.store.keys.quarantine(partition), about, id="5-0")  # type: ignore[arg-type]

    found = await find_quarantined(driven.store, "1/5-0")

    assert found is not None
    assert found.source == "s1"
