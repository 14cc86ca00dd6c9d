"""The permit of the attempt in whose context something runs: a thread that outlives its attempt goes on using it."""

import asyncio
from contextvars import ContextVar
from typing import Protocol


class HeldPermit(Protocol):
    """A permit in use."""

    def hold_until(self, ended: "asyncio.Future[object]") -> None:
        """It is in use at least until then."""


HELD: ContextVar[HeldPermit | None] = ContextVar("the attempt's permit", default=None)
