"""A simulated SalesLoft with a registered subscription of `link_swap` sends mails through a real receiver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from salesloft_webhooks.dialects.native import derive_token
from salesloft_webhooks.salesloft import LocalBudget, open_salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from salesloft_webhooks.simulator.platform.outgoing_mail import SentMail
from salesloft_webhooks.simulator.sales_team import LINK_SWAP, SalesTeam
from tests.integration.receiver.test_link_swap import answering
from tests.support.receiver_process import PATH
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request, StandIn

API_TOKEN, MASTER = "an-invented-api-token", "an-invented-master-secret-of-some-length"
TRACKED = "https://t.example/"
ADDRESS = "http://127.0.0.1:{port}" + PATH


def swapped(request: Request) -> Answer:
    """A link of our own for each, with the mailing in it."""
    data = request.json["data"]
    new = {old: f"{TRACKED}{data['mailing']['id']}/{at}" for at, old in enumerate(data["links"])}
    return Answer(200, {"links": new})


@dataclass
class Sales:
    """Everybody involved.

    Attributes:
        platform: The simulated SalesLoft.
        endpoint: Computes links.
        address: Where the receiver is.
    """

    platform: SimulatedPlatform
    endpoint: StandIn
    address: str

    async def subscribe(self, event: str, token: str) -> None:
        """Register a subscription, by the API."""
        own = {"salesloft_api_url": self.platform.url, "salesloft_api_token": API_TOKEN}
        async with open_salesloft(Settings.load(**own), LocalBudget()) as salesloft:
            await salesloft.subscriptions.create(event, self.address, token)

    async def mails(self, count: int) -> list[tuple[dict[str, Any], SentMail]]:
        """That many mails of the team, one after the other, and what became of each."""
        written = [self.platform.load.mail() for _ in range(count)]
        return [(each, await self.platform.mail.send(each)) for each in written]


@asynccontextmanager
async def sales(valkey: Server) -> AsyncIterator[Sales]:
    """A receiver that knows the master secret, its endpoint, and SalesLoft."""
    derived = {"SALESLOFT_CALLBACK_SECRET": MASTER, "SALESLOFT_CALLBACK_TOKEN": ""}
    async with (
        SimulatedPlatform() as platform,
        answering(valkey.url, Answer(200, {}), **derived) as (receiver, endpoint),
    ):
        endpoint.respond = swapped
        platform.access.allow(API_TOKEN)
        yield Sales(platform, endpoint, ADDRESS.format(port=receiver.port))


async def test_mails_go_out_with_the_links_of_the_endpoint(valkey: Server) -> None:
    """Each link of each leads to its own; events of another subscription are stored beside it."""
    async with sales(valkey) as everybody:
        for event in (LINK_SWAP, "person_created"):
            await everybody.subscribe(event, derive_token(MASTER.encode(), event).decode())

        sent = await everybody.mails(20)
        everybody.platform.happen(SalesTeam(Random(8), datetime.now(UTC)).next_of("person_created"))
        await everybody.platform.deliveries.settled()

    for written, mail in sent:
        number = written["mailing"]["id"]
        assert list(mail.links.values()) == [f"{TRACKED}{number}/{at}" for at in range(3)]
        assert (list(mail.links), mail.status) == (written["links"], 200)
    assert len(everybody.endpoint.requests) == 20
    assert [entry.done for entry in everybody.platform.deliveries.ledger] == [True]
    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1


async def test_no_mail_waits_longer_than_the_budget(valkey: Server) -> None:
    """While the endpoint hangs they go out with their own links, and after five of them at once."""
    async with sales(valkey) as everybody:
        await everybody.subscribe(LINK_SWAP, derive_token(MASTER.encode(), LINK_SWAP).decode())
        everybody.endpoint.respond = lambda _request: Answer(delay_seconds=60)

        sent = await everybody.mails(8)

    assert all((mail.status, list(mail.links.values())) == (200, written["links"]) for written, mail in sent)
    assert all(mail.waited_seconds < 2.5 for _, mail in sent)
    assert all(mail.waited_seconds < 1 for _, mail in sent[5:])
    assert len(everybody.endpoint.requests) == 5


async def test_a_token_of_another_event_asks_nothing(valkey: Server) -> None:
    """401: a token derived for one event type proves nothing about another."""
    async with sales(valkey) as everybody:
        await everybody.subscribe(LINK_SWAP, derive_token(MASTER.encode(), "person_created").decode())

        [(written, mail)] = await everybody.mails(1)

    assert (mail.status, list(mail.links.values())) == (401, written["links"])
    assert not everybody.endpoint.requests
