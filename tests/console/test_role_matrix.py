"""Every route there is, for every role: who gets in, and that looking changes nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.console.application import all_routes, application
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.live import Live
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.console.routes import Action, Page, Stream
from salesloft_webhooks.console.running_searches import Searches
from salesloft_webhooks.console.store_state import StoreState
from salesloft_webhooks.settings import Settings
from tests.console.store_contents import put_one_of_each
from tests.support.servers import Server

ROUTES = all_routes()
OURS = {"Sec-Fetch-Site": "same-origin"}
API = "/api/v1"


class Anybody:
    """Whoever asks is the person that was last set; None: nobody."""

    challenge = "Bearer"
    who: Person | None = None

    async def person(self, _request: Request) -> Person:
        """See `SignIn`."""
        if self.who is None:
            raise NotSignedIn("Nobody")
        return self.who

    def carries_own_proof(self, _request: Request) -> bool:
        """See `SignIn`."""
        return False


@asynccontextmanager
async def served(server: Server) -> AsyncIterator[tuple[httpx2.AsyncClient, Anybody]]:
    """All routes on a store that has one of each."""
    settings = Settings.load(redis_url=SecretStr(server.url))
    async with open_store(settings) as store:
        await put_one_of_each(store, settings, server)
        state, sign_in = StoreState(store), Anybody()
        console = Console(store, settings, asyncio.Event(), Live(store), state.now, state, Searches(store))
        transport = httpx2.ASGITransport(application(console, sign_in, ROUTES))
        async with httpx2.AsyncClient(transport=transport, base_url="http://console.test") as client:
            yield client, sign_in


def filled(path: str) -> str:
    """A path with something in the place of its names."""
    return re.sub(r"\{[^}]*\}", "crm", path)


def everything_in(server: Server) -> dict[bytes, Any]:
    """All keys of a store, with what they hold, but for what a console of other tests writes there by itself."""
    with server.client() as client:
        keys = [key for key in client.scan_iter() if "samples" not in key and not key.endswith(":lease")]
        return {key: client.dump(key) for key in keys}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{type(route).__name__} {route.path}")
async def test_a_route_is_for_its_role_and_no_other(route: Page | Action | Stream, valkey: Server) -> None:
    """Nobody gets 401; each role alone gets 403 unless it is the one that the route needs; so does the API."""
    method = "POST" if isinstance(route, Action) else "GET"
    addresses = [filled(route.path)] if isinstance(route, Stream) else [filled(route.path), API + filled(route.path)]
    async with served(valkey) as (client, sign_in):
        for address in addresses:
            sign_in.who = None
            assert (await client.request(method, address, headers=OURS)).status_code == 401
            for role in Role:
                sign_in.who = Person("robin", frozenset({role}))
                if role is not route.needs:
                    assert (await client.request(method, address, headers=OURS)).status_code == 403, role
                elif not isinstance(route, Stream):  # which would not end
                    allowed = await client.request(method, address, headers=OURS)
                    assert allowed.status_code not in {401, 403, 405, 500}, allowed.text


@pytest.mark.parametrize("route", [each for each in ROUTES if isinstance(each, Action)], ids=lambda route: route.path)
async def test_an_action_is_no_page(route: Action, valkey: Server) -> None:
    """Following a link does nothing: an action cannot be asked for by GET, and no other site may post it."""
    async with served(valkey) as (client, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        page = any(isinstance(each, Page) and each.path == route.path for each in ROUTES)

        assert page or (await client.get(filled(route.path))).status_code in {404, 405}
        other = await client.post(filled(route.path), headers={"Sec-Fetch-Site": "cross-site"})
        assert other.status_code == 403


async def test_looking_changes_nothing(own_server: Server) -> None:
    """Every page, as HTML and as JSON, asked for by somebody with every role: the store is what it was."""
    valkey = own_server.start()  # at the shared one, consoles of other tests are at work
    async with served(valkey) as (client, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        before = everything_in(valkey)
        for route in ROUTES:
            if isinstance(route, Page):
                for address in (filled(route.path), API + filled(route.path)):
                    assert (await client.get(address)).status_code < 500, address

        assert everything_in(valkey) == before
