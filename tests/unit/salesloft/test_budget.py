"""The count of one process, and what becomes of the shared one while the store is away."""

from unittest.mock import AsyncMock, Mock

from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.salesloft.budget import LocalBudget, SharedOrLocalBudget
from tests.unit.salesloft.conftest import Waits


async def test_what_salesloft_says_counts_if_it_is_less(waits: Waits) -> None:
    """Others use the same limit; what they left is what there is, and an answer never gives units back."""
    budget = LocalBudget(10, clock=waits.clock)
    _, minute = await budget.reserve(1, 0)

    await budget.report(minute, 3)
    await budget.report(minute, 9)

    assert [(await budget.reserve(1, 0))[0] for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


async def test_an_answer_of_the_last_minute_says_nothing_about_this_one(waits: Waits) -> None:
    """It may come late; a full minute must not be given away for it."""
    budget = LocalBudget(10, clock=waits.clock)
    _, minute = await budget.reserve(1, 0)

    waits.now = 60.0
    await budget.report(minute, 0)

    assert (await budget.reserve(1, 0))[0] == 0.0


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(1, 30), st.integers(0, 50)), max_size=60))
async def test_no_minute_hands_out_more_than_it_has(steps: list[tuple[float, int, int]]) -> None:
    """Whatever is asked for when, and whatever floor: the floor is left, in each minute."""
    now = [0.0]
    budget = LocalBudget(100, clock=lambda: now[0])
    spent: dict[int, int] = {}
    for seconds, cost, floor in steps:
        now[0] += seconds
        wait, minute = await budget.reserve(cost, floor)
        if not wait:
            spent[minute] = spent.get(minute, 0) + cost
            assert spent[minute] <= 100 - floor
        else:
            assert 0 < wait <= 60.0


async def test_without_the_store_this_process_counts_alone() -> None:
    """Subscriptions are mended while Redis is away: SalesLoft itself refuses what is too much."""
    away = Mock(reserve=AsyncMock(side_effect=StoreUnavailable), report=AsyncMock(side_effect=StoreUnavailable))
    budget = SharedOrLocalBudget(away)
    wait, minute = await budget.reserve(1, 0)
    await budget.report(minute, 0)

    assert wait == 0.0
    assert (await budget.reserve(1, 0))[0] > 0.0
