"""An endpoint of the user's that computes the links."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.telemetry import LinkSwapReason

MAX_ANSWER_BYTES = 1_048_576

Sign = Callable[[str, datetime, bytes], Mapping[str, str]]
"""The headers of a request: see `Signer.headers`."""


class _Answer(msgspec.Struct):
    links: dict[str, Any]


class HttpSwapper:
    """Posts a request to the endpoint, once: there is no time for a second.

    Args:
        url: The endpoint.
        sign: Signs by Standard Webhooks.
        client: Follows no redirects, and connects to addresses that are allowed.
    """

    def __init__(self, url: str, sign: Sign, client: httpx2.AsyncClient) -> None:
        self._url = url
        self._sign = sign
        self._client = client

    async def __call__(self, swap: LinkSwap) -> Mapping[str, object] | LinkSwapReason:
        """The links it gives, or why there are none."""
        now = datetime.now(UTC)
        body = msgspec.json.encode({"type": "link_swap", "timestamp": now.isoformat(), "data": swap.data})
        headers = {
            **self._sign(swap.key, now, body),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",  # a small body could become a large one
        }
        try:
            async with self._client.stream("POST", self._url, content=body, headers=headers) as response:
                if not response.is_success:
                    return LinkSwapReason.STATUS
                answer = await _bounded(response)
        except (httpx2.RequestError, httpx2.InvalidURL, Unavailable):
            return LinkSwapReason.UNREACHABLE
        return LinkSwapReason.TOO_LARGE if answer is None else _links(answer)


async def _bounded(response: httpx2.Response) -> bytes | None:
    """The body as it comes, compressed or not; None if it is too large."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            return None
    return bytes(body)


def _links(answer: bytes) -> Mapping[str, object] | LinkSwapReason:
    try:
        return msgspec.json.decode(answer, type=_Answer).links
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return LinkSwapReason.UNREADABLE
