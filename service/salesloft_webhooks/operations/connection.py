"""What a connection may cost us: memory, time, and one of the files the process may open."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from salesloft_webhooks.operations.body_framing import BodyFraming
from salesloft_webhooks.operations.connection_limits import ConnectionLimits
from salesloft_webhooks.operations.memory_budget import (
    IDLE_SENDER,
    JUST_CONNECTED,
    JUST_CONNECTED_SECONDS,
    UNAUTHENTICATED,
)

CONNECTION_BYTES = 16_384
"""What a connection costs by itself: measured 10 KiB, and the kernel's part."""


class LimitedConnection(HttpToolsProtocol):
    """Uvicorn's protocol with an account of what the connection holds and for how long.

    When connections run short, idle ones that were not authenticated go first, then the bodies that take longest, then
    idle senders; among each, whoever has waited longest. Requests in work stay, unless nobody takes their answer.
    """

    limits: ClassVar[ConnectionLimits]

    held_bytes = 0
    evicted = False
    refused = False
    framing: BodyFraming | None = None
    """Of the body that is arriving."""
    since = 0.0
    _deadline: asyncio.TimerHandle | None = None
    _idle_deadline: asyncio.TimerHandle | None = None
    _answer_deadline: asyncio.TimerHandle | None = None
    _stall_deadline: asyncio.TimerHandle | None = None
    _unsent_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request from now on; somebody else may have to go for that."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.reset_age()
        self.hold(CONNECTION_BYTES)
        if (excess := len(self.connections) - self.limits.connections) > 0:
            others = cast("set[LimitedConnection]", self.connections)
            # Several at a time: it looks at all of them.
            evict_connections(others, excess + self.limits.connections // 32)
        self.start_head_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.cancel_deadline()
        for timer in (self._idle_deadline, self._answer_deadline, self._stall_deadline):
            if timer is not None:
                timer.cancel()
        self.limits.budget.release(self)
        super().connection_lost(exc)

    @property
    def in_work(self) -> bool:
        """Whether there is a request whose answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever it declares
        return cycle is not None and not cycle.response_complete and not self.refused

    @property
    def waits_for_application(self) -> bool:
        """Whether the application has the request and has not begun to answer, or not been able to."""
        return self.in_work and not self.cycle.response_started and not self.flow.write_paused

    # -- Time -----------------------------------------------------------------------------------------------------
    def reset_age(self) -> None:
        """What it waits for from here on is something new."""
        self.since = self.limits.budget.clock()

    def start_head_deadline(self) -> None:
        """Close the connection unless the next request's head is complete in time."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.head_timeout_seconds, self.transport.close)

    def cancel_deadline(self) -> None:
        """The head is there."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def start_idle_deadline(self) -> None:
        """Close the connection once it has rested between two requests for the time that uvicorn is told.

        Uvicorn has a timer for each rest. This one is started once and, when it ends, goes on for what is missing.
        """
        if self._idle_deadline is None:
            self._idle_deadline = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        self._idle_deadline = None
        missing = self.timeout_keep_alive - self.age_seconds(self.limits.budget.clock())
        if self.in_work or self._deadline is not None:  # at work, or a head has begun: the next answer starts it again
            return
        if missing <= 0:
            self.transport.close()
        else:
            self._idle_deadline = self.loop.call_later(missing, self._close_if_idle)

    def close_after(self, seconds: float) -> None:
        """Close the connection after that time."""
        self.cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def watch_unsent_answer(self) -> None:
        """Whoever asks and does not read must not make us keep the answers."""
        unsent_bytes = self.transport.get_write_buffer_size()
        if unsent_bytes == self._unsent_bytes:
            return
        if unsent_bytes and self._answer_deadline is None:
            self._answer_deadline = self.loop.call_later(self.limits.head_timeout_seconds, self._abort_unless_taken)
        self.hold(unsent_bytes - self._unsent_bytes)
        self._unsent_bytes = unsent_bytes

    def _abort_unless_taken(self) -> None:
        self._answer_deadline = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.hold(-self._unsent_bytes)
            self._unsent_bytes = 0

    def pause_writing(self) -> None:
        """An answer that goes on (a stream) is not taken as fast as it is given. Whoever takes nothing has to go."""
        super().pause_writing()
        self._stall_deadline = self.loop.call_later(self.limits.head_timeout_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It was taken after all."""
        super().resume_writing()
        if self._stall_deadline is not None:
            self._stall_deadline.cancel()
            self._stall_deadline = None

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
        """See `memory_budget.Holder`."""
        return now - self.since

    def eviction_rank(self) -> int | None:
        """See `memory_budget.Holder`. A request that is whole is the application's business."""
        if self.waits_for_application:
            return None if self.framing is None else UNAUTHENTICATED
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None and self.age_seconds(self.limits.budget.clock()) < JUST_CONNECTED_SECONDS and not self.refused:
            return JUST_CONNECTED
        rests = cycle is not None and cycle.response_complete and not self.refused
        return IDLE_SENDER if rests and self.limits.keeps_senders_only else UNAUTHENTICATED

    def connection_eviction_rank(self) -> int | None:
        """Like `eviction_rank` when connections run short: unfinished bodies go after idle ones, before senders."""
        sends_body = self.waits_for_application and self.framing is not None
        return UNAUTHENTICATED + 1 if sends_body else self.eviction_rank()

    def evict(self) -> None:
        """End the connection without a word."""
        self.evicted = True
        self.connections.discard(self)
        self.limits.budget.release(self)
        self.transport.abort()


def evict_connections(connections: Iterable[LimitedConnection], count: int) -> None:
    """Evict that many connections, fewer if the rest has to stay."""
    evictable = sorted(
        (rank, connection.since, number, connection)
        for number, connection in enumerate(connections)
        if (rank := connection.connection_eviction_rank()) is not None
    )
    for _, _, _, connection in evictable[:count]:
        LimitedConnection.evict(connection)  # at once: an answer to it would keep the file open
