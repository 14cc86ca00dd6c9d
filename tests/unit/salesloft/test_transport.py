"""Requests over real HTTP to a SalesLoft that fails in every way that can be ordered."""

import time
from unittest.mock import AsyncMock

import httpx2
import pytest

from salesloft_webhooks.errors import SalesloftBudgetSpent, SalesloftError, SalesloftUnavailable, SalesloftUnreadable
from salesloft_webhooks.salesloft import LISTS, LocalBudget, Patience
from salesloft_webhooks.salesloft.exchange import NoAnswer
from salesloft_webhooks.salesloft.record_lists import Lists
from salesloft_webhooks.salesloft.transport import Transport
from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from salesloft_webhooks.telemetry import SalesloftTelemetry
from salesloft_webhooks.telemetry.salesloft_telemetry import API_BUDGET_REMAINING, API_REQUESTS, API_WAITED_SECONDS
from tests.unit.salesloft.conftest import TOKEN, Opening, Waits

PEOPLE = LISTS["people"]
PASSING = [Fault.HTML, Fault.HALF, Fault.ERROR, Fault.ERROR_AFTER, Fault.HANG, Fault.TRICKLE, Fault.RESET]


@pytest.mark.parametrize("fault", PASSING, ids=str)
async def test_a_page_survives_a_failure_that_passes(
    opened: Opening, platform: SimulatedPlatform, fault: Fault
) -> None:
    """Reading is repeated, whatever came instead of the answer."""
    platform.faults.order(fault)

    async with opened(patience=Patience(whole_seconds=0.3)) as salesloft:
        page = await salesloft.lists.page(PEOPLE)

    assert page.rows == ()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.HTML, SalesloftUnreadable),
        (Fault.HALF, SalesloftUnreadable),
        (Fault.ERROR, SalesloftUnavailable),
        (Fault.HANG, NoAnswer),
        (Fault.TRICKLE, NoAnswer),
        (Fault.RESET, NoAnswer),
    ],
    ids=str,
)
async def test_a_failure_that_stays_is_ours_in_the_end(
    opened: Opening, platform: SimulatedPlatform, fault: Fault, kind: type[SalesloftError]
) -> None:
    """After three attempts an error of our tree says so, and no other leaks."""
    platform.faults.order(fault, times=99)

    async with opened(patience=Patience(whole_seconds=0.2)) as salesloft:
        with pytest.raises(kind):
            await salesloft.lists.page(PEOPLE)

    assert platform.faults.left == 96


async def test_the_whole_has_a_time_out(opened: Opening, platform: SimulatedPlatform) -> None:
    """An answer that trickles for ever resets every read time-out, and is ended all the same."""
    platform.faults.order(Fault.TRICKLE, times=3)
    began = time.monotonic()

    async with opened(patience=Patience(whole_seconds=0.2)) as salesloft:
        with pytest.raises(SalesloftUnavailable):
            await salesloft.lists.page(PEOPLE)

    assert time.monotonic() - began < 3


async def test_nobody_there_is_certainly_not_done(opened: Opening) -> None:
    """A refused connection did nothing, which even a creation may count on."""
    async with SimulatedPlatform() as gone:
        url = gone.url

    async with opened(salesloft_api_url=url, salesloft_api_token=TOKEN) as salesloft:
        with pytest.raises(SalesloftUnavailable, match="unreachable") as caught:
            await salesloft.subscriptions.create("person_updated", "https://a.example.com", "a-token")

    assert not caught.value.perhaps_done


async def test_a_spent_minute_is_waited_out(opened: Opening, platform: SimulatedPlatform, waits: Waits) -> None:
    """A 429 without Retry-After stops everything until the minute is over, and jitter keeps processes apart."""
    platform.faults.order(Fault.SPENT)
    waits.now = 130.0
    platform.rate_limit.follow(waits.clock)

    async with opened() as salesloft:
        await salesloft.lists.page(PEOPLE)

    assert len(waits.seconds) == 1
    assert 50 <= waits.seconds[0] <= 52


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({}, 60.0),
        ({"Retry-After": "0"}, 60.0),
        ({"Retry-After": "7"}, 7.0),
        ({"x-ratelimit-remaining-minute": "9"}, 60.0),
    ],
    ids=["nothing", "zero", "seconds", "something left"],
)
async def test_no_429_makes_a_busy_loop(waits: Waits, headers: dict[str, str], slept: float) -> None:
    """Whatever a 429 says or does not say, nobody asks again before it makes sense."""
    answers = [httpx2.Response(429, headers=headers), httpx2.Response(200, json={"data": []})]
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: answers.pop(0)), base_url="http://a")
    credentials, budget = AsyncMock(token=AsyncMock(return_value=TOKEN)), LocalBudget(clock=waits.clock)
    transport = Transport(
        http, credentials, budget, Patience(), SalesloftTelemetry(), sleep=waits.sleep, clock=waits.clock
    )

    async with http:
        await Lists(transport).page(PEOPLE)

    (seconds,) = waits.seconds
    assert slept <= seconds <= slept + 2


async def test_retry_after_is_kept(waits: Waits) -> None:
    """Where SalesLoft does say how long, so long nobody asks."""
    budget = LocalBudget(clock=waits.clock)
    _, minute = await budget.reserve(1, 0)

    await budget.report(minute, 599, blocked_seconds=17.0)

    assert await budget.reserve(1, 0) == (17.0, minute)
    waits.now += 17.0
    assert (await budget.reserve(1, 0))[0] == 0.0


async def test_a_wait_that_is_too_long_is_the_callers(opened: Opening, waits: Waits) -> None:
    """A command does not hang for minutes: it is told how long it would take."""
    budget = LocalBudget(1, clock=waits.clock)

    async with opened(budget, Patience(waiting_seconds=10.0)) as salesloft:
        await salesloft.lists.page(PEOPLE)
        with pytest.raises(SalesloftBudgetSpent) as caught:
            await salesloft.lists.page(PEOPLE)

    assert caught.value.after_seconds == 60.0
    assert waits.seconds == []


async def test_the_floor_is_left_for_others(opened: Opening, platform: SimulatedPlatform, waits: Waits) -> None:
    """What SalesLoft says is left counts: the backfill stops while there is enough for everybody else."""
    platform.rate_limit.take(500)

    async with opened(patience=Patience(floor=90, waiting_seconds=1.0)) as salesloft:
        for _ in range(10):
            await salesloft.lists.page(PEOPLE)
        with pytest.raises(SalesloftBudgetSpent):
            await salesloft.lists.page(PEOPLE)

    assert platform.rate_limit.left == 90


async def test_a_deep_page_is_reserved_at_its_price(opened: Opening, platform: SimulatedPlatform) -> None:
    """Page 501 costs 30: with 29 units it is not even asked for."""
    async with opened(LocalBudget(29), Patience(waiting_seconds=0.0)) as salesloft:
        with pytest.raises(SalesloftBudgetSpent):
            await salesloft.lists.page(PEOPLE, page=501)

    assert platform.rate_limit.spent == 0


async def test_a_burst_stays_below_the_limit() -> None:
    """600 units a minute are spent, and not one more: SalesLoft never has to refuse."""
    now = [30.0]
    async with SimulatedPlatform(Behaviour(per_minute=20, clock=lambda: now[0])) as platform:
        platform.access.allow(TOKEN)
        budget = LocalBudget(20, clock=lambda: now[0])
        sent = 0
        for _ in range(100):
            wait, _minute = await budget.reserve(1, 0)
            if wait:
                now[0] += wait
            else:
                assert platform.rate_limit.take(1)
                sent += 1

    assert sent > 80
    assert platform.rate_limit.most == 20


async def test_requests_are_counted_by_their_answers(
    opened: Opening, platform: SimulatedPlatform, waits: Waits
) -> None:
    """Metrics say what was answered, what is left, and how long was waited."""
    counted = {code: API_REQUESTS.labels("GET", code)._value.get() for code in ("200", "500", "429", "unreadable")}
    waited = API_WAITED_SECONDS._value.get()
    for fault in (Fault.ERROR, Fault.HTML):
        platform.faults.order(fault)

    async with opened() as salesloft:
        page = await salesloft.lists.page(PEOPLE)

    more = {code: API_REQUESTS.labels("GET", code)._value.get() - before for code, before in counted.items()}
    assert more == {"200": 2, "500": 1, "429": 0, "unreadable": 1}
    assert API_BUDGET_REMAINING._value.get() == page.remaining == 599
    assert API_WAITED_SECONDS._value.get() == waited
    assert len(waits.seconds) == 2
