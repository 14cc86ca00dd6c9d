"""One question to a receiver, and what its answer is worth."""

import time
from collections.abc import Sequence
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.simulator import Delivery


class Reply(msgspec.Struct, frozen=True):
    """What came back.

    Attributes:
        status: HTTP status; None: nobody answered.
        seconds: From the question to the end of the answer.
        links: What it says about links; empty where it says nothing that can be used.
        problem: Why SalesLoft could do nothing with it; empty if it could.
    """

    status: int | None
    seconds: float
    links: dict[str, str]
    problem: str = ""

    @property
    def swapped(self) -> int:
        """How many links lead elsewhere."""
        return sum(old != new for old, new in self.links.items())


class _Answer(msgspec.Struct):
    links: dict[str, str]


class _Error(msgspec.Struct):
    error: str


async def ask(url: str, delivery: Delivery, asked: Sequence[str], timeout_seconds: float) -> Reply:
    """Post a question, once."""
    headers = {"Content-Type": "application/json", **delivery.headers}
    started = time.perf_counter()
    async with open_client(timeout_seconds=timeout_seconds) as client:
        try:
            response = await client.post(url, content=delivery.body, headers=headers)
        except (httpx2.RequestError, httpx2.InvalidURL) as exc:
            return Reply(None, time.perf_counter() - started, {}, f"no answer: {type(exc).__name__}")
    return judged(response.status_code, response.content, asked, time.perf_counter() - started)


def judged(status: int, body: bytes, asked: Sequence[str], seconds: float) -> Reply:
    """What an answer is worth: SalesLoft needs 200 and each link that it asked for."""
    if status != httpx2.codes.OK:
        return Reply(status, seconds, {}, f"answered {status}{_said(body)}")
    try:
        links = msgspec.json.decode(body, type=_Answer).links
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Reply(status, seconds, {}, 'the answer is not {"links": {"old": "new"}}')
    missing, others = set(asked) - set(links), set(links) - set(asked)
    if missing:
        return Reply(status, seconds, links, f"{len(missing)} of {len(set(asked))} links are not answered")
    if others:
        return Reply(status, seconds, links, f"{len(others)} links are answered that nobody asked for")
    return Reply(status, seconds, links)


def _said(body: bytes) -> str:
    try:
        return f": {msgspec.json.decode(body, type=_Error).error}"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def summary(reply: Reply) -> dict[str, Any]:
    """The result as one JSON document."""
    return {
        "status": reply.status,
        "seconds": reply.seconds,
        "links": reply.links,
        "swapped": reply.swapped,
        "problem": reply.problem or None,
    }
