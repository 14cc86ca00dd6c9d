"""What nobody has published can be had either way, so that those who use it are tested with both."""

from collections.abc import Mapping
from typing import Any

import httpx2

from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform

TOKEN = "an-invented-token"


def form(**fields: str) -> Mapping[str, str]:
    """A subscription's."""
    return {"event_type": "note_created", "callback_url": "https://a.example.com", "callback_token": "t"} | fields


async def asked(behaviour: Behaviour, *forms: Mapping[str, str]) -> list[Any]:
    """The status and body of each creation, and of the list at the end."""
    async with SimulatedPlatform(behaviour) as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        url = f"{platform.url}/webhook_subscriptions"
        answers = [await http.post(url, data=each) for each in forms]
        return [(answer.status_code, answer.json()) for answer in (*answers, await http.get(url))]


async def test_a_second_one_of_a_kind_is_taken_or_refused() -> None:
    """By default both are there, as a rotation wants it; or the second one is invalid, unless its URL differs."""
    forms = form(), form(callback_token="u"), form(callback_url="https://a.example.com?by=2")

    by_default = await asked(Behaviour(), *forms)
    strict = await asked(Behaviour(one_of_a_kind=True), *forms)

    assert [status for status, _ in by_default] == [200] * 4
    assert [status for status, _ in strict] == [200, 422, 200, 200]
    assert strict[1][1] == {"errors": {"event_type": ["has already been taken"]}}


async def test_tokens_are_shown_or_hidden() -> None:
    """When it is created and when it is listed."""
    (_, made), (_, listed) = await asked(Behaviour(shown_tokens=False), form())
    (_, open_made), (_, open_listed) = await asked(Behaviour(), form())

    assert made["data"]["callback_token"] is listed["data"][0]["callback_token"] is None
    assert open_made["data"]["callback_token"] == open_listed["data"][0]["callback_token"] == "t"


async def test_it_may_be_another_team() -> None:
    """What somebody sees who was given the token of another team."""
    (_, made), _ = await asked(Behaviour(tenant_id=77), form())

    assert made["data"]["tenant_id"] == 77
