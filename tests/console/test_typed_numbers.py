"""Buttons that do something to more than a hundred things want their number typed, and nothing is done without it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.console.form import TYPED_ABOVE
from salesloft_webhooks.console.pages import replay
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.console.served import counted
from tests.console.test_role_matrix import OURS, served
from tests.support.broker_driver import Driven
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

COUNT = TYPED_ABOVE + 1
HER = "4711"


@pytest.fixture
async def client(valkey: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who may do everything."""
    async with served(valkey) as (running, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        yield running


@pytest.fixture
async def driven(valkey: Server, client: httpx2.AsyncClient) -> AsyncIterator[Driven]:
    """Her events, one more than a hundred."""
    settings = Settings.load(redis_url=valkey.url)
    events = tuple(NewEvent(f"e{at}", "person.updated", f"person:{HER}", "2026", b'{"id":1}') for at in range(COUNT))
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for at in range(0, COUNT, 100):
            await publisher.publish(NewDelivery("default", events[at : at + 100]))
        yield Driven(store, settings, valkey)


async def refused_until_typed(client: httpx2.AsyncClient, path: str, fields: dict[str, Any]) -> None:
    """The form is refused without the number and with another one, and done with it."""
    for typed in ({}, {"confirm": ""}, {"confirm": str(COUNT - 1)}, {"confirm": f"{COUNT}0"}):
        refused = await client.post(path, data={**fields, **typed}, headers=OURS)
        assert refused.status_code == 400, typed
        assert f"this would be {COUNT} now" in refused.text
    assert (await client.post(path, data={**fields, "confirm": str(COUNT)}, headers=OURS)).status_code == 303


async def counted_replay(client: httpx2.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the page says that a replay of her events would do, and the form that it has then."""
    found = (await counted(client, f"/api/v1/replay?group=crm&person={HER}")).json()
    return found["forecast"], {**dict(found["pairs"]), "digest": found["forecast"]["digest"]}


async def test_a_replay_is_confirmed(client: httpx2.AsyncClient, driven: Driven) -> None:
    """As many as would be replayed."""
    await driven.handle(await driven.group("crm", "two"), 2 * COUNT)

    forecast, fields = await counted_replay(client)

    assert forecast["outcomes"] == {"replayed": COUNT}
    await refused_until_typed(client, "/replay", fields)


async def test_a_replay_that_is_counted_in_part_is_not_begun(
    client: httpx2.AsyncClient, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever posts what was counted in part, with its digest, does not get more than was shown: nothing is begun."""
    await driven.handle(await driven.group("crm", "two"), 2 * COUNT)
    monkeypatch.setattr(replay, "PATIENCE_SECONDS", -1.0)
    forecast, fields = await counted_replay(client)

    refused = await client.post("/replay", data=fields, headers=OURS)

    assert forecast["whole"] is False
    assert refused.status_code == 400
    assert "look at it again" in refused.text
    assert (await client.get("/api/v1/runs")).json()["runs"] == []


@pytest.mark.parametrize("act", ["redrive", "discard"])
async def test_letters_are_confirmed(act: str, client: httpx2.AsyncClient, driven: Driven) -> None:
    """As many as match."""
    await driven.kill(await driven.group("crm", "two"), 2 * COUNT)
    found = (await counted(client, f"/api/v1/dead/confirm?group=crm&act={act}&person={HER}")).json()

    assert found["count"] == COUNT
    await refused_until_typed(client, f"/dead/{act}", dict(found["fields"]))


async def test_an_erasure_is_confirmed(client: httpx2.AsyncClient, driven: Driven) -> None:
    """As many as are erased."""
    assert await driven.store.client.xlen("sl:{0}:events") > COUNT

    await refused_until_typed(client, "/erase", {"person": HER})

    assert await driven.store.client.xlen("sl:{0}:events") < COUNT
