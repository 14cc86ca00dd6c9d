"""What goes out together: bursts and digests."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.handlers.builtin.notified import Told, reply
from tests.support import samples
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.standins.http import StandIn


@pytest.fixture
async def service() -> AsyncIterator[StandIn]:
    """A notification service that takes everything."""
    async with StandIn().running() as standin:
        yield standin


async def arranged(valkey: Server, *events: Event) -> None:
    """Let the stream have these events."""
    settings = Settings.load(redis_url=valkey.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for event in events:
            new = NewEvent(event.event_id, event.event_type, "person:1", event.created_at, event.raw_data)
            await publisher.publish(NewDelivery("default", (new,)))


def subjects(service: StandIn) -> list[list[str]]:
    """Of each message to Slack: what its cards say."""
    return [
        [block["text"]["text"] for block in request.json["blocks"] if block["type"] == "section"]
        for request in service.requests
    ]


def burst(count: int, **fields: Any) -> list[Event]:
    """Replies one after the other."""
    return [reply(event_id=f"email.replied/{at}/1", data={"subject": f"reply {at}"}, **fields) for at in range(count)]


async def test_a_burst_becomes_one_message_after_the_first(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """What comes within a while of a message goes out together at its end; each event is in one message."""
    section = {
        "messages": {"email.replied": {"title": "", "body": "{subject}"}},
        "default_urls": [f"slack+{service.url}/x"],
        "group_seconds": 30,
    }
    told, events = Told(valkey, tmp_path, section), burst(4)
    await arranged(valkey, *events)

    first = await told(*events)
    async with open_store(told.settings) as store:
        (key,) = [key async for key in store.client.scan_iter("*:bundle:default:open")]
        await store.client.hset(key, "at", 1)  # as if the time had passed
    second = await told(*events)

    assert first[0] is None
    assert all(wait is not None and 0 < wait <= 30 for wait in first[1:])
    assert second == [None] * 4
    assert subjects(service) == [["reply 0"], ["reply 1", "reply 2", "reply 3"]]


async def test_a_digest_tells_everything_at_its_time(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """Until then all wait; what is erased meanwhile is in no message, and the others are."""
    section = {
        "messages": {"email.replied": {"title": "", "body": "{subject}"}},
        "default_urls": [f"slack+{service.url}/x"],
        "digest": {"at": ["09:00"], "zone": "UTC"},
    }
    told = Told(valkey, tmp_path, section)
    received = datetime.now(UTC)
    waiting = burst(3, received_at=received)
    await arranged(valkey, *waiting)

    waits = await told(*waiting)
    yesterday = burst(3, received_at=received - timedelta(days=1))
    async with open_store(told.settings) as store:
        entries: list[Any] = list(await store.client.xrange(store.keys.events(0)) or ())
        await store.client.xdel(store.keys.events(0), entries[1][0])
    ended = await told(*yesterday)

    until = timedelta(seconds=waits[0] or 0)
    assert waits[1:] == pytest.approx([waits[0]] * 2, abs=1)
    assert (received + until).astimezone(UTC).strftime("%H:%M") in {"08:59", "09:00"}
    assert ended == [None] * 3
    assert subjects(service) == [["reply 0", "reply 2"]]


async def test_the_digest_of_a_rep_is_their_own(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """Others are told at once."""
    digest = {"at": ["09:00"], "zone": "Europe/Berlin"}
    section = {
        "reps": {samples.USER_ID: {"urls": [f"slack+{service.url}/rep"], "digest": digest}},
        "default_urls": [f"slack+{service.url}/everybody"],
    }

    mine, others = await Told(valkey, tmp_path, section)(
        reply(received_at=datetime.now(UTC)), reply(data={"user": {"id": 1}})
    )

    assert mine is not None
    assert others is None
    assert [each.path for each in service.requests] == ["/everybody"]
