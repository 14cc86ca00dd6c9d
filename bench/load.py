"""The load generator: a process of its own, which signs everything before the clock starts.

    python -m bench.load '{"port": 8000, "count": 20000, "run": 1}'

It prints `ready`, waits for a line, sends, checks every answer, and prints what it found. Closed loop: each connection
sends when its last answer has arrived. With ``rate``, open loop: the n-th delivery is due at its time whatever became
of those before it, and its latency counts from then, also while it waits for a connection to be free.
"""

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import cast

import msgspec
import uvloop

from bench.traffic import KINDS

OK = b"HTTP/1.1 200"


class Order(msgspec.Struct):
    """What to send.

    Attributes:
        port: Where to, on this machine.
        count: How many deliveries at most.
        run: A number that makes their ids distinct.
        kind: A key of `KINDS`.
        connections: How many at once.
        seconds: Send none after this time.
        rate: Deliveries a second, in the open loop; 0: the closed loop.
        core: Where to run.
        patience: Seconds beyond the others after which an answer does not come any more.
    """

    port: int
    count: int
    run: int
    kind: str = "envelope"
    connections: int = 64
    seconds: float = 60.0
    rate: float = 0.0
    core: int = -1
    patience: float = 30.0


class Sent(msgspec.Struct):
    """What became of it.

    Attributes:
        answered: Deliveries that were answered, each with 200 and the right body.
        seconds: From the first one sent to the last one answered.
        latencies: Seconds of each.
        began: When each delivery was let go, on the machine's monotonic clock.
        busy: The share of its core that this process itself has used.
    """

    answered: int
    seconds: float
    latencies: list[float]
    began: list[float]
    busy: float


class Connection(asyncio.Protocol):
    """Sends one delivery at a time and checks its answer."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._answer = b""
        self.number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not instances of it

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, or a failure of the run."""
        if not self._load.done.done():
            self._load.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of it. Every right one's body ends in a brace; what others end in is not known."""
        self._answer += data
        if not self._answer.endswith(b"}"):
            if not self._answer.startswith(OK[: len(self._answer)]):
                self._load.fail(AssertionError(self._answer))
            return
        answer, self._answer = self._answer, b""
        if not answer.startswith(OK) or not answer.endswith(b'{"received":true}'):
            self._load.fail(AssertionError(answer))
        else:
            self._load.answered(self)


class Load:
    """One run: what is still to be sent, and what was answered."""

    def __init__(self, order: Order, requests: list[bytes]) -> None:
        self._order, self._requests = order, requests
        self.latencies: list[float] = []
        self.began: list[float] = []
        self._idle = deque[Connection]()
        """The one that has rested longest first: a receiver ends a connection that sends nothing for long."""
        self._next = 0
        self._running = 0
        self._waiting = 0

    async def run(self) -> Sent:
        """Connect, wait for the word on standard input, send."""
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        for _ in range(self._order.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._order.port)
            self._idle.append(connection)
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        cpu, self._start = time.process_time(), time.monotonic()
        if self._order.rate:
            await self._open_loop()
        else:
            self._closed_loop()
        await self._all_answered()
        seconds = time.monotonic() - self._start
        busy = (time.process_time() - cpu) / seconds
        return Sent(len(self.latencies), seconds, self.latencies, self.began, busy)

    async def _all_answered(self) -> None:
        """Wait for the last answer; one that is lost must not hold up the whole benchmark."""
        longest = self._order.seconds + self._order.patience
        try:
            await asyncio.wait_for(self.done, longest)
        except TimeoutError:
            raise TimeoutError(f"{self._running} deliveries were not answered within {longest:g} s") from None

    def fail(self, error: Exception) -> None:
        """An answer that no delivery may get ends the run."""
        if not self.done.done():
            self.done.set_exception(error)

    def answered(self, connection: Connection) -> None:
        """Note it; send the next one, if it is its time."""
        now = time.monotonic()
        self.latencies.append(now - self.began[connection.number])
        self._running -= 1
        if self._order.rate:
            self._release(connection)
        elif self._next < len(self._requests) and now - self._start < self._order.seconds:
            self._send(connection, now)
        elif not self._running and not self.done.done():
            self.done.set_result(None)

    def _closed_loop(self) -> None:
        for connection in islice(self._idle, len(self._requests)):
            self._send(connection, time.monotonic())

    async def _open_loop(self) -> None:
        for number in range(len(self._requests)):
            due = self._start + number / self._order.rate
            if (pause := due - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            self.began.append(time.monotonic())  # what the loop's timer adds is no latency of the receiver
            if self._idle:
                self._write(self._idle.popleft(), number)
            else:
                self._waiting += 1

    def _release(self, connection: Connection) -> None:
        if self._waiting:
            self._write(connection, len(self.began) - self._waiting)
            self._waiting -= 1
        else:
            self._idle.append(connection)
        if not self._running and len(self.latencies) == len(self._requests) and not self.done.done():
            self.done.set_result(None)

    def _send(self, connection: Connection, now: float) -> None:
        self.began.append(now)
        self._write(connection, self._next)
        self._next += 1

    def _write(self, connection: Connection, number: int) -> None:
        self._running += 1
        connection.number = number
        connection.transport.write(self._requests[number])


def requests_of(order: Order) -> Iterator[bytes]:
    """The deliveries of an order."""
    yield from KINDS[order.kind](order.count, order.run)


def say(sent: Sent) -> None:
    """Print it, whole: `print` loses the rest where Python is unbuffered and the pipe takes only a part at once."""
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(msgspec.json.encode(sent) + b"\n")


def main() -> None:
    """Read the order, do it, print what became of it."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    if order.core >= 0:
        os.sched_setaffinity(0, {order.core})
    load = Load(order, list(requests_of(order)))
    say(uvloop.run(load.run()))


if __name__ == "__main__":
    main()
