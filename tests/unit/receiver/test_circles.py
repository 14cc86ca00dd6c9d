"""Garbage is looked for seldom (`operations.rare_collection`), so no request may need that."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import pytest

from salesloft_webhooks.broker import Publisher, Store, Stored, StoreWatch
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.operations import rare_collection
from salesloft_webhooks.operations.rare_collection import NEW_OBJECTS
from salesloft_webhooks.receiver.app import WebhookApp
from salesloft_webhooks.receiver.body import BodyReader
from salesloft_webhooks.receiver.delivery_endpoint import DeliveryEndpoint, ReceiverContext
from salesloft_webhooks.receiver.health import Health
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.responses import Responses
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry
from tests.support.http_connections import FakeServer
from tests.support.receiver_process import SECRET, delivery, envelope

Pieces = Callable[[bytes], list[bytes]]
Outcome = Callable[[], Awaitable[Stored]]


async def stored() -> Stored:
    """What becomes of a delivery."""
    return Stored.NEW


async def failed() -> Stored:
    """What becomes of a delivery when the store is down."""
    raise StoreUnavailable("down") from ConnectionError()


class StubPublisher:
    """Says what a test wants."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    async def publish(self, delivery: NewDelivery) -> Stored:  # noqa: ARG002 - the publisher's shape
        """As told."""
        return await self.outcome()


class StubWatch:
    """A store without problems."""

    full = None

    def look_thoroughly(self) -> None:
        """Nothing."""


def application(outcome: Outcome) -> WebhookApp:
    """The receiver's application in front of a publisher that says this."""
    settings = Settings.load()
    [source] = load_sources(settings)
    context = ReceiverContext(
        settings,
        cast("Store", None),
        cast("Publisher", StubPublisher(outcome)),
        cast("StoreWatch", StubWatch()),
        ReceiverTelemetry(),
        BodyReader(max_bytes=10_000, timeout_seconds=5),
        InFlightDeliveries(stuck_after_seconds=30),
        Responses(10),
    )
    return WebhookApp({source.path: DeliveryEndpoint(source, context)}, Health("off", context.in_flight))


@contextmanager
def circles() -> Iterator[list[Any]]:
    """Afterwards the list has the objects that were made meanwhile and that only a collection finds."""
    gc.collect()
    found: list[Any] = []
    flags, before = gc.get_debug(), gc.get_threshold()
    gc.set_threshold(0)
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(flags)
        gc.set_threshold(*before)
        gc.garbage.clear()


async def request(server: FakeServer, pieces: list[bytes]) -> bytes:
    """One connection with one request, until the client leaves; what was answered."""
    async with server.connection() as (protocol, transport):
        for piece in pieces:
            protocol.data_received(piece)
            await asyncio.sleep(0.002)
        for _ in range(10):
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)  # what has lost its client comes to its end
    return b"".join(transport.written)


@pytest.mark.parametrize(
    ("cut", "outcome", "answer"),
    [
        pytest.param(lambda signed: [signed], stored, b"200", id="stored"),
        pytest.param(lambda signed: [signed[:100], signed[100:400], signed[400:]], stored, b"200", id="in pieces"),
        pytest.param(lambda signed: [signed], failed, b"503", id="not stored"),
        pytest.param(lambda signed: [signed.replace(b"evt-1", b"evt-2")], stored, b"401", id="not signed"),
        pytest.param(lambda signed: [signed.replace(b"salesloft ", b"other ")], stored, b"404", id="no source"),
        pytest.param(lambda signed: [signed[:-5]], stored, b"", id="half a body"),
        pytest.param(lambda signed: [signed[:50]], stored, b"", id="half a head"),
        pytest.param(lambda _: [b"GET\r\n\r\n"], stored, b"400", id="no HTTP"),
    ],
)
async def test_no_request_leaves_a_circle_of_objects(
    monkeypatch: pytest.MonkeyPatch, cut: Pieces, outcome: Outcome, answer: bytes
) -> None:
    """Whatever a client sends is freed when its connection ends, without a collection of garbage."""
    monkeypatch.setenv("SALESLOFT_WEBHOOK_SECRET", SECRET)
    server = FakeServer(application(outcome))
    pieces = cut(delivery(envelope("evt-1")))  # signed now: tests may be collected long before they run
    await request(server, pieces)

    with circles() as left:
        answers = [await request(server, pieces) for _ in range(5)]

    assert all(each[9:12] == answer for each in answers)
    assert left == []


def test_garbage_is_looked_for_seldom_only_meanwhile() -> None:
    """The process's own number comes back, also after an error."""
    before = gc.get_threshold()

    with suppress(KeyError), rare_collection():
        meanwhile = gc.get_threshold()
        raise KeyError

    assert meanwhile[0] == NEW_OBJECTS > before[0]
    assert gc.get_threshold() == before
