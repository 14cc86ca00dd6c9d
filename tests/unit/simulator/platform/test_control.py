"""The second port, for tests: what can be looked at, and interfered with."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.unit.simulator.platform.test_deliveries import QUICK

TOKEN = "an-invented-token"


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """One with a second port, in which nothing happens by itself."""
    async with SimulatedPlatform(QUICK, control_port=0, seed=6) as platform:
        platform.access.allow(TOKEN)
        yield platform


@pytest.fixture
async def control(platform: SimulatedPlatform) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the second port."""
    async with httpx2.AsyncClient(base_url=platform.control_url) as client:
        yield client


async def listed(platform: SimulatedPlatform, path: str = "/people", token: str = TOKEN) -> httpx2.Response:
    """What SalesLoft's API answers."""
    async with httpx2.AsyncClient() as http:
        return await http.get(platform.url + path, headers={"Authorization": f"Bearer {token}"})


async def test_the_api_has_nothing_of_it(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """SalesLoft's port has what SalesLoft has, and nothing else; the second one has nothing of SalesLoft's."""
    for path in ("/account", "/faults", "/changes"):
        assert (await listed(platform, path)).status_code == 404
        assert (await control.get(path)).status_code == 200
    assert (await control.get("/v2/people")).status_code == 404


async def test_what_happened_can_be_read(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """So many changes happen when that is asked for, of a type or of any; the account and their list tell of them."""
    created = (await control.post("/changes", json={"count": 3, "event": "note_created"})).json()
    told = (await control.post("/changes", json={"count": 2})).json()
    changes = (await control.get("/changes", params={"after": "2", "limit": "2"})).json()

    assert created["events"]["note_created"]["unsubscribed"] == 3
    assert (told["changes"], told["subscriptions"], told["rate"]) == (5, {"all": 0, "enabled": 0}, 0)
    assert [each["number"] for each in changes] == [3, 4]
    assert changes[0].keys() == {"number", "event", "resource", "updated_at", "outcome", "deliveries"}
    assert (await control.get("/account")).json() == told == platform.summary()


async def test_the_load_can_be_switched(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """The rate is what was put."""
    assert (await control.put("/load", json={"rate": 0.001})).json()["rate"] == platform.load.rate == 0.001
    assert (await control.put("/load", json={"rate": 0})).json()["rate"] == platform.load.rate == 0


async def test_mails_can_be_sent(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """Each says what it was answered, and where its links lead: to themselves where nobody is asked."""
    (unasked,) = (await control.post("/mails", json={})).json()
    form = {"event_type": "link_swap", "callback_url": "http://127.0.0.1:9/swap", "callback_token": "t"}
    platform.subscriptions.create(form)
    unanswered = (await control.post("/mails", json={"count": 2})).json()

    assert [each["status"] for each in (unasked, *unanswered)] == [None] * 3
    assert all(each["links"] == {link: link for link in each["links"]} != {} for each in (unasked, *unanswered))
    assert unasked["waited_seconds"] == 0.0 < unanswered[0]["waited_seconds"]


async def test_faults_can_be_ordered(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """An order is listed until it is used up or taken back, and does what it says meanwhile."""
    order = {"fault": "spent", "path": "/v2/people", "during_seconds": 60, "wait_seconds": 9}
    orders = (await control.post("/faults", json=order)).json()
    during = await listed(platform)
    await control.delete("/faults")
    left = (await control.get("/faults")).json()

    assert [(each["fault"], each["path"], each["wait_seconds"]) for each in orders] == [("spent", "/v2/people", 9.0)]
    assert (during.status_code, during.headers["Retry-After"]) == (429, "9")
    assert left == []


async def test_tokens_can_be_revoked(platform: SimulatedPlatform, control: httpx2.AsyncClient) -> None:
    """A revoked one is refused from then on, a new one is taken."""
    await control.post("/tokens", json={"revoke": TOKEN, "allow": "another"})

    assert (await listed(platform)).status_code == 401
    assert (await listed(platform, token="another")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faults", {"fault": "no such"}),
        ("POST", "/faults", {"fault": "error", "time": 3}),
        ("POST", "/changes", {"count": 3, "event": "no_such"}),
        ("POST", "/changes", {"count": 3, "event": "link_swap"}),
        ("POST", "/changes", {"count": 1_000_000}),
        ("POST", "/mails", {"count": 1_000_000}),
        ("PUT", "/load", {"rate": -1}),
        ("PUT", "/load", []),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(
    platform: SimulatedPlatform, control: httpx2.AsyncClient, method: str, path: str, body: Any
) -> None:
    """With a sentence that says why, and nothing is done."""
    answer = await control.request(method, path, json=body)

    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10
    assert (platform.load.rate, platform.faults.orders, len(platform.deliveries.account.changes)) == (0, [], 0)
