"""A simulated mail waits for the answer to its question, and goes out with it."""

import pytest

from salesloft_webhooks.dialects import DialectKeys, authenticate
from salesloft_webhooks.simulator.platform import Behaviour
from salesloft_webhooks.simulator.platform.outgoing_mail import OutgoingMail, SentMail
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from tests.support.standins.http import DISCONNECT, GARBAGE, Answer, StandIn

TOKEN = "an-invented-signing-token"
OLD, OTHER, NEW = "https://example.com/a", "https://example.com/b", "https://t.example/1"
OWN = {OLD: OLD, OTHER: OTHER}


async def sent(url: str | None) -> SentMail:
    """One mail, while that address is subscribed."""
    subscriptions = RegisteredSubscriptions()
    if url is not None:
        form = {"event_type": "link_swap", "callback_url": url, "callback_token": TOKEN}
        assert subscriptions.create(form)[0] is not None
    async with OutgoingMail(subscriptions, Behaviour(attempt_seconds=0.3)) as mail:
        return await mail.send({"links": [OLD, OTHER]})


async def test_it_goes_out_with_the_links_of_the_answer() -> None:
    """Asked as SalesLoft asks, by the subscription's token; a link it does not have stays out."""
    async with StandIn(
        lambda _request: Answer(200, {"links": {OLD: NEW, "https://c.test": NEW}})
    ).running() as listener:
        mail = await sent(listener.url)

    [asked] = listener.requests
    headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
    authentic = authenticate(headers, asked.body, DialectKeys(callback_tokens=(TOKEN.encode(),)), 0.0, 60)
    assert authentic.resource() == {"links": [OLD, OTHER]}
    assert (mail.links, mail.status) == ({OLD: NEW, OTHER: OTHER}, 200)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(503, {"links": {OLD: NEW}}), 503),
        (Answer(200, {"links": [NEW]}), 200),
        (Answer(200, {"links": {OLD: NEW}}, delay_seconds=5), None),
        (DISCONNECT, None),
        (GARBAGE, None),
    ],
    ids=["error", "list", "late", "disconnect", "garbage"],
)
async def test_without_a_usable_answer_it_goes_out_with_its_own(answer: Answer, status: int | None) -> None:
    """After so long at most, and it says what it was answered."""
    async with StandIn(lambda _request: answer).running() as listener:
        mail = await sent(listener.url)

    assert (mail.links, mail.status) == (OWN, status)
    assert mail.waited_seconds < 2


async def test_without_a_subscription_nobody_is_asked() -> None:
    """It is not held up."""
    assert await sent(None) == SentMail(OWN, None, 0.0)
