"""The answers of `delivery_outcomes` as ASGI applications, built once."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from typing import Self

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from salesloft_webhooks.delivery_outcomes import MESSAGE, Answer, DeliveryOutcome, RequestRefusal
from salesloft_webhooks.operations import answer_at_once

LINGER_SECONDS = 2.0
LINGER_BYTES = 1_048_576


class AnswerResponse(Response):
    """A complete answer, which may be sent any number of times.

    Args:
        answer: What it says.
        retry_after_seconds: For an answer that asks to try again.
    """

    media_type = "application/json"

    def __init__(self, answer: Answer, retry_after_seconds: int | None = None) -> None:
        super().__init__(answer.body, answer.status, answer.headers(retry_after_seconds))
        self.closes = answer.closes
        self._status_line = f"HTTP/1.1 {answer.status} {answer.phrase}\r\n".encode()
        fields = [b"%b: %b\r\n" % field for field in self.raw_headers]
        self._rest = b"".join((*fields, b"\r\n", answer.body))

    def closing(self) -> Self:
        """The same with ``Connection: close``, so that the client's next delivery opens a new connection elsewhere."""
        response = copy(self)
        response.raw_headers = [*self.raw_headers, (b"connection", b"close")]
        response.closes = True
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, in one write where that is possible."""
        if self.closes or not answer_at_once(scope, self._status_line, self._rest):
            await super().__call__(scope, receive, send)


class FollowedResponse(AnswerResponse):
    """An answer after which there is something to be done, but not before it is on its way.

    Args:
        answer: The answer.
        then: What is done; it must not wait.
    """

    def __init__(self, answer: AnswerResponse, then: Callable[[], None]) -> None:
        self.__dict__.update(answer.__dict__)
        self._then = then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then do it."""
        await super().__call__(scope, receive, send)
        self._then()


class UnreadBodyResponse(AnswerResponse):
    """An answer to a request whose body was not read to its end; it must be one that closes the connection.

    Closing at once would be a TCP reset as long as unread data arrives, and a reset destroys the answer on its way.
    So the answer goes out, and what still comes is read and dropped, within limits, before the connection closes.
    """

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


REFUSALS = {refusal: UnreadBodyResponse(refusal.answer) for refusal in RequestRefusal}


class Responses:
    """The answers to deliveries, by outcome.

    Args:
        retry_after_seconds: ``Retry-After`` of every answer that asks to try again.
    """

    def __init__(self, retry_after_seconds: int) -> None:
        answers = {outcome: outcome.answer for outcome in DeliveryOutcome if outcome.answer is not None}
        self._read = {each: AnswerResponse(answer, retry_after_seconds) for each, answer in answers.items()}
        self._unread = {
            each: UnreadBodyResponse(answer, retry_after_seconds) for each, answer in answers.items() if answer.closes
        }

    def read(self, outcome: DeliveryOutcome) -> AnswerResponse:
        """The answer to a delivery whose body has been read."""
        return self._read[outcome]

    def unread(self, outcome: DeliveryOutcome) -> AnswerResponse:
        """The answer to one whose body has not, or not to its end."""
        return self._unread[outcome]

    @staticmethod
    def links(links: Mapping[str, str]) -> AnswerResponse:
        """200: where the links of a `link_swap` lead."""
        return _filled(DeliveryOutcome.LINK_SWAP, dict(links))

    @staticmethod
    def unreadable(message: str) -> AnswerResponse:
        """400: the (trusted) sender made something we cannot read, and ``message`` says what."""
        return _filled(DeliveryOutcome.UNREADABLE, message)


def _filled(outcome: DeliveryOutcome, message: object) -> AnswerResponse:
    answer = outcome.answer
    assert answer is not None  # noqa: S101 - its row says so
    content = {name: message if text == MESSAGE else text for name, text in answer.content.items()}
    return AnswerResponse(Answer(answer.status, content))
