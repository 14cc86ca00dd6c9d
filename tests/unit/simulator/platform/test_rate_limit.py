"""The simulated rate limit: units a minute, refusals, and what they say."""

import httpx2
import pytest

from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform

TOKEN = "an-invented-token"


@pytest.mark.parametrize("retry_after", [True, False], ids=["says how long", "says nothing"])
async def test_what_is_too_much_is_refused(*, retry_after: bool) -> None:
    """Deep pages cost their price; what is left is said; the next minute begins anew."""
    now = [1_000.0]
    behaviour = Behaviour(per_minute=40, retry_after=retry_after, clock=lambda: now[0])
    async with SimulatedPlatform(behaviour) as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        one = await http.get(f"{platform.url}/people", params={"page": "1"})
        deep = await http.get(f"{platform.url}/people.json", params={"page": "501"})
        refused = await http.get(f"{platform.url}/people", params={"page": "501"})
        now[0] += 20.0
        again = await http.get(f"{platform.url}/people")

    said = [
        (
            answer.status_code,
            answer.headers["x-ratelimit-endpoint-cost"],
            answer.headers["x-ratelimit-remaining-minute"],
        )
        for answer in (one, deep, refused, again)
    ]
    assert said == [(200, "1", "39"), (200, "30", "9"), (429, "30", "9"), (200, "1", "39")]
    assert refused.headers.get("retry-after") == ("20" if retry_after else None)
    assert platform.rate_limit.spent == 32
