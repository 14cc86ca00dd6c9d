"""What forms about follow-ups refuse: what was not counted, what is no question, what whoever asks may not do."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.console.form import TYPED_ABOVE
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.settings import Settings
from tests.console.served import counted
from tests.console.test_role_matrix import OURS, Anybody, served
from tests.console.test_typed_numbers import refused_until_typed
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

COUNT = TYPED_ABOVE + 1
CONFIRM = "/api/v1/follow-ups/confirm?group=notify"


@pytest.fixture
async def console(valkey: Server) -> AsyncIterator[tuple[httpx2.AsyncClient, Anybody, Driven]]:
    """Somebody who may do everything, and a store in which more than a hundred of `notify` wait."""
    settings = Settings.load(redis_url=valkey.url)
    async with served(valkey) as (client, sign_in), open_store(settings) as store:
        sign_in.who = Person("robin", frozenset(Role))
        driven = Driven(store, settings, valkey)
        await driven.group("notify")
        for person in range(COUNT):
            await let_one_wait(store, person, group="notify")
        yield client, sign_in, driven


async def form(client: httpx2.AsyncClient) -> dict[str, Any]:
    """What the page posts."""
    return dict((await counted(client, CONFIRM)).json()["fields"])


async def test_the_number_is_typed(console: tuple[httpx2.AsyncClient, Anybody, Driven]) -> None:
    """Of more than a hundred; then a run begins, about as many."""
    client, _, _ = console
    fields = await form(client)

    await refused_until_typed(client, "/follow-ups/cancel-all", fields)

    (run,) = (await client.get("/api/v1/runs")).json()["runs"]
    assert (run["kind"], run["group"], run["total"]) == ("cancel", "notify", COUNT)


async def test_fewer_than_were_counted_may_be_left(console: tuple[httpx2.AsyncClient, Anybody, Driven]) -> None:
    """Some begin while somebody reads the page: the rest is cancelled, and no new one with it."""
    client, _, driven = console
    fields = await form(client)
    first = (await client.get("/api/v1/follow-ups?group=notify")).json()["rows"][0]["follow_up"]
    assert (await client.post(f"/follow-ups/{first}/run", headers=OURS)).status_code == 303
    await let_one_wait(driven.store, 5_000, group="notify")

    begun = await client.post("/follow-ups/cancel-all", data={**fields, "confirm": str(COUNT)}, headers=OURS)

    assert begun.status_code == 303
    (run,) = (await client.get("/api/v1/runs")).json()["runs"]
    assert run["total"] == COUNT - 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"count": "3", "confirm": ""}, id="fewer than there are"),
        pytest.param({"asked": "0"}, id="asked for whenever"),
        pytest.param({"asked": ""}, id="until no time"),
        pytest.param({"asked": "1"}, id="before any was"),
        pytest.param({"group": ""}, id="of no group"),
        pytest.param({"group": "nobody"}, id="of a group without any"),
        pytest.param({"task": "nobody's"}, id="another selection"),
    ],
)
async def test_what_was_not_counted_is_not_cancelled(
    console: tuple[httpx2.AsyncClient, Anybody, Driven], change: dict[str, str]
) -> None:
    """Whoever changes the form gets nothing done that no page has shown."""
    client, _, _ = console
    fields = {**await form(client), "confirm": str(COUNT), **change}

    assert (await client.post("/follow-ups/cancel-all", data=fields, headers=OURS)).status_code == 400
    assert (await client.get("/api/v1/runs")).json()["runs"] == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("key=ada@crm.example", "in a terminal", id="an address as a key"),
        pytest.param("person=ada@crm.example", "which is a number", id="an address as a person"),
        pytest.param("until=soon", "is no time", id="no time"),
        pytest.param("after=somewhere", "a place in this list", id="no place"),
        pytest.param(f"task={'x' * 201}", "at most 200", id="too long"),
    ],
)
async def test_what_is_no_question_is_refused_in_words(
    console: tuple[httpx2.AsyncClient, Anybody, Driven], query: str, words: str
) -> None:
    """And an address that was typed is not shown again."""
    client, _, _ = console

    found = await client.get(f"/follow-ups?{query}")

    assert found.status_code == 400
    assert words in found.text
    assert "ada@crm.example" not in found.text.split("<main", 1)[1]


async def test_who_may_not_sees_no_button(console: tuple[httpx2.AsyncClient, Anybody, Driven]) -> None:
    """Whoever may only look is offered nothing; who may operate is not offered what cannot be taken back."""
    client, sign_in, _ = console
    first = (await client.get("/api/v1/follow-ups")).json()["rows"][0]["follow_up"]
    offered = {}
    for role in (Role.VIEW, Role.OPERATE, Role.DESTROY):
        sign_in.who = Person("robin", frozenset({Role.VIEW, role}))
        one = (await client.get(f"/follow-ups/{first}")).text
        everything = (await client.get("/follow-ups?group=notify")).text
        confirm = (await counted(client, "/follow-ups/confirm?group=notify")).text
        offers = (
            one.count('/run"'),
            one.count('/cancel"'),
            everything.count("Cancel all"),
            confirm.count("/cancel-all"),
        )
        offered[role] = tuple(map(bool, offers))

    assert offered == {
        Role.VIEW: (False, False, False, False),
        Role.OPERATE: (True, False, False, False),
        Role.DESTROY: (False, True, True, True),
    }
