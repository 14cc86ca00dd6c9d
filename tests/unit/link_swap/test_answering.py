"""SalesLoft's side is answered in time, whatever a function that computes links does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from salesloft_webhooks.link_swap.answering import LinkSwaps
from salesloft_webhooks.link_swap.circuit import FAILURES
from salesloft_webhooks.link_swap.request import LinkSwap, read
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.telemetry import LinkSwapOutcome, LinkSwapReason, LinkSwapTelemetry
from salesloft_webhooks.telemetry.link_swap_telemetry import LINK_SWAPS
from tests.support.virtual_time import in_virtual_time

OLD, NEW = "https://example.com/a", "https://t.example/1"
BUDGET = 0.2


def request(number: int = 0) -> LinkSwap:
    """Different for each number."""
    return read(str(number).encode(), {"links": [OLD]})


def swaps(swapper: Callable[[LinkSwap], Awaitable[Any]], **settings: Any) -> LinkSwaps:
    """An answerer with a small budget."""
    made = LinkSwapSettings(link_swap_timeout_seconds=BUDGET, link_swap_allowed_hosts=("*",), **settings)
    return LinkSwaps(swapper, made, LinkSwapTelemetry())


def counted(reason: LinkSwapReason, outcome: str = "identity") -> float:
    """How many answers there were for the reason."""
    return LINK_SWAPS.labels(outcome, reason)._value.get()  # type: ignore[no-any-return]


async def good(_request: LinkSwap) -> dict[str, object]:
    """Answers."""
    return {OLD: NEW}


async def hangs(_request: LinkSwap) -> dict[str, object]:
    """Never answers."""
    await asyncio.Event().wait()
    return {}


async def breaks(_request: LinkSwap) -> dict[str, object]:
    """Fails."""
    raise RuntimeError("robin@example.com")


async def unstoppable(_request: LinkSwap) -> dict[str, object]:
    """Never answers, and does not let itself be cancelled at once."""
    now = asyncio.get_running_loop().time
    until = now() + 3 * BUDGET
    while now() < until:
        try:
            await asyncio.sleep(until - now())
        except asyncio.CancelledError:
            continue
    return {}


async def test_an_answer_in_time_is_used() -> None:
    """The new link for the old one."""
    assert (await swaps(good).answer(request(), 0.0)).links == {OLD: NEW}


@pytest.mark.parametrize("swapper", [hangs, unstoppable])
@in_virtual_time
async def test_the_budget_ends_what_takes_too_long(swapper: Callable[[LinkSwap], Awaitable[Any]]) -> None:
    """Each link is answered with itself, whether or not the function can be stopped."""
    before = counted(LinkSwapReason.TIMEOUT)

    assert (await swaps(swapper).answer(request(), 0.0)).links == {OLD: OLD}

    assert asyncio.get_running_loop().time() == pytest.approx(BUDGET)
    assert counted(LinkSwapReason.TIMEOUT) == before + 1


@in_virtual_time
async def test_what_is_spent_already_is_no_longer_there() -> None:
    """The budget counts from the request, not from the end of its body."""
    asked = []

    async def note(request: LinkSwap) -> dict[str, object]:
        asked.append(request)
        return {OLD: NEW}

    assert (await swaps(note).answer(request(), BUDGET)).links == {OLD: OLD}
    assert not asked


@pytest.mark.parametrize(("what", "answer"), [("identity", {OLD: OLD}), ("empty", {}), ("error", None)])
async def test_the_settings_say_what_a_failure_is_answered_with(what: str, answer: object) -> None:
    """The links themselves, none, or an error."""
    assert (await swaps(breaks, link_swap_on_failure=what).answer(request(), 0.0)).links == answer


async def test_a_swapper_that_fails_is_left_alone() -> None:
    """After five failures the fallback comes at once."""
    answering = swaps(breaks)
    for number in range(FAILURES):
        await answering.answer(request(number), 0.0)
    before = counted(LinkSwapReason.CIRCUIT_OPEN)

    assert (await answering.answer(request(FAILURES), 0.0)).links == {OLD: OLD}

    assert counted(LinkSwapReason.CIRCUIT_OPEN) == before + 1


@in_virtual_time
async def test_only_so_many_are_asked_for_at_once() -> None:
    """One that cannot be stopped counts until it ends, though it was answered long ago."""
    answering = swaps(unstoppable, link_swap_concurrency=1)
    await answering.answer(request(1), 0.0)
    before, began = counted(LinkSwapReason.TOO_MANY), asyncio.get_running_loop().time()

    assert (await answering.answer(request(2), 0.0)).links == {OLD: OLD}

    assert asyncio.get_running_loop().time() == began
    assert counted(LinkSwapReason.TOO_MANY) == before + 1
    await asyncio.sleep(3 * BUDGET)
    before = counted(LinkSwapReason.TIMEOUT)
    await answering.answer(request(3), 0.0)
    assert counted(LinkSwapReason.TIMEOUT) == before + 1


async def test_the_same_question_gets_the_same_answer() -> None:
    """A repeat asks nobody."""
    asked = []

    async def count(request: LinkSwap) -> dict[str, object]:
        asked.append(request)
        return {OLD: f"{NEW}/{len(asked)}"}

    answering = swaps(count)

    first, again, other = [(await answering.answer(request(number), 0.0)).links for number in (1, 1, 2)]

    assert first == again == {OLD: f"{NEW}/1"}
    assert other == {OLD: f"{NEW}/2"}


async def test_an_error_is_not_remembered() -> None:
    """Whoever is told to come again may be answered then."""
    works: list[bool] = []

    async def later(_request: LinkSwap) -> dict[str, object]:
        if not works:
            raise RuntimeError
        return {OLD: NEW}

    answering = swaps(later, link_swap_on_failure="error")
    assert (await answering.answer(request(), 0.0)).links is None
    works.append(True)

    assert (await answering.answer(request(), 0.0)).links == {OLD: NEW}


@in_virtual_time
async def test_the_end_of_the_process_is_answered_too() -> None:
    """A mail does not wait for the next one to start."""
    answering = asyncio.create_task(swaps(hangs).answer(request(), 0.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    answering.cancel()

    assert (await answering).links == {OLD: OLD}


async def test_a_mail_without_links() -> None:
    """There is nothing to ask for."""
    assert (await swaps(breaks).answer(read(b"{}", {"links": []}), 0.0)).links == {}


async def test_many_links_do_not_take_longer_than_there_is_time() -> None:
    """Judging them counts: a swapper that is nearly late with links that take long to read is still in time."""
    asked = [f"https://example.com/{number}" for number in range(20_000)]
    given = {old: f"https://b\u00fccher{number}.example/" for number, old in enumerate(asked)}

    async def late(_request: LinkSwap) -> dict[str, object]:
        await asyncio.sleep(BUDGET / 2)
        return dict(given)

    began = time.monotonic()
    answered = await swaps(late).answer(read(b"{}", {"links": asked}), 0.0)

    assert answered.outcome is LinkSwapOutcome.PARTIAL
    assert list(answered.links or {}) == asked
    assert time.monotonic() - began < 3 * BUDGET


@in_virtual_time
async def test_a_question_that_is_under_way_twice_is_answered_once() -> None:
    """SalesLoft may repeat it before the first has its answer: both get the one that is first."""
    asked = []

    async def count(request: LinkSwap) -> dict[str, object]:
        asked.append(request)
        number = len(asked)
        await asyncio.sleep(BUDGET / 4 * number)
        return {OLD: f"{NEW}/{number}"}

    answering = swaps(count)

    first, second = await asyncio.gather(answering.answer(request(), 0.0), answering.answer(request(), 0.0))

    assert first.links == second.links == {OLD: f"{NEW}/1"}
    assert (first.reason, second.reason) == (LinkSwapReason.ANSWERED, LinkSwapReason.REPEATED)


async def test_a_defect_of_ours_leaves_the_links_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail goes out all the same, and it counts as a failure."""
    monkeypatch.setattr("salesloft_webhooks.link_swap.answering.swap", None)
    before = counted(LinkSwapReason.FAILED)

    assert (await swaps(good).answer(request(), 0.0)).links == {OLD: OLD}

    assert counted(LinkSwapReason.FAILED) == before + 1


def test_each_way_to_answer_is_counted_from_the_start() -> None:
    """A series that begins with its first failure shows Prometheus no increase, and no alert would fire."""
    LinkSwapTelemetry()

    shown = {tuple(sample.labels.values()) for metric in LINK_SWAPS.collect() for sample in metric.samples}

    assert shown >= {(outcome, reason) for reason in LinkSwapReason for outcome in reason.outcomes}
    assert {(LinkSwapOutcome.ERROR, LinkSwapReason.TIMEOUT), (LinkSwapOutcome.EMPTY, LinkSwapReason.REPEATED)} <= shown
    assert (LinkSwapOutcome.SWAPPED, LinkSwapReason.TIMEOUT) not in shown
