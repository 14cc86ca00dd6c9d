"""What a page counts beside itself: once, for whoever asks again, and not for those who have left."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import Request

from salesloft_webhooks.console import countings
from salesloft_webhooks.console.countings import AT_ONCE, LEFT_SECONDS, Countings
from salesloft_webhooks.console.refusals import TooMany


def asks(path: str) -> Request:
    """Somebody asks for it."""
    return Request({"type": "http", "path": path, "headers": []})


PERSON, PROGRAM = asks("/replay"), asks("/api/v1/replay")


class Held:
    """Counts that end when they may."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.begun = self.cancelled = 0

    async def count(self) -> int:
        """Seven."""
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return 7


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(countings, "PATIENCE_SECONDS", 0.01)


async def test_a_count_is_begun_once_and_given_out_once() -> None:
    """Whoever asks again gets what was begun; who comes after that has it counted anew."""
    held, counts = Held(), Countings()

    first, second = await counts.result(PERSON, "one", held.count), await counts.result(PERSON, "one", held.count)
    held.may_end.set()
    third = await counts.result(PERSON, "one", held.count)
    begun = held.begun
    again = await counts.result(PERSON, "one", held.count)

    assert (first, second, third, begun) == (None, None, 7, 1)
    assert (again, held.begun) == (7, 2)


async def test_what_nobody_waits_for_any_more_ends() -> None:
    """A page that was left counts for a quarter of a minute, and makes room for others."""
    now = 0.0
    held, counts = Held(), Countings(lambda: now)
    for number in range(AT_ONCE):
        await counts.result(PERSON, str(number), held.count)
    with pytest.raises(TooMany):
        await counts.result(PERSON, "one more", held.count)

    now = LEFT_SECONDS + 1
    await counts.result(PERSON, "one more", held.count)
    await asyncio.sleep(0)

    assert (held.begun, held.cancelled) == (AT_ONCE + 1, AT_ONCE)
    held.may_end.set()
    assert await counts.result(PERSON, "one more", held.count) == 7


async def test_what_a_count_raises_is_told_to_whoever_asks() -> None:
    """Once; then it is tried again."""
    counts = Countings()

    async def fail() -> int:
        raise TimeoutError

    works: Callable[[], Awaitable[int]] = Held().count
    with pytest.raises(TimeoutError):
        await counts.result(PERSON, "one", fail)
    assert await counts.result(PERSON, "one", works) is None


async def test_a_program_waits_longer_than_somebody_who_looks() -> None:
    """It would only ask again; a page says at once that it is being counted."""
    held, counts = Held(), Countings()
    asked = asyncio.ensure_future(counts.result(PROGRAM, "one", held.count))
    seen = await counts.result(PERSON, "one", held.count)
    held.may_end.set()

    assert (seen, await asked) == (None, 7)
