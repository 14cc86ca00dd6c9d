"""Server-sent events: an answer that goes on until nobody looks any more, or until the role ends.

Uvicorn waits for an open stream for ever; this one ends as soon as the role has to.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from salesloft_webhooks.background import Background, run_until
from salesloft_webhooks.errors import StoreError

BEAT_SECONDS = 5.0
"""Proxies close connections on which nothing is said, mostly after a minute. And whoever has left is noticed when
something is said to them: the end of what a client sends is not the end of its interest (`BoundedProtocol`)."""
RECONNECT_MS = 3_000

Place = AbstractContextManager[asyncio.Event]


class EventStream(Response):
    """A stream.

    Args:
        pieces: Each becomes one event.
        stopping: Set when the role has to end.
        place: Taken while it goes on; it ends when the event of it is set.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[str], stopping: asyncio.Event, place: Place) -> None:
        # No proxy may hold it back (nginx).
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._pieces, self._stopping, self._place = pieces, stopping, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        with self._place as over:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _say(send, f"retry: {RECONNECT_MS}\n\n")
            async with Background() as background, aclosing(self._pieces):
                background.start(_until_left(receive, over), name="stream's reader")
                background.start(_until_set(self._stopping, over), name="stream's end")
                background.repeat(lambda: _say(send, ": beat\n\n"), name="stream's beat", every_seconds=BEAT_SECONDS)
                await run_until(over, self._say_all(send))
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _say_all(self, send: Send) -> None:
        try:
            async for piece in self._pieces:
                await _say(send, "".join(f"data: {line}\n" for line in piece.splitlines()) + "\n")
        except StoreError:
            return  # the browser asks again


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_left(receive: Receive, over: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    over.set()


async def _until_set(event: asyncio.Event, over: asyncio.Event) -> None:
    await event.wait()
    over.set()
