"""An issuer's keys: fetched seldom, believed while it is away, and new ones found when they are needed."""

from typing import Any

import httpx2
import pytest

from salesloft_webhooks.console.sign_in.published_keys import (
    AGAIN_SECONDS,
    BELIEVED_SECONDS,
    KEPT_SECONDS,
    PublishedKeys,
)
from tests.unit.console.issuer import Issuer


class Answering:
    """What an issuer answers, and how often it was asked; with a clock."""

    def __init__(self) -> None:
        self.document: Any = Issuer().published()
        self.status, self.asked, self.now = 200, 0, 1_000.0
        self.client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        self.keys = PublishedKeys(self.client, "https://issuer.test/keys", lambda: self.now)

    def _answer(self, _request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        if self.status == 0:
            raise httpx2.ConnectError("away")
        return httpx2.Response(self.status, json=self.document)


@pytest.fixture
async def issuer() -> "Any":
    """One that answers."""
    answering = Answering()
    yield answering
    await answering.client.aclose()


async def test_keys_are_fetched_once_for_a_while(issuer: Answering) -> None:
    """They are kept for ten minutes, then fetched again."""
    assert len(await issuer.keys.known()) == 1
    await issuer.keys.known()
    assert issuer.asked == 1

    issuer.now += KEPT_SECONDS + 1
    await issuer.keys.known()

    assert issuer.asked == 2


async def test_new_keys_are_found_at_once_but_nonsense_asks_seldom(issuer: Answering) -> None:
    """A rotation is followed as soon as a token names the new key; ten seconds later at the earliest again."""
    before = (await issuer.keys.known())[0].kid
    issuer.document = Issuer().published()

    issuer.now += AGAIN_SECONDS
    asked = [await issuer.keys.fetch() for _ in range(5)]

    assert asked == [True, False, False, False, False]
    assert (await issuer.keys.known())[0].kid != before


@pytest.mark.parametrize(
    ("status", "document"),
    [
        pytest.param(0, {}, id="away"),
        pytest.param(500, {}, id="failing"),
        pytest.param(200, [], id="another document"),
        pytest.param(200, {"keys": []}, id="no keys"),
        pytest.param(200, {"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "new"}, 7]}, id="none to verify with"),
    ],
)
async def test_what_was_fetched_counts_for_a_day(status: int, document: Any, issuer: Answering) -> None:
    """An issuer that is away or answers nonsense signs nobody out before a day is over."""
    known = await issuer.keys.known()
    issuer.status, issuer.document = status, document

    issuer.now += KEPT_SECONDS + 1
    assert await issuer.keys.known() == known
    issuer.now += BELIEVED_SECONDS

    assert await issuer.keys.known() == ()
