"""Deliveries of the simulator against what SalesLoft has published of its webhooks (`published/`)."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from aiohttp import web

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.simulator.platform import Behaviour, Outcome, SimulatedPlatform
from tests.unit.salesloft.conftest import TOKEN
from tests.unit.salesloft.description import GUIDES, misfits, schema_of
from tests.unit.salesloft.test_contract import UNPUBLISHED_FIELDS

PUBLISHED = GUIDES["webhooks"]


@dataclass
class Subscriber:
    """Whoever SalesLoft posts to: it knows nothing of our code, and keeps what came.

    Attributes:
        status: What it answers.
        url: Its address.
        requests: Method, headers and body of each delivery, and when it came.
    """

    status: int = 200
    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes, float]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a delivery."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        now = asyncio.get_running_loop().time()
        self.requests.append((request.method, headers, await request.read(), now))
        return web.Response(status=self.status)


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    """One that listens."""
    subscriber = Subscriber()
    application = web.Application()
    application.router.add_route("*", "/hook", subscriber.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    subscriber.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield subscriber
    await runner.cleanup()


def register(platform: SimulatedPlatform, subscriber: Subscriber, event: str) -> None:
    """Subscribe to an event."""
    form = {"event_type": event, "callback_url": subscriber.url, "callback_token": "a-token-ü"}
    record, problems = platform.subscriptions.create(form)
    assert record, problems


def test_the_event_types_are_the_published_ones() -> None:
    """What can be subscribed to, in the simulator and in our dialect, is what SalesLoft's page lists."""
    assert set(DOTTED) == set(PUBLISHED["event_types"])


def test_retries_are_as_published() -> None:
    """As many attempts, as far apart."""
    assert Behaviour().attempts == PUBLISHED["attempts"]
    assert Behaviour().retry_seconds == PUBLISHED["retry_seconds"]


async def test_a_delivery_is_signed_as_published(subscriber: Subscriber) -> None:
    """Method, headers and signature: checked by the standard library from the page's words, not by our dialect."""
    async with SimulatedPlatform(seed=4) as platform:
        for event in ("person_created", "email_updated"):
            register(platform, subscriber, event)
        platform.load.burst(200)
        await platform.deliveries.settled()

    assert len(subscriber.requests) > 10
    for method, headers, body, _ in subscriber.requests:
        expected = hmac.new("a-token-ü".encode(), body, PUBLISHED["signature"]["digest"]).hexdigest()
        own = {name for name in headers if name.startswith("x-")}

        assert method == PUBLISHED["method"]
        assert own == set(PUBLISHED["headers"])
        assert headers["x-salesloft-signature"] == expected
        assert headers["x-salesloft-event"] in PUBLISHED["event_types"]
    assert hashlib.new(PUBLISHED["signature"]["digest"]).digest_size == 20


async def test_attempts_are_repeated_as_published(subscriber: Subscriber) -> None:
    """Byte for byte, so many times, so far apart; then it has failed. A hundredth of the time stands for it."""
    subscriber.status = 503
    behaviour = Behaviour(retry_seconds=PUBLISHED["retry_seconds"] / 100)
    async with SimulatedPlatform(behaviour) as platform:
        register(platform, subscriber, "note_created")
        platform.load.burst(1, "note_created")
        await platform.deliveries.settled()

    times = [when for *_, when in subscriber.requests]
    assert len(subscriber.requests) == PUBLISHED["attempts"]
    assert len({body for _, _, body, _ in subscriber.requests}) == 1
    assert all(later - earlier >= behaviour.retry_seconds for earlier, later in pairwise(times))
    assert [each.outcome for each in platform.deliveries.account.changes] == [Outcome.LOST]


async def test_a_delivery_is_the_record_that_the_list_shows(subscriber: Subscriber) -> None:
    """One record, with the fields of the list's schema, and equal to the list's row: `updated_at` above all."""
    async with SimulatedPlatform(seed=4) as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        for event in ("person_created", "person_updated"):
            register(platform, subscriber, event)
        platform.load.burst(200)
        await platform.deliveries.settled()
        answer = await http.get(f"{platform.url}/people", params={"per_page": "100"})

    known: dict[Any, Any] = {}
    for _, _, body, _ in sorted(subscriber.requests, key=lambda each: str(json.loads(each[2])["updated_at"])):
        record = json.loads(body)
        published = {name: value for name, value in record.items() if name not in UNPUBLISHED_FIELDS["/people"]}
        assert list(misfits(published, schema_of("/people"))) == []
        known[record["id"]] = record
    rows = {row["id"]: row for row in answer.json()["data"]}
    assert len(rows) > 5
    assert all(known[identity] == row for identity, row in rows.items())
