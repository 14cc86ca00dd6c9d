"""Every answer the webhook port gives, built once. Bodies are JSON and say nothing about why."""

import asyncio
from contextlib import suppress
from copy import copy
from typing import Self

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

LINGER_SECONDS = 2.0
LINGER_BYTES = 1_048_576


class Answer(JSONResponse):
    """A complete answer, which may be sent any number of times."""

    def closing(self) -> Self:
        """The same with ``Connection: close``, so that the client's next delivery opens a new connection elsewhere."""
        answer = copy(self)
        answer.raw_headers = [*self.raw_headers, (b"connection", b"close")]
        return answer


class Refusal(Answer):
    """An answer to a request whose body was not read to its end; closes the connection.

    Closing at once would be a TCP reset as long as unread data arrives, and a reset destroys the answer on its way.
    So the answer goes out, and what still comes is read and dropped, within limits, before the connection closes.
    """

    def __init__(self, content: object, status_code: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, {**(headers or {}), "connection": "close"})

    def closing(self) -> Self:
        """It always does."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI's shape
        """Answer, linger, close."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError, asyncio.CancelledError):  # cancelled: the drain time is over, and so is lingering
            async with asyncio.timeout(LINGER_SECONDS):
                await _discard(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    dropped = 0
    while dropped < LINGER_BYTES:
        message = await receive()
        if not message.get("more_body", False):  # the end, or the client left
            return
        dropped += len(message.get("body", b""))


RECEIVED = Answer({"received": True}, 200)
ALREADY_PROCESSED = Answer({"status": "already_processed"}, 200)
# Unauthenticated clients get no connection to keep: it would hold memory and a file descriptor for minutes.
INVALID_SIGNATURE = Answer({"error": "Invalid signature"}, 401, {"connection": "close"})
INVALID_SIGNATURE_UNREAD = Refusal({"error": "Invalid signature"}, 401)
NOT_FOUND = Refusal({"error": "Not found"}, 404)
METHOD_NOT_ALLOWED = Refusal({"error": "Method not allowed"}, 405, {"allow": "POST"})
TOO_SLOW = Refusal({"error": "The body took too long to arrive"}, 408)
TOO_LARGE = Refusal({"error": "The body is too large"}, 413)


def unreadable(message: str) -> Answer:
    """400: the (trusted) sender made something we cannot read, and ``message`` says what."""
    return Answer({"error": message}, 400)


def not_stored(retry_after_seconds: int) -> Answer:
    """503: not stored, whatever the reason; send it again later."""
    return Answer({"error": "Not stored, try again later"}, 503, {"retry-after": str(retry_after_seconds)})
