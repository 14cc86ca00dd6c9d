"""The sender: a process of its own that signs, delivers at a steady rate, repeats as SalesLoft does, and keeps a diary.

    python -m tests.chaos.sender '{"ports": [8000], "diary": "...", "rate": 100}'

A person's events are sent one after the other: the next one when the last was acknowledged or given up. So whoever sees
them in another order has broken it. A refused connection is tried at once at the next receiver, as a load balancer
does; any other answer than 200, or none, costs one of the `TRIES` of a delivery. SIGTERM ends it when all is answered.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec
import uvloop

from tests.support.http_client import request
from tests.support.receiver_process import PATH, SECRET, envelope, signed_headers

TRIES = 4
"""SalesLoft's: the first, and three more."""
UNANSWERED = 0
"""Counted as status when no answer came: closed before it, or too late."""
SAID_EVERY_SECONDS = 0.1


class Order(msgspec.Struct):
    """What to send.

    Attributes:
        ports: Of the receivers, on this machine.
        diary: The file to which a line is added for each try: see `tests.chaos.counting`.
        rate: New events a second.
        people: How many people they are about.
        pause: Seconds between two tries of a delivery. SalesLoft's are 15.
        patience: Seconds that an answer may take.
        most: Ends after so many events; 0: only by SIGTERM.
        padding: Bytes that each event says besides.
        at_once: Whether each try goes to all receivers at the same time, as an impatient proxy repeats it.
        secrets: Sign with these, in turn.
    """

    ports: list[int]
    diary: str
    rate: float = 100.0
    people: int = 100
    pause: float = 2.0
    patience: float = 4.0
    most: int = 0
    padding: int = 300
    at_once: bool = False
    secrets: tuple[str, ...] = (SECRET,)


def event_id(number: int, person: int, sequence: int) -> str:
    """An id that says which event it is."""
    return f"chaos-{number}-{person}-{sequence}"


class Sender:
    """One run."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._idle: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {p: [] for p in order.ports}
        self._free = deque(range(order.people))
        self._sequences = [0] * order.people
        self._lines: list[str] = []
        self._turn = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self.over = asyncio.Event()

    async def run(self) -> None:
        """Send until it is over, then wait for what is under way."""
        writing = asyncio.create_task(self._write())
        began, number = time.monotonic(), 0
        while not self.over.is_set() and not 0 < self._order.most <= number:
            if (early := began + number / self._order.rate - time.monotonic()) > 0:
                await asyncio.sleep(early)
            if not self._free:
                await asyncio.sleep(0.01)
                began += 0.01  # a person's turn comes when the last event is through: this is the load's own limit
                continue
            task = asyncio.create_task(self._deliver(number, self._free.popleft()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            number += 1
        if self._under_way:
            await asyncio.wait(self._under_way)
        writing.cancel()
        self._flush()

    async def _deliver(self, number: int, person: int) -> None:
        sequence = self._sequences[person] = self._sequences[person] + 1
        data = {"id": person, "sequence": sequence, "about": "x" * self._order.padding}
        data["restless"] = bool(person % 2)  # see tests.chaos.debounce_counting
        body = envelope(event_id(number, person, sequence), data=data)
        began = time.monotonic()
        for attempt in range(1, TRIES + 1):
            sent = time.monotonic()
            secret = self._order.secrets[number // 2 % len(self._order.secrets)]  # not in step with the receivers
            status = await self._answer(request("POST", PATH, signed_headers(body, secret=secret), body))
            answered = time.monotonic()
            self._lines.append(f"{number} {person} {sequence} {began:.4f} {attempt} {status} {sent:.4f} {answered:.4f}")
            if status == 200:
                break
            if attempt < TRIES:
                await asyncio.sleep(self._order.pause)
        self._free.append(person)

    async def _answer(self, raw: bytes) -> int:
        if self._order.at_once:
            statuses = await asyncio.gather(*(self._answer_of(port, raw) for port in self._order.ports))
            return 200 if 200 in statuses else statuses[0] or UNANSWERED
        for _ in self._order.ports:
            self._turn += 1
            status = await self._answer_of(self._order.ports[self._turn % len(self._order.ports)], raw)
            if status is not None:
                return status
        return UNANSWERED

    async def _answer_of(self, port: int, raw: bytes) -> int | None:
        """What one receiver says; None: nobody is there."""
        try:
            async with asyncio.timeout(self._order.patience):
                return await self._exchange(port, raw)
        except ConnectionRefusedError:
            return None
        except (OSError, TimeoutError, EOFError):
            return UNANSWERED

    async def _exchange(self, port: int, raw: bytes) -> int:
        """One request on a connection of its own at the time; a kept one that was closed meanwhile is opened anew."""
        while kept := self._idle[port]:
            reader, writer = kept.pop()
            with suppress(ConnectionError, EOFError):
                return await self._ask(port, reader, writer, raw)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return await self._ask(port, reader, writer, raw)

    async def _ask(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> int:
        whole = False
        try:
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            whole = b"connection: close" not in lines
        finally:
            if whole:
                self._idle[port].append((reader, writer))
            else:
                writer.close()
        return int(head.split(b" ", 2)[1])

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(SAID_EVERY_SECONDS)
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            with Path(self._order.diary).open("a", encoding="ascii") as diary:
                diary.write("\n".join(lines) + "\n")


async def main() -> None:
    """Read the order, do it."""
    sender = Sender(msgspec.convert(json.loads(sys.argv[1]), Order))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, sender.over.set)
    loop.add_signal_handler(signal.SIGINT, lambda: os._exit(1))
    await sender.run()


if __name__ == "__main__":
    uvloop.run(main())
