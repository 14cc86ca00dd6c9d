"""Reading a request's body without letting an unauthenticated client choose how much memory or time that takes.

What all bodies together may hold is the server's business (`operations.MemoryBudget`), which sees them arrive.
"""

import asyncio
from collections.abc import Iterable

from starlette.types import Receive

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome

Headers = Iterable[tuple[bytes, bytes]]


class BodyReader:
    """Reads bodies within limits.

    Args:
        max_bytes: Largest body.
        timeout_seconds: Longest time from the end of the head to the end of the body.
    """

    def __init__(self, *, max_bytes: int, timeout_seconds: float) -> None:
        self.max_bytes = max_bytes
        self.timeout_seconds = timeout_seconds

    def too_large(self, headers: Headers) -> bool:
        """Whether a body is longer than allowed by its own account, so that nothing of it need be read."""
        return _declared_bytes(headers) > self.max_bytes

    async def read(self, receive: Receive) -> bytes | DeliveryOutcome:
        """The whole body, or why there is none: TOO_LARGE, TOO_SLOW or DISCONNECTED."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._collect(receive)
        except TimeoutError:
            return DeliveryOutcome.TOO_SLOW

    async def _collect(self, receive: Receive) -> bytes | DeliveryOutcome:
        # One buffer, not a list of chunks: a body sent two bytes at a time would cost 25 times its size.
        buffer = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return DeliveryOutcome.DISCONNECTED
            chunk: bytes = message.get("body", b"")
            if len(buffer) + len(chunk) > self.max_bytes:
                return DeliveryOutcome.TOO_LARGE
            if not message.get("more_body", False) and not buffer:
                return chunk
            buffer += chunk
            if not message.get("more_body", False):
                return bytes(buffer)


def _declared_bytes(headers: Headers) -> int:
    """The Content-Length, or 0 where there is none to rely on; what really arrives is counted anyway."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
