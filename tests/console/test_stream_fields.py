"""What strangers write cannot pass for a part of the stream that carries it: no line of theirs begins one of ours."""

import asyncio
import re
from contextlib import AsyncExitStack

import httpx2

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.console import run
from salesloft_webhooks.console.event_stream import RECONNECT_MS
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.console.test_streams import listens, settings_of
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually

FORGED = (
    "\nevent: forged\rid: 7\r\nretry: 1\x85data: <b>\n\ndata: own\r\rdata: own"
    "\N{LINE SEPARATOR}\x0b\0\N{ZERO WIDTH NO-BREAK SPACE}: x"
)
"""Fields, the ends of events and further ones, by every line break that anybody takes for one."""
LAST = "the-last"


def fields_of(stream: str) -> list[list[tuple[str, str]]]:
    """The fields of each event, as browsers read them (WHATWG HTML, 9.2.6)."""
    lines = re.split(r"\r\n|\n|\r", stream)
    events: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        if not line:
            events.append([])
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            events[-1].append((name, value.removeprefix(" ")))
    return [each for each in events if each]


async def test_nothing_in_an_event_is_a_field_of_the_stream(valkey: Server) -> None:
    """Ids, types, sources and keys that look like a stream come as one row each, whole, and as nothing else."""
    settings, stop = settings_of(valkey), asyncio.Event()
    address = f"http://127.0.0.1:{settings.console_port}"
    hostile = NewEvent(f"e{FORGED}", f"t{FORGED}", f"person:{FORGED}", "2026", b"{}")
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        publisher = await stack.enter_async_context(Publisher(store, settings, Recorder()))
        role = asyncio.create_task(run(settings, stop))
        stack.push_async_callback(lambda: role)
        stack.callback(stop.set)
        await eventually(lambda: listens(settings.console_port), "the console listens")
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=address))
        answer = await stack.enter_async_context(client.stream("GET", "/events/live?behind=0/0-0"))
        for event in (hostile, NewEvent(LAST, "person.created", "person:1", "2026", b"{}")):
            await publisher.publish(NewDelivery(f"s{FORGED}", (event,)))
        async with asyncio.timeout(10):
            heard = await _heard(answer)

    first, *rows = fields_of(heard)
    assert first == [("retry", str(RECONNECT_MS))]
    assert {name for row in rows for name, _ in row} == {"data"}
    texts = {"\n".join(value for _, value in row) for row in rows}  # a row may come twice
    assert sorted(each.count("<tr ") for each in texts) == [1, 1]
    assert all(each.strip().startswith("<tr id=") and each.strip().endswith("</tr>") for each in texts)
    assert all("event: forged" in each for each in texts)  # their source says it


async def _heard(answer: httpx2.Response) -> str:
    """What the stream says until the last event is there, whole."""
    heard = b""
    async for piece in answer.aiter_bytes():
        heard += piece
        if f'value="{LAST}"'.encode() in heard and heard.endswith(b"\n\n"):
            break
    return heard.decode()
