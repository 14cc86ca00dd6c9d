"""Headers of every answer: what a page may load, who may keep it, who may show it, whatever is answered."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from salesloft_webhooks.console.people import Person, Role
from tests.console.test_role_matrix import OURS, served
from tests.support.servers import Server

SAFE = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Nothing from elsewhere and nothing written into a page is loaded or run; no copy of people's data is kept."""


@pytest.fixture
async def client(valkey: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who may do everything."""
    async with served(valkey) as (running, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        yield running


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/events/dead", 200),
        ("GET", "/api/v1/dead", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/static/nothing.js", 404),
        ("POST", "/events/dead/reveal", 200),
        ("POST", "/groups/crm/resume", 303),
        ("POST", "/erase", 400),
        ("PUT", "/", 405),
    ],
)
async def test_every_answer_has_them(method: str, path: str, status: int, client: httpx2.AsyncClient) -> None:
    """Pages, documents, refusals, what is revealed, and where an action leads."""
    answer = await client.request(method, path, headers=OURS)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE


async def test_whoever_is_not_signed_in_gets_them_too(valkey: Server) -> None:
    """A page that asks for a sign-in is framed and kept no more than any other, and says how to sign in."""
    async with served(valkey) as (client, _):
        answer = await client.get("/")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE


async def test_files_are_kept_and_have_the_others(client: httpx2.AsyncClient) -> None:
    """Their names change with them: they are kept for ever, and framed by nobody."""
    answer = await client.get("/favicon.ico")

    kept = {**SAFE, "cache-control": "public, max-age=31536000, immutable"}
    assert {name: answer.headers.get(name) for name in SAFE} == kept
