"""A connection that carries many calls at once: written when they are made, answered in the same order.

redis-py lends a connection to one command at a time, packs it in Python and sets two timers for it. The scripts that
run for every event need less: hiredis packs and reads, the oldest unanswered call alone has a timer, and nobody waits
for a connection. redis-py connects and logs in (`switchboard.py`); then the line takes over its socket (`take_over`).

=======  =================================================  ==========================================================
state    what happens to a new call                         left when
=======  =================================================  ==========================================================
ready    written at once                                    `retire`; or the connection breaks, or an answer is overdue
retired  refused: its caller takes another line             the last answer has come, or is overdue
closed   refused                                            never
=======  =================================================  ==========================================================

Whoever leaves early leaves the place in the queue: the answer is thrown away when it comes, so it cannot reach anyone
else. A line that breaks fails every call on it alike: whether the server carried them out is not known. Nothing is
ever sent a second time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection, DefaultParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.broker.connection.login import Login
from salesloft_webhooks.broker.connection.sockets import take_over

_INCOMPLETE = object()
"""What hiredis gives while an answer is not there in full; not False, which is an answer."""
CLOSE_SECONDS = 1.0
"""For a farewell, which TLS has."""
SLOW_SECONDS = 1.0
"""An answer that takes longer is looked into. Long for a script; short for a fail-over, which takes a few seconds."""
Word = str | bytes | int | float


class Line(asyncio.Protocol):
    """One of them. Belongs to the event loop in which it was made.

    Attributes:
        address: Host and port of the server, where it is reached by them.

    Args:
        connection: redis-py's, connected and idle; the line has its socket from now on.
        seconds: How long an answer may take.
        login: Keeps the line logged in when the password changes; None: no login.
        slow: Called once a second while an answer takes more than `SLOW_SECONDS`.

    Raises:
        RedisConnectionError: the server has closed the connection already.
    """

    def __init__(
        self,
        connection: AbstractConnection,
        seconds: float,
        login: Login | None,
        slow: Callable[["Line"], None] = lambda _: None,
    ) -> None:
        self.address = (getattr(connection, "host", ""), getattr(connection, "port", 0))
        self._seconds = seconds
        self._login = login
        self._slow = slow
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(InvalidResponse, DefaultParser.parse_error, notEnoughData=_INCOMPLETE)
        self._calls: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._used = self._loop.time()
        self._ready = True
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._writer = take_over(connection, self)

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self._ready

    @property
    def closed(self) -> bool:
        """Whether it is of no use to anyone any more."""
        return not self._ready and not self._calls

    @property
    def idle_seconds(self) -> float:
        """How long ago the latest call was made."""
        return self._loop.time() - self._used

    def call(self, *words: Word) -> asyncio.Future[Any]:
        """Send a command; the future gives its answer.

        The future raises the exceptions that redis-py raises. Whoever needs the answer no longer may cancel it.

        Raises:
            RedisConnectionError: the line takes no calls; nothing was sent.
        """
        if not self._ready:
            raise RedisConnectionError("the connection is closed")
        packed = _pack(words)
        if self._login is not None and (secret := self._login.due()) is not None:
            self._send(_pack(("AUTH", *secret))).add_done_callback(self._login.answered)
        return self._send(packed)

    def _send(self, packed: bytes) -> asyncio.Future[Any]:
        # No flow control: what is on its way is bounded by those who wait for it, and has the timer.
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._used = self._loop.time()
        self._calls.append((answer, self._used))
        if self._timer is None:
            self._look_again_within(self._seconds)
        self._writer.write(packed)
        return answer

    def retire(self) -> None:
        """Take no more calls, and close when those under way are answered."""
        self._ready = False
        if not self._calls:
            self.close()

    def close(self) -> None:
        """Close at once; calls under way fail."""
        self.fail(RedisConnectionError("the connection is closed"))

    async def wait_closed(self) -> None:
        """Return when the connection is gone; a server that does not say good-bye is not waited for."""
        await asyncio.wait([self._ended], timeout=CLOSE_SECONDS)
        self._writer.transport.abort()

    def _look_again_within(self, seconds: float) -> None:
        self._timer = self._loop.call_later(min(seconds, SLOW_SECONDS), self._look_at_oldest)

    def _look_at_oldest(self) -> None:
        self._timer = None
        if not self._calls:
            return
        waited = self._loop.time() - self._calls[0][1]
        if waited >= self._seconds:
            self.fail(RedisTimeoutError("no answer in time"))
            return
        if waited >= SLOW_SECONDS:
            self._slow(self)
        self._look_again_within(self._seconds - waited)

    def fail(self, error: Exception) -> None:
        """Close at once; calls under way fail with the error."""
        self._ready = False
        if self._timer is not None:
            self._timer.cancel()
        calls, self._calls = self._calls, deque()
        for answer, _ in calls:
            if not answer.done():
                answer.set_exception(_copy(error))
        if calls:
            self._writer.transport.abort()  # what is not written yet must not reach the server any more
        else:
            self._writer.close()

    # -- called by the event loop ------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Hand out what has come in."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _INCOMPLETE:
                if not isinstance(reply, hiredis.PushNotification):
                    self._answer(reply)
        except (InvalidResponse, IndexError) as exc:
            # No answer, or one that nobody asked for: from here on no answer could be told from another's.
            self.fail(InvalidResponse(str(exc)))
        if self.closed:  # retired, and that was its last answer
            self.close()

    def _answer(self, reply: Any) -> None:
        answer, _ = self._calls.popleft()
        if answer.done():
            return
        if isinstance(reply, Exception):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is under way."""
        lost = RedisConnectionError("Connection closed by server.")
        lost.__cause__ = exc
        self.fail(lost)
        if not self._ended.done():
            self._ended.set_result(None)


def _pack(words: tuple[Word, ...]) -> bytes:
    # Its types know tuples of one word only.
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]
    return packed


def _copy(error: Exception) -> Exception:
    """One for each who is told: an exception that several raise at once collects all their stacks."""
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
