"""What the endpoint does around an answered link swap."""

import asyncio
import json
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope

from salesloft_webhooks.broker import Publisher, Store, Stored, StoreWatch
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.link_swap.answering import LinkSwaps
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.receiver.body import BodyReader
from salesloft_webhooks.receiver.delivery_endpoint import DeliveryEndpoint, ReceiverContext
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.responses import Responses
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.receiver.swap_events import SwapEvents
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import LinkSwapTelemetry, ReceiverTelemetry
from salesloft_webhooks.telemetry.link_swap_telemetry import LEFT_OUT
from tests.support.receiver_process import TOKEN, native_headers
from tests.unit.receiver.test_delivery_endpoint import posting

OLD, NEW = "https://example.com/a", "https://t.example/1"


class _Watch:
    """A store that has room, or not."""

    def __init__(self, full: str | None) -> None:
        self.full = full


class _Publisher:
    """Takes everything."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def publish(self, delivery: NewDelivery) -> Stored:
        """Note its types."""
        self.taken += [event.event_type for event in delivery.events]
        return Stored.NEW


async def swapper(_request: LinkSwap) -> dict[str, object]:
    """Knows the link."""
    return {OLD: NEW}


async def answered(context: ReceiverContext) -> Message:
    """The body of the answer to SalesLoft's question."""
    [source] = load_sources(context.settings)
    body = json.dumps({"links": [OLD], "mailing": {"id": 9}}).encode()
    scope: Scope
    receive: Receive
    scope, receive = posting(body, native_headers(body, "link_swap"))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await DeliveryEndpoint(source, context)(scope, receive, send)
    return sent[-1]


@pytest.mark.parametrize(("full", "told"), [(None, ["link_swap.answered"]), ("the backlog is over its limit", [])])
async def test_nothing_is_told_of_while_the_store_has_too_much(
    monkeypatch: pytest.MonkeyPatch, full: str | None, told: list[str]
) -> None:
    """The links are answered all the same; without room no statistics are stored, and that is counted."""
    monkeypatch.setenv("SALESLOFT_CALLBACK_TOKEN", TOKEN)
    settings, publisher, before = Settings.load(), _Publisher(), LEFT_OUT._value.get()
    swapping = LinkSwapSettings.load(link_swap_allowed_hosts="t.example")
    async with SwapEvents(cast("Publisher", publisher)) as events:
        context = ReceiverContext(
            settings,
            cast("Store", None),
            cast("Publisher", publisher),
            cast("StoreWatch", _Watch(full)),
            ReceiverTelemetry(),
            BodyReader(max_bytes=10_000, timeout_seconds=1),
            InFlightDeliveries(stuck_after_seconds=30),
            Responses(10),
            LinkSwaps(swapper, swapping, LinkSwapTelemetry()),
            events,
        )

        answer = await answered(context)
        await asyncio.sleep(0.01)

    assert json.loads(answer["body"]) == {"links": {OLD: NEW}}
    assert publisher.taken == told
    assert LEFT_OUT._value.get() == before + (full is not None)
