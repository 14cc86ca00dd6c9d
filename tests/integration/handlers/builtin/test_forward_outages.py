"""Endpoints that are redeployed, and events that no endpoint can take: a real worker, a real store."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from salesloft_webhooks.broker.administration.groups import resume
from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing.pipeline import Pipeline, pipeline
from tests.support.standins.http import Answer, Request, StandIn

GROUP = "forward-billing"
MANY = 500
"""Far more events than come until eight have used up their attempts."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nothing but errors is logged: a traceback for each of hundreds of refusals would stop the loop for seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture
async def endpoint() -> AsyncIterator[StandIn]:
    """An endpoint that takes everything."""
    async with StandIn().running() as standin:
        yield standin


@asynccontextmanager
async def forwarding(endpoint: StandIn, folder: Path, **settings: Any) -> AsyncIterator[Pipeline]:
    """A whole pipeline that forwards to the endpoint, with pauses of a fifth of a second."""
    section = {
        "url": endpoint.url,
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "allow_private_addresses": True,
        "breaker_seconds": 0.2,
    }
    file = folder / "handlers.yaml"
    file.write_text(yaml.safe_dump({"forward": {"billing": section}}))
    (router,) = load_group(GROUP, (), Settings.load(handlers_file=file, **settings)).routers
    async with pipeline(router, group=GROUP, **settings) as running:
        yield running


async def deliver(running: Pipeline, count: int, **data: Any) -> None:
    """That many events, each of its own person."""
    for number in range(count):
        await running.deliver("person.created", {"id": number + 1, **data})


@pytest.mark.parametrize("status", [302, 401, 404, 413, 503])
async def test_sixty_events_survive_a_redeployment(endpoint: StandIn, tmp_path: Path, status: int) -> None:
    """While the endpoint refuses everything for two seconds nothing dies, with ten attempts over some seconds."""
    endpoint.respond = lambda _request: Answer(status, headers={"Retry-After": "0"})
    async with forwarding(
        endpoint, tmp_path, max_attempts=10, backoff_base_seconds=0.4, backoff_cap_seconds=0.8
    ) as running:
        await deliver(running, 60)
        await asyncio.sleep(2)
        endpoint.respond = lambda _request: Answer(200)
        await running.settled(seconds=30)

        assert [letter.event_id for letter in await running.dead_letters()] == []


async def test_an_endpoint_cannot_use_up_the_attempts_of_an_event(endpoint: StandIn, tmp_path: Path) -> None:
    """One that asks for a retry at once, each time, is still asked as rarely as the back-off says."""
    endpoint.respond = lambda _request: Answer(404, headers={"Retry-After": "0"})
    async with forwarding(
        endpoint, tmp_path, max_attempts=24, backoff_base_seconds=60, backoff_cap_seconds=60
    ) as running:
        await deliver(running, 1)
        await asyncio.sleep(1)

        assert await running.dead_letters() == []
        assert len(endpoint.requests) < 5


async def test_what_an_endpoint_never_takes_dies_and_holds_up_nobody(endpoint: StandIn, tmp_path: Path) -> None:
    """Eight events are always refused, more than open the breaker: they die, and what comes meanwhile passes."""
    taken = set()

    def picky(request: Request) -> Answer:
        data = json.loads(request.body)["data"]
        if data.get("huge"):
            return Answer(413)
        taken.add(data["id"])
        return Answer(200)

    endpoint.respond = picky
    async with forwarding(endpoint, tmp_path, max_attempts=4) as running:
        await deliver(running, 8, huge=True)
        others = 0
        while len(await running.dead_letters()) < 8 and others < MANY:
            others += 1
            await running.deliver("person.created", {"id": others})
            await asyncio.sleep(0.02)
        await running.settled(seconds=30)
        letters = await running.dead_letters()

    assert taken == set(range(1, others + 1))
    assert [letter.error for letter in letters] == ["Retry: forward answered 413"] * 8


async def test_an_endpoint_that_is_gone_goes_on_soon_after_it_is_resumed(endpoint: StandIn, tmp_path: Path) -> None:
    """The pause is a day, but the events that ran into it are due some seconds after a person ends it."""
    endpoint.respond = lambda _request: Answer(410)
    async with forwarding(endpoint, tmp_path) as running, open_store(running.settings) as store:
        await deliver(running, 3)
        until = 0
        for _ in range(500):
            if (until := await store.client.pttl(f"sl:{{0}}:g:{GROUP}:pause")) > 0:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # what still runs ends, and pauses the group once more
        endpoint.respond = lambda _request: Answer(200)
        assert await resume(store, GROUP)
        await running.settled(seconds=30)

        assert until > 86_000_000
        assert await running.dead_letters() == []
