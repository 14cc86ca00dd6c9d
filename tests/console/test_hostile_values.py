"""What comes from outside is a page's to judge: no value of any route is a fault of the console, or one of the store.

Which fields a route has is seen from what it asks for, so a new one is tested as soon as it is there.
"""

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote, urlencode

import httpx2
import pytest
from starlette.datastructures import QueryParams

from salesloft_webhooks.broker.administration import runs
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import Action, Page
from tests.console.test_accessibility import FRAGMENTS
from tests.console.test_role_matrix import OURS, ROUTES, served
from tests.support.servers import Server

LARGEST = "18446744073709551615"
"""Of the two numbers of an entry id."""
ONE = "\N{ARABIC-INDIC DIGIT ONE}"
"""A digit to Python, and none to Redis."""
ENTRIES = ("0-0", f"{LARGEST}-{LARGEST}", "18446744073709551616-0", "-1--1", "1", f"{ONE}-{ONE}", "(1-1")
FAR = (0, 999)
"""A partition that is there, and one that is not."""
PLACES = (
    *ENTRIES,
    *(f"{partition}/{entry}" for partition in FAR for entry in ENTRIES[:2]),
    *(f"crm/{partition}/{entry}" for partition in FAR for entry in ENTRIES[:2]),
    *(f"{partition}/{entry},5" for partition in FAR for entry in ENTRIES[:2]),
    *(f"0/{ONE}-{ONE}", f"crm/0/{ONE}-{ONE}", "0/1-1,99999999999999999999"),
)
"""What looks like an entry, a letter, a delivery, or how far a search has come."""
VALUES = (
    "-1",
    "1e999",
    "9" * 5_000,
    ONE * 3,
    "²",
    "a\0b",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "999999999w",
    "\x1b[31m\r\nx: y\N{RIGHT-TO-LEFT OVERRIDE}\U0001f600",
)
NO_PLACES = frozenset(
    {"error", "group", "key", "person", "reason", "since", "source", "task", "text", "type", "until", "who"}
)
"""Fields that say no place, which saves time."""
LONG_ADDRESS, LONG_FIELD = "x" * 16_000, "x" * 100_000
"""The head of a request has no more than 16 KiB."""
EVERYTHING = {
    "act": "redrive",
    "group": "crm",
    "asked": "1",
    "follow_up": "",
    "id": "dead",
    "letter": "",
    "minutes": "5",
    "name": "crm",
    "person": "1",
    "reason": "",
    "reference": "",
    "run": "",
    "selected": "1",
    "text": "dead",
    "until": "2026-03-07T09:26:14Z",
}
"""What makes sense of most fields, so that a handler comes as far as the one that does not."""

EVERYWHERE = frozenset({"done"})
"""Fields that every page has; those of `/audit` stand for all."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the fields that handlers ask for, as they do."""
    names: set[str] = set()

    def heard(kind: type, method: str) -> None:
        real: Callable[..., object] = getattr(kind, method)

        def hear(self: object, name: str, *rest: object) -> object:
            names.add(name)
            return real(self, name, *rest)

        monkeypatch.setattr(kind, method, hear, raising=False)

    for method in ("get", "getlist", "__contains__"):
        heard(QueryParams, method)
    for method in ("text", "all"):
        heard(Form, method)
    return names


@pytest.fixture
async def client(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who may do everything, as often as they like."""
    monkeypatch.setattr(runs, "MOST_UNFINISHED", 100_000)
    monkeypatch.setenv("CONSOLE_ACTIONS_PER_MINUTE", "100000")
    monkeypatch.setenv("CONSOLE_BULK_ACTIONS_PER_MINUTE", "100000")
    async with served(valkey) as (running, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        yield running


async def answer(client: httpx2.AsyncClient, route: Page | Action, fields: dict[str, str]) -> httpx2.Response:
    """What the route says to these fields, of which some stand in its path."""
    path = re.sub(r"\{(\w+)[^}]*\}", lambda match: quote(fields[match[1]], safe="/"), route.path)
    if isinstance(route, Page):
        return await client.get(f"{path}?{urlencode(fields)}")
    return await client.post(path, data=fields, headers=OURS)


@pytest.mark.parametrize(
    "route", [each for each in ROUTES if isinstance(each, Page | Action)], ids=lambda route: route.path
)
async def test_no_value_is_a_fault_of_ours(route: Page | Action, client: httpx2.AsyncClient, asked: set[str]) -> None:
    """Each value in each field is answered by a page, none of which finds the console or the store at fault."""
    good = EVERYTHING | {
        "letter": (await client.get("/api/v1/dead?group=crm")).json()["letters"][0]["handle"],
        "reference": (await client.get("/api/v1/quarantine")).json()["rows"][0]["reference"],
        "follow_up": (await client.get("/api/v1/follow-ups")).json()["rows"][0]["follow_up"],
    }
    in_path = set(re.findall(r"\{(\w+)", route.path))
    bare = {name: value for name, value in good.items() if name in {"group", *in_path}}
    asked.clear()
    asked |= in_path
    await answer(client, route, good)
    tried, faults = (frozenset() if route.path == "/audit" else EVERYWHERE), list[str]()
    while names := asked - tried:
        name = min(names)
        tried |= {name}
        in_head = isinstance(route, Page) or f"{{{name}" in route.path
        places = () if name in NO_PLACES else PLACES
        for value in (*VALUES, *places, LONG_ADDRESS if in_head else LONG_FIELD):
            for fields in (good, bare) if isinstance(route, Page) else (good,):
                said = await answer(client, route, fields | {name: value})
                written = said.status_code == 303 or "<h1>" in said.text or route.path in FRAGMENTS
                if said.status_code not in {200, 202, 303, 400, 404} or not written:
                    faults.append(f"{name}={value[:60]!r}: {said.status_code}")

    assert faults == []
