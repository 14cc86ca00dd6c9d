"""What a page shows while the store is away: what it showed last, to nobody who may not see it, and never for ever."""

from collections.abc import Callable
from dataclasses import replace

import httpx2
import pytest
from starlette.requests import Request

from salesloft_webhooks.console.answers import Answers
from salesloft_webhooks.console.application import application
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.last_known import KEPT_SECONDS, PAGES
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.rendering import templates
from salesloft_webhooks.console.routes import Done, View, page
from salesloft_webhooks.console.static_files import StaticFiles
from salesloft_webhooks.errors import StoreUnavailable
from tests.console.served import BASE, Served
from tests.console.test_role_matrix import OURS
from tests.console.test_role_matrix import served as every_route
from tests.support.servers import Server


class Shown:
    """A console with two pages, one of which may be shown once only, and a store that may be away."""

    def __init__(self, running: Served) -> None:
        self.away, self.time = False, 1_000.0
        self.sign_in = running.sign_in
        console = replace(running.console, now=lambda: self.time)
        app = application(console, running.sign_in, [page("/page", self._page), page("/once", self._once)])
        self._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE)

    async def get(self, path: str) -> httpx2.Response:
        """What a page answers."""
        return await self._client.get(path)

    async def look(self, path: str) -> None:
        """Somebody is shown a page."""
        assert (await self.get(path)).status_code == 200

    async def _page(self, request: Request, _console: Console) -> View:
        if self.away:
            raise StoreUnavailable("it is away")
        who: Person = request.state.person
        words = f"for {','.join(sorted(who.roles))} {request.url.query}"
        return View("counting.html", words, {"counted": False})

    async def _once(self, request: Request, console: Console) -> View:
        return replace(await self._page(request, console), once=True)


@pytest.fixture
def shown(served: Callable[..., Served]) -> Shown:
    """Somebody may look."""
    return Shown(served(Role.VIEW))


async def test_it_shows_what_it_showed_last(shown: Shown) -> None:
    """With its age, and asked for again by itself; another address of the page knows nothing of it."""
    await shown.look("/page?q=1")
    shown.away, shown.time = True, shown.time + 60

    kept, other = await shown.get("/page?q=1"), await shown.get("/page?q=2")

    assert (kept.status_code, other.status_code) == (200, 503)
    assert "for view q=1" in kept.text
    assert other.headers["retry-after"] == "5"
    assert "for view" not in other.text


async def test_nobody_sees_what_others_were_shown(shown: Shown) -> None:
    """A view that was made for more roles is none for fewer."""
    shown.sign_in.who = Person("robin", frozenset(Role))
    await shown.look("/page")
    shown.away, shown.sign_in.who = True, Person("sam", frozenset({Role.VIEW}))

    assert (await shown.get("/page")).status_code == 503


async def test_programs_get_no_old_figures(shown: Shown) -> None:
    """They would not see that they are old."""
    await shown.look("/api/v1/page")
    shown.away = True

    assert (await shown.get("/api/v1/page")).status_code == 503


async def test_it_is_not_kept_for_ever(shown: Shown) -> None:
    """After an hour nobody should act on it."""
    await shown.look("/page")
    shown.away, shown.time = True, shown.time + KEPT_SECONDS + 1

    assert (await shown.get("/page")).status_code == 503


async def test_what_may_be_shown_once_is_not_kept(shown: Shown) -> None:
    """It has personal data in it, or is somebody's own."""
    await shown.look("/once")
    shown.away = True

    assert (await shown.get("/once")).status_code == 503


async def test_few_are_kept(shown: Shown) -> None:
    """Of the addresses that were looked at last; the others are forgotten."""
    for number in range(PAGES + 1):
        await shown.look(f"/page?q={number}")
    shown.away = True

    assert [(await shown.get(f"/page?q={number}")).status_code for number in (0, 1, PAGES)] == [503, 200, 200]


async def test_the_navigation_has_what_one_may_open(valkey: Server) -> None:
    """Whoever may not erase sees no way to the page that does."""
    async with every_route(valkey) as (client, sign_in):
        for roles, there in (({Role.VIEW}, False), (set(Role), True)):
            sign_in.who = Person("robin", frozenset(roles))
            assert ('href="/erase"' in (await client.get("/audit", headers=OURS)).text) is there


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", ""])
def test_an_action_leads_nowhere_else(to: str) -> None:
    """Wherever an address came from, nobody is sent to another site."""
    answers = Answers(templates(StaticFiles()), (), "Bearer")
    request = Request({"type": "http", "path": "/", "headers": [], "query_string": b""})

    with pytest.raises(ValueError, match="one of ours"):
        answers.done(request, Done("done", to), "")
