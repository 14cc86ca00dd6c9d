"""Streams: what comes is seen at once, by a bounded number of people, and nobody who looks holds up a roll-out."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress

import httpx2
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.broker.administration.audit import audit_log
from salesloft_webhooks.broker.administration.newest_entries import AT_MOST, NewestEntries
from salesloft_webhooks.console import event_stream, run
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.live import EVERY_SECONDS
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import Action, Done, action, stream
from salesloft_webhooks.console.stream_places import MOST_STREAMS
from salesloft_webhooks.errors import StoreError
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
async def running(settings: Settings, *more: Action) -> AsyncIterator[asyncio.Event]:
    """A console with one stream; set the event to end it."""
    stop = asyncio.Event()
    role = asyncio.create_task(run(settings, stop, [stream(PATH, ids), *more]))
    await eventually(lambda: listens(settings.console_port), "the console listens")
    try:
        yield stop
    finally:
        stop.set()
        await role


async def listens(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
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


async def test_an_action_under_way_is_finished(valkey: Server) -> None:
    """A role that is told to end lets an action end first, and the audit says that it was done."""
    settings = settings_of(valkey)
    began = asyncio.Event()

    async def slow(form: Form, console: Console, person: Person) -> Done:
        began.set()
        await console.stopping.wait()
        await asyncio.sleep(0.3)
        return Done("done after all", "/audit")

    async with running(settings, action("/slow", slow, needs=Role.OPERATE, act="pause")) as stop:
        address = f"http://127.0.0.1:{settings.console_port}"
        async with httpx2.AsyncClient(base_url=address) as client:
            posting = asyncio.create_task(client.post("/slow", headers={"Origin": address}))
            await began.wait()
            stop.set()

            assert (await posting).status_code == 303
    async with open_store(settings) as store:
        assert [each.message async for each in audit_log(store)] == ["done after all"]


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


async def test_a_stream_outlives_an_outage(own_server: Server) -> None:
    """The store is killed and comes back: whoever looks on sees what is stored then, in the same stream."""
    own_server.start()
    settings = settings_of(own_server)
    async with AsyncExitStack() as stack, running(settings):
        reader, _ = await opened(settings.console_port, stack)
        await _publish(settings, 1)
        await reader.readuntil(b"<tr><td>e1<")

        own_server.stop(kill=True)
        await asyncio.sleep(2 * EVERY_SECONDS)  # at least one look finds it away
        own_server.start()

        publishing = asyncio.create_task(_publish_again_and_again(settings))
        async with asyncio.timeout(15):
            await reader.readuntil(b"<tr><td>e2")
        publishing.cancel()


async def _publish(settings: Settings, number: int) -> None:
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        await asyncio.sleep(2 * EVERY_SECONDS)  # the first look only learns where the stream ends
        await publisher.publish(delivery(number))


async def _publish_again_and_again(settings: Settings) -> None:
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        for number in range(2_000, 3_000):
            with suppress(StoreError):
                await publisher.publish(delivery(number))
            await asyncio.sleep(0.1)


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
