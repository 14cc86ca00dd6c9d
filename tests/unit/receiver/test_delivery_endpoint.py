"""Defects of our own: the one kind of failure that real servers cannot be brought to produce."""

import hashlib
import hmac
import json
import time
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope

from salesloft_webhooks.broker import Publisher, Store, Stored, StoreWatch
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.receiver.app import WebhookApp
from salesloft_webhooks.receiver.body import BodyReader
from salesloft_webhooks.receiver.delivery_endpoint import DeliveryEndpoint, ReceiverContext
from salesloft_webhooks.receiver.health import Health
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.responses import Responses
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry

SECRET = "envelope-secret-for-tests"
PERSONAL = "robin.sample@example.com"


class DefectivePublisher:
    """Fails in a way nobody has thought of, quoting the event as careless code does."""

    async def publish(self, delivery: NewDelivery) -> Stored:
        """Raise."""
        raise RuntimeError(delivery)


class CalmWatch:
    """A store without problems."""

    problem = None
    full = None


@pytest.fixture
async def app(monkeypatch: pytest.MonkeyPatch) -> WebhookApp:
    """The webhook application in front of a defective publisher."""
    monkeypatch.setenv("SALESLOFT_WEBHOOK_SECRET", SECRET)
    settings = Settings.load()
    [source] = load_sources(settings)
    context = ReceiverContext(
        settings,
        cast("Store", None),
        cast("Publisher", DefectivePublisher()),
        cast("StoreWatch", CalmWatch()),
        ReceiverTelemetry(),
        BodyReader(max_bytes=10_000, timeout_seconds=1),
        InFlightDeliveries(stuck_after_seconds=30),
        Responses(10),
    )
    return WebhookApp({source.path: DeliveryEndpoint(source, context)}, Health("off", context.in_flight))


def posting(body: bytes, headers: dict[str, str]) -> tuple[Scope, Receive]:
    """A request as the server hands it to an application."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/webhooks/salesloft", "headers": raw}, receive


async def test_a_defect_of_ours_is_an_answer_that_makes_the_sender_come_again(app: WebhookApp) -> None:
    """An exception nobody foresaw is 503 with Retry-After, says nothing of itself, and does not reach the server."""
    body = json.dumps(
        {"event_type": "person.updated", "event_id": "evt-1", "created_at": "2026-03-07", "data": {"email": PERSONAL}}
    ).encode()
    timestamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    scope, receive = posting(body, {"X-Salesloft-Timestamp": timestamp, "X-Salesloft-Signature": signature})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)

    start, answer = sent
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"10"
    assert json.loads(answer["body"]) == {"error": "Not stored, try again later"}
