"""Dead letters that are thrown away are gone for good."""

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, Discarded
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, discard, find, unchanging
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.selected import each
from tests.support.broker_driver import Driven


async def test_a_discarded_event_never_comes_back(driven: Driven) -> None:
    """It is no dead letter, is not handled, and a repeated delivery changes nothing."""
    group = await driven.group()
    await driven.publish("e1", "e2")
    await driven.kill(group)
    letters = await find(driven.store, "e1")

    outcomes = [outcome async for _, outcome in discard(driven.store, each(letters * 2))]
    await driven.publish("e1")

    assert outcomes == [Discarded.DISCARDED, Discarded.GONE]
    assert [letter.event_id async for letter in dead_letters(driven.store, DeadLetterFilter())] == ["e2"]
    assert await driven.handle(group) == []


async def test_discarding_the_last_letter_of_a_removed_group_forgets_it(driven: Driven) -> None:
    """No name is left of a group that has nothing."""
    await driven.publish("e1")
    await driven.kill(await driven.group())
    await remove(driven.store, "crm", force=True)

    assert [row async for row in discard(driven.store, unchanging(driven.store, DeadLetterFilter()))]

    assert driven.keys("sl:groups") == []
