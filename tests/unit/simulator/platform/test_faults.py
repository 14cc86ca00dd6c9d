"""What can be ordered to go wrong: for so many requests, or for a while."""

import time

import httpx2
import pytest

from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform

TOKEN = "an-invented-token"


async def statuses(platform: SimulatedPlatform, count: int, path: str = "/people") -> list[int]:
    """What so many requests are answered."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        return [(await http.get(platform.url + path)).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.REVOKED, 401), (Fault.FORBIDDEN, 403), (Fault.ERROR, 500), (Fault.SPENT, 429)],
    ids=str,
)
async def test_a_fault_lasts_for_a_while(fault: Fault, status: int) -> None:
    """All requests to a path fail until its time is over, those to other paths do not; then all is well by itself."""
    now = [1_000.0]
    async with SimulatedPlatform(Behaviour(clock=lambda: now[0])) as platform:
        platform.access.allow(TOKEN)
        platform.faults.order(fault, path="/v2/people", during_seconds=3_600)

        during = await statuses(platform, 3)
        elsewhere = await statuses(platform, 1, "/notes") if fault is not Fault.SPENT else [200]
        now[0] += 3_600
        after = await statuses(platform, 1)

    assert (during, elsewhere, after) == ([status] * 3, [200], [200])
    assert not platform.faults.orders


async def test_a_counted_fault_is_used_up() -> None:
    """So many requests fail, and the next one does not."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        platform.faults.order(Fault.REVOKED, times=2)

        assert await statuses(platform, 3) == [401, 401, 200]
        assert platform.faults.left == 0


async def test_a_throttled_answer_says_how_long() -> None:
    """429 with the Retry-After that was ordered, though the behaviour documents none."""
    async with SimulatedPlatform() as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        platform.faults.order(Fault.SPENT, wait_seconds=7)
        answer = await http.get(f"{platform.url}/people", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


async def test_a_slow_answer_is_right_but_late() -> None:
    """Latency: the same answer, after the ordered time."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        platform.faults.order(Fault.SLOW, wait_seconds=0.3)
        began = time.monotonic()

        assert await statuses(platform, 1) == [200]

    assert time.monotonic() - began >= 0.3


async def test_the_end_waits_for_no_slow_answer() -> None:
    """An hour of latency does not hold up whoever leaves."""
    began = time.monotonic()
    async with SimulatedPlatform() as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        platform.faults.order(Fault.SLOW, wait_seconds=3_600)
        with pytest.raises(httpx2.TimeoutException):
            await http.get(f"{platform.url}/people", timeout=0.2)

    assert time.monotonic() - began < 10


async def test_faults_can_be_taken_back() -> None:
    """Then all is well at once."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        platform.faults.order(Fault.ERROR, during_seconds=3_600)
        platform.faults.clear()

        assert await statuses(platform, 1) == [200]
