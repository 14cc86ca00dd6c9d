"""Dead letters of a person or a time are counted by error, too: by a walk of their own, one at a time."""

from datetime import timedelta
from typing import Any

import pytest

from salesloft_webhooks.broker.administration import dead_letter_causes, narrowed_counts
from salesloft_webhooks.broker.administration.dead_letter_causes import Narrowing
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import unchanging
from salesloft_webhooks.broker.administration.narrowed_counts import KEPT, NarrowedCounts
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from tests.support.broker_driver import Driven


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_causes, "AT_ONCE", 3)


async def bury(driven: Driven, name: str, error: str, *people: int) -> None:
    """A dead letter for each person."""
    group = await driven.group(name, consumer=f"{name}/{error}")
    for person in people:
        await driven.publish(f"{name}/{error}/{person}", person=person)
    while await driven.kill(group, error=error):
        pass


async def all_letters(driven: Driven) -> list[DeadLetter]:
    """Those there are, in the order of their deaths."""
    found = [one async for one in unchanging(driven.store, DeadLetterFilter())]
    return sorted(found, key=lambda one: one.died_at)


async def counted(counts: NarrowedCounts, **choice: Any) -> dict[tuple[str, str], int]:
    """What a page with this filter shows, by group and error."""
    wanted = DeadLetterFilter(**choice)
    found = await counts.refresh(wanted, seconds=20.0)
    return {(row.group, row.error): row.count for row in found.by_error(wanted)}


async def test_counts_are_of_what_the_list_shows(driven: Driven) -> None:
    """For a person, a time at both of its ends, a group, and all of them together: as many as the filter wants."""
    await bury(driven, "crm", "A: a", 1, 2, 1, 3)
    await bury(driven, "crm", "B: b", 1, 2)
    await bury(driven, "notify", "A: a", 1, 1)
    letters = await all_letters(driven)
    middle = letters[len(letters) // 2].died_at
    millisecond = timedelta(milliseconds=1)
    counts = NarrowedCounts(driven.store)

    for choice in (
        {},
        {"entity_key": "person:1"},
        {"entity_key": "person:1", "group": "crm"},
        {"entity_key": "person:4"},
        {"since": middle},
        {"since": middle + millisecond},
        {"until": middle},
        {"until": middle - millisecond},
        {"since": letters[1].died_at, "until": middle, "entity_key": "person:1", "error": "A", "group": "crm"},
    ):
        wanted = DeadLetterFilter(**choice)
        expected: dict[tuple[str, str], int] = {}
        for one in letters:
            if wanted.group in {"", one.group} and wanted.wants(one):
                expected[one.group, one.error] = expected.get((one.group, one.error), 0) + 1
        assert await counted(counts, **choice) == expected, choice


async def test_what_dies_or_goes_is_in_the_next_count(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrowed count is made anew, however many letters of others came and went."""
    monkeypatch.setattr("salesloft_webhooks.broker.administration.dead_letter_counts.FRESH_SECONDS", 0.0)
    monkeypatch.setattr("salesloft_webhooks.broker.administration.dead_letter_counts.REST", 0)
    await bury(driven, "crm", "A: a", 1, 2)
    counts = NarrowedCounts(driven.store)
    assert await counted(counts, entity_key="person:1") == {("crm", "A: a"): 1}

    await bury(driven, "crm", "B: b", 1, 3)

    assert await counted(counts, entity_key="person:1") == {("crm", "A: a"): 1, ("crm", "B: b"): 1}


async def test_one_walk_at_a_time_and_few_are_kept(driven: Driven) -> None:
    """Whoever asks while another walk is under way gets what there is, and begins none; the oldest are forgotten."""
    await bury(driven, "crm", "A: a", 1, 2)
    counts = NarrowedCounts(driven.store)
    walks = await counts.refresh(DeadLetterFilter(entity_key="person:1"), seconds=20.0)
    walks.walking = True

    refused = await counts.refresh(DeadLetterFilter(entity_key="person:2"), seconds=20.0)
    assert refused.age_seconds is None

    walks.walking = False
    for number in range(KEPT + 3):
        await counts.refresh(DeadLetterFilter(entity_key=f"person:{number}"), seconds=20.0)
    assert (await counts.refresh(DeadLetterFilter(entity_key="person:2"), seconds=0.0)) is not refused
    assert narrowed_counts.KEPT == 8
    assert not Narrowing.of(DeadLetterFilter(group="crm", error="A"))
