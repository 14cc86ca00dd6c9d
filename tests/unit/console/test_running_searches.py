"""Few searches at once: one a person, three a console; a text is known to whoever typed it, and for a while."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.search import MOST_ENTRIES
from salesloft_webhooks.console.running_searches import LEFT_SECONDS, TEXT_SECONDS, TEXTS, Searches, Turn
from salesloft_webhooks.settings import Settings


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Begins at 0."""
    return Clock()


@pytest.fixture
async def searches(clock: Clock) -> AsyncIterator[Searches]:
    """Of a console whose store nobody asks."""
    async with open_store(Settings.load(redis_url=SecretStr("redis://127.0.0.1:1/0"))) as store:
        yield Searches(store, clock)


async def test_another_search_of_a_person_ends_the_one_before(searches: Searches) -> None:
    """And no search of anybody else."""
    first, other = searches.begin("robin"), searches.begin("kim")
    second = searches.begin("robin")

    assert searches.turn("robin", first) is Turn.OVER
    assert searches.turn("robin", second) is Turn.GO
    assert searches.turn("kim", other) is Turn.GO


async def test_the_fourth_waits_until_one_has_ended_or_was_left(searches: Searches, clock: Clock) -> None:
    """A page that asks no more was left."""
    begun = {person: searches.begin(person) for person in ("a", "b", "c", "d", "e")}

    assert [searches.turn(person, begun[person]) for person in "abcd"] == [Turn.GO, Turn.GO, Turn.GO, Turn.WAIT]
    searches.end("a", begun["a"])
    assert searches.turn("d", begun["d"]) is Turn.GO
    assert searches.turn("e", begun["e"]) is Turn.WAIT
    clock.now += LEFT_SECONDS + 1
    assert searches.turn("e", begun["e"]) is Turn.GO


async def test_one_search_looks_at_so_many(searches: Searches) -> None:
    """However many pages it takes."""
    search_id = searches.begin("robin")

    searches.looked("robin", search_id, MOST_ENTRIES - 1)
    assert searches.turn("robin", search_id) is Turn.GO
    searches.looked("robin", search_id, 1)
    assert searches.turn("robin", search_id) is Turn.MOST


async def test_a_text_is_known_to_one_person_for_a_while(searches: Searches, clock: Clock) -> None:
    """Nobody else gets it by its id, and not all of them are kept."""
    text_id = searches.keep_text("robin", "kim@example.com")

    assert searches.text("robin", text_id) == "kim@example.com"
    assert searches.text("kim", text_id) == ""
    clock.now += TEXT_SECONDS
    assert searches.text("robin", text_id) == ""
    first = searches.keep_text("robin", "first")
    for number in range(TEXTS):
        searches.keep_text("robin", str(number))
    assert searches.text("robin", first) == ""
