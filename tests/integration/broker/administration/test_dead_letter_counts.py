"""Dead letters are counted by error in slices, and the counts follow whatever happens to the letters."""

from typing import Any

import pytest

from salesloft_webhooks.broker.administration import dead_letter_causes, dead_letter_counts
from salesloft_webhooks.broker.administration.dead_letter_counts import MOST_CAUSES, DeadLetterCounts
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import discard, redrive, unchanging
from salesloft_webhooks.broker.administration.groups import remove
from tests.support.broker_driver import TTL, Driven


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_causes, "AT_ONCE", 3)


async def bury(driven: Driven, name: str, *errors: str, event_type: str = "person.updated") -> None:
    """A dead letter for each error."""
    group = await driven.group(name, consumer=f"{name}/{errors[0]}")
    await driven.handle(group)
    for number, error in enumerate(errors):
        await driven.publish(f"{name}/{error}/{number}", event_type=event_type)
        await driven.kill(group, error=error)


async def counted(counts: DeadLetterCounts, **choice: Any) -> dict[tuple[str, str], int]:
    """The counts as they are now, by group and error."""
    await counts.count()
    return {(row.group, row.error): row.count for row in counts.by_error(DeadLetterFilter(**choice))}


async def test_letters_are_counted_by_error(driven: Driven) -> None:
    """Letters of one class of error are one row, whatever the ids in it; the most frequent stands first."""
    await bury(driven, "crm", *[f"HTTPStatusError: 503 for {number}" for number in range(10_000, 10_010)])
    await bury(driven, "notify", "ValueError: no", event_type="email.replied")
    counts = DeadLetterCounts(driven.store)

    found = await counted(counts)

    assert list(found.items()) == [
        (("crm", "HTTPStatusError: 503 for <number>"), 10),
        (("notify", "ValueError: no"), 1),
    ]
    first, second = counts.by_error(DeadLetterFilter())
    assert first.reasons == ("permanent",)
    assert second.types == ("email.replied",)
    newest = max([one.died_at async for one in unchanging(driven.store, DeadLetterFilter(group="crm"))])
    assert first.newest == newest
    assert await counted(counts, error="ValueError") == {("notify", "ValueError: no"): 1}
    assert await counted(counts, error=first.key, types=("person.*",), reason="permanent") == {("crm", first.error): 10}
    assert counts.total(DeadLetterFilter(group="crm")) == 10


async def test_counts_follow_new_letters_and_removals(driven: Driven) -> None:
    """New deaths, redrives, discards by anybody, and the removal of a group are in the next count."""
    await bury(driven, "crm", *["A: a"] * 8, *["B: b"] * 5)
    counts = DeadLetterCounts(driven.store)
    assert await counted(counts) == {("crm", "A: a"): 8, ("crm", "B: b"): 5}

    await bury(driven, "crm", "C: c")
    assert await counted(counts) == {("crm", "A: a"): 8, ("crm", "B: b"): 5, ("crm", "C: c"): 1}

    letters = unchanging(driven.store, DeadLetterFilter(group="crm", error="B"))
    assert len([one async for one in redrive(driven.store, letters, idempotency_ttl_seconds=TTL)]) == 5
    assert await counted(counts) == {("crm", "A: a"): 8, ("crm", "C: c"): 1}

    letters = unchanging(driven.store, DeadLetterFilter(group="crm", error="C"))
    assert len([one async for one in discard(driven.store, letters)]) == 1
    assert await counted(counts) == {("crm", "A: a"): 8}

    await remove(driven.store, "crm", force=True, discard_dead=True)
    assert await counted(counts) == {}


async def test_a_letter_that_came_for_one_that_went_is_seen(driven: Driven) -> None:
    """As many as before is not the same as before: one removed and one new letter are both noticed."""
    await bury(driven, "crm", *["A: a"] * 6)
    counts = DeadLetterCounts(driven.store)
    await counts.count()

    letters = [one async for one in unchanging(driven.store, DeadLetterFilter())]

    async def first() -> Any:
        yield letters[0]

    assert len([one async for one in discard(driven.store, first())]) == 1
    await bury(driven, "crm", "B: b")

    assert await counted(counts) == {("crm", "A: a"): 5, ("crm", "B: b"): 1}


async def test_many_different_errors_are_bounded(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many combinations the rest is one row, and the sum stays right."""
    assert MOST_CAUSES == 1_000
    monkeypatch.setattr(dead_letter_counts, "MOST_CAUSES", 2)
    await bury(driven, "crm", *[f"E{chr(97 + number)}: e" for number in range(12)])
    counts = DeadLetterCounts(driven.store)

    found = await counted(counts)

    assert len(found) <= 2 * driven.store.partitions + 1
    assert sum(found.values()) == 12
    assert ("crm", dead_letter_counts.OTHERS) in found


async def test_a_page_does_not_wait_for_a_long_walk(driven: Driven) -> None:
    """It gets the counts there are after its time, and the walk goes on without it."""
    await bury(driven, "crm", *["A: a"] * 9)
    counts = DeadLetterCounts(driven.store)

    await counts.refresh(seconds=0.0)
    early = counts.age_seconds
    await counts.refresh(seconds=20.0)

    assert early is None
    assert counts.total(DeadLetterFilter()) == 9
    assert counts.age_seconds is not None
