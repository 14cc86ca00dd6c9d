"""What a connection may cost us: memory, time, and one of the files the process may open."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from salesloft_webhooks.operations.body_framing import Framing
from salesloft_webhooks.operations.limits import Limits
from salesloft_webhooks.operations.memory_budget import FRESH, FRESH_SECONDS, KNOWN, STRANGER

CONNECTION_BYTES = 16_384
"""What a connection costs by itself: measured 10 KiB, and the kernel's part."""


class LimitedConnection(HttpToolsProtocol):
    """Uvicorn's protocol with an account of what the connection holds and for how long.

    When connections run short, idle strangers go first, then the bodies that take longest, then idle senders; among
    each, whoever has waited longest. Requests in work stay, unless nobody takes their answer.
    """

    limits: ClassVar[Limits]

    held_bytes = 0
    evicted = False
    refused = False
    framing: Framing | None = None
    """Of the body that is arriving."""
    since = 0.0
    _deadline: asyncio.TimerHandle | None = None
    _answer_deadline: asyncio.TimerHandle | None = None
    _unsent_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request from now on; somebody else may have to go for that."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.starts_now()
        self.hold(CONNECTION_BYTES)
        if (excess := len(self.connections) - self.limits.connections) > 0:
            others = cast("set[LimitedConnection]", self.connections)
            make_way(others, excess + self.limits.connections // 32)  # several at a time: it looks at all of them
        self.expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.expect_nothing()
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
        self.limits.budget.release(self)
        super().connection_lost(exc)

    @property
    def in_work(self) -> bool:
        """Whether there is a request whose answer is not complete."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request, whatever it declares
        return cycle is not None and not cycle.response_complete and not self.refused

    @property
    def waits_for_application(self) -> bool:
        """Whether the application has the request and has not begun to answer, or not been able to."""
        return self.in_work and not self.cycle.response_started and not self.flow.write_paused

    # -- Time -----------------------------------------------------------------------------------------------------
    def starts_now(self) -> None:
        """What it waits for from here on is something new."""
        self.since = self.limits.budget.clock()

    def expect_head(self) -> None:
        """Close the connection unless the next request's head is complete in time."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.head_timeout_seconds, self.transport.close)

    def expect_nothing(self) -> None:
        """The head is there."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def expect_end(self, seconds: float) -> None:
        """Close the connection after that time."""
        self.expect_nothing()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def expect_answer_taken(self) -> None:
        """Whoever asks and does not read must not make us keep the answers."""
        unsent_bytes = self.transport.get_write_buffer_size()
        if unsent_bytes == self._unsent_bytes:
            return
        if unsent_bytes and self._answer_deadline is None:
            self._answer_deadline = self.loop.call_later(self.limits.head_timeout_seconds, self._end_unless_taken)
        self.hold(unsent_bytes - self._unsent_bytes)
        self._unsent_bytes = unsent_bytes

    def _end_unless_taken(self) -> None:
        self._answer_deadline = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.hold(-self._unsent_bytes)
            self._unsent_bytes = 0

    # -- Memory and files -----------------------------------------------------------------------------------------
    def hold(self, more_bytes: int) -> bool:
        """Hold that much more, or less; False if that is too much. It may also be the end of the connection."""
        if self.evicted:
            return False
        if more_bytes > 0:
            return self.limits.budget.take(self, more_bytes)
        self.limits.budget.give_back(self, -more_bytes)
        return True

    def age_seconds(self, now: float) -> float:
        """See `memory.Holder`."""
        return now - self.since

    def rank(self) -> int | None:
        """See `memory.Holder`. A request that is whole is the application's business."""
        if self.waits_for_application:
            return None if self.framing is None else STRANGER
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None and self.age_seconds(self.limits.budget.clock()) < FRESH_SECONDS and not self.refused:
            return FRESH
        rests = cycle is not None and cycle.response_complete and not self.refused
        return KNOWN if rests and self.limits.keeps_senders_only else STRANGER

    def shortage_rank(self) -> int | None:
        """Like `rank`, when it is connections that are short: unfinished bodies go between strangers and senders."""
        sends_body = self.waits_for_application and self.framing is not None
        return STRANGER + 1 if sends_body else self.rank()

    def evict(self) -> None:
        """End the connection without a word."""
        self.evicted = True
        self.connections.discard(self)
        self.limits.budget.release(self)
        self.transport.abort()


def make_way(connections: Iterable[LimitedConnection], count: int) -> None:
    """Evict that many connections, fewer if the rest has to stay."""
    evictable = sorted(
        (rank, connection.since, number, connection)
        for number, connection in enumerate(connections)
        if (rank := connection.shortage_rank()) is not None
    )
    for _, _, _, connection in evictable[:count]:
        LimitedConnection.evict(connection)  # at once: an answer to it would keep the file open
