"""Streams: what comes is seen at once, by a bounded number of people, and nobody who looks holds up a roll-out."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.broker.administration.newest_entries import AT_MOST, NewestEntries
from salesloft_webhooks.console import event_stream, run
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.endpoints import MOST_STREAMS
from salesloft_webhooks.console.routes import stream
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.http_client import request
from tests.support.publish_observers import Recorder
from tests.support.servers import Server, free_port
from tests.support.waiting import eventually

PATH = "/events/live"


async def ids(_request: Request, console: Console) -> AsyncGenerator[str]:
    """The id of each event as it is stored."""
    async with aclosing(console.live.entries()) as entries:
        async for entry in entries:
            yield f"<tr><td>{entry.event_id}</td></tr>"


def settings_of(server: Server) -> Settings:
    """Of a console of this process."""
    return Settings.load(
        redis_url=SecretStr(server.url),
        host="127.0.0.1",
        console_port=free_port(),
        ops_port=free_port(),
        console_auth="none",
    )


def delivery(number: int) -> NewDelivery:
    """A delivery of one event."""
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", "person:1", "2026", b"{}"),))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Event]:
    """A console with one stream; set the event to end it."""
    stop = asyncio.Event()
    role = asyncio.create_task(run(settings, stop, [stream(PATH, ids)]))
    await eventually(lambda: _listens(settings.console_port), "the console listens")
    try:
        yield stop
    finally:
        stop.set()
        await role


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def opened(port: int, stack: AsyncExitStack) -> tuple[asyncio.StreamReader, bytes]:
    """A stream that is open, and the status line of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(request("GET", PATH, {"Host": f"127.0.0.1:{port}"}))
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, head.partition(b"\r\n")[0]


async def test_fifty_people_look_and_the_role_ends_at_once(valkey: Server) -> None:
    """The fifty-first is told to come back later; what is stored reaches all; then the role ends within a second."""
    settings = settings_of(valkey)
    async with AsyncExitStack() as stack, running(settings) as stop:
        streams = [await opened(settings.console_port, stack) for _ in range(MOST_STREAMS)]
        assert {status for _, status in streams} == {b"HTTP/1.1 200 OK"}
        assert (await opened(settings.console_port, stack))[1] == b"HTTP/1.1 503 Service Unavailable"
        store = await stack.enter_async_context(open_store(settings))
        publisher = await stack.enter_async_context(Publisher(store, settings, Recorder()))
        publishing = asyncio.create_task(_publish_until_cancelled(publisher))
        await asyncio.gather(*(reader.readuntil(b"<tr><td>e") for reader, _ in streams))
        publishing.cancel()

        began = time.monotonic()
        stop.set()
        await asyncio.gather(*(reader.read() for reader, _ in streams))

        assert time.monotonic() - began < 1.0


async def _publish_until_cancelled(publisher: Publisher) -> None:
    number = 0
    while True:
        await publisher.publish(delivery(number := number + 1))
        await asyncio.sleep(0.05)


async def test_who_has_left_makes_room(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream whose reader is gone counts no more once something is said to it."""
    monkeypatch.setattr(event_stream, "BEAT_SECONDS", 0.1)
    settings = settings_of(valkey)
    async with running(settings):
        async with AsyncExitStack() as stack:
            for _ in range(MOST_STREAMS):
                await opened(settings.console_port, stack)

        async def there_is_room() -> bool:
            async with AsyncExitStack() as stack:
                return (await opened(settings.console_port, stack))[1] == b"HTTP/1.1 200 OK"

        await eventually(there_is_room, "somebody else may look")


async def test_a_flood_is_shown_in_part(valkey: Server) -> None:
    """A look takes the newest fifty of a partition, says that there were more, and the next one goes on from there."""
    settings = settings_of(valkey)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        await publisher.publish(delivery(0))
        newest = NewestEntries(store)
        first = await newest.look()
        await asyncio.gather(*(publisher.publish(delivery(number)) for number in range(1, AT_MOST + 11)))

        flood, nothing = await newest.look(), await newest.look()
        await publisher.publish(delivery(1_000))
        one = await newest.look()

    assert (first.entries, nothing.entries) == ((), ())
    assert (len(flood.entries), flood.cut) == (AT_MOST, True)
    assert [entry.reference for entry in flood.entries] == sorted(entry.reference for entry in flood.entries)
    assert ([entry.event_id for entry in one.entries], one.cut) == (["e1000"], False)
