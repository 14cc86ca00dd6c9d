"""The witness: what workers write down of every attempt, in one file outside of the store, in the order of the writes.

Each attempt adds these lines with one write each, so that a death leaves none of them half:

    b <group> <event number> <person> <sequence> <attempt> <process> - <time>        first of all, the handler begins
    d <group> <event number> <person> <sequence> <attempt> <process> <done> <time>   what the store says, see below
    e <group> <event number> <person> <sequence> <attempt> <process> - <time>        the effect has happened
    s <group> <event number> <person> <sequence> <attempt> <process> - <time>        the store has confirmed its `done`

Of a follow-up the same in capitals, with the number, person and sequence of the event that has asked for it. Where
there are follow-ups (`follow_up_witness`), two more:

    a <group> <event number> <person> <sequence> <attempt> <process> <after> <time>  it is about to ask: after how long
    c <group> <event number> <person> <sequence> <attempt> <process> - <time>        it has cancelled the last event's

Where handlers are limited (`debounce_and_limits_witness`), two more:

    l <group> <event number> <person> <sequence> <attempt> <process> <said> <time>   the call of such a handler begins
    m <group> <event number> <person> <sequence> <attempt> <process> <said> <time>   it has ended
    with <said>: the handler, when its attempt's permit was asked for, and when it was there, separated by colons

Of events the time is only for who reads the file: what counts is the order of the lines.

``<done>`` is what the store itself says of the event in this group, asked right after the first line on a connection of
its own: 1 when its record has the outcome `done`, 0 when it has not, ? when there was no answer within `LOOK_SECONDS`
(the process may have been frozen in between, and the answer would say nothing about when it began).
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Group, Outcome
from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.settings import Settings

FILE, LOOK, SCRIPT = "CHAOS_WITNESS", "CHAOS_LOOK", "CHAOS_LOOK_SCRIPT"
"""Settings: the file; the address of the store that is asked, or nothing; the file of the script that asks it (version
0.1.0, which a fault runs beside ours, does not have the parts it is made of)."""
DAWDLE, DOWNSTREAM = "CHAOS_DAWDLE", "CHAOS_DOWNSTREAM"
"""More of them: the longest time that an effect takes; the port of what it is brought to, if it is brought anywhere."""
STREAM = "sl:{0}:events"
LOOK_SECONDS, DOWNSTREAM_SECONDS = 0.1, 2.0


@dataclass(frozen=True)
class Witness:
    """What a worker writes down.

    Attributes:
        file: Descriptor of the file, opened for appending.
        look: Asks the store, if it can be asked.
        dawdle: Seconds that an effect takes at most.
    """

    file: int
    look: AsyncScript | None
    dawdle: float

    def write(self, word: str, event: Event, said: str) -> None:
        """A line."""
        follow_up = getattr(event, "follow_up", None)  # version 0.1.0 has none
        word = word.upper() if follow_up else word
        _, number, person, sequence = (follow_up.event_id if follow_up else event.event_id).split("-")
        who = f"{event.group} {number} {person} {sequence} {event.attempt} {os.getpid()}"
        line = f"{word} {who} {said} {time.monotonic():.4f}\n"
        os.write(self.file, line.encode())

    async def is_done(self, event: Event) -> str:
        """What the store says of the event in this group."""
        if self.look is None:
            return "?"
        began = time.monotonic()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                (flat,) = await self.look([STREAM], [event.event_id])
        except (RedisError, OSError, TimeoutError):
            return "?"
        if time.monotonic() - began > LOOK_SECONDS:
            return "?"
        return "1" if dict(zip(flat[::2], flat[1::2], strict=True)).get(event.group) == "done" else "0"


@asynccontextmanager
async def lifespan(_: Settings) -> AsyncIterator[Witness]:
    """Opened once a process."""
    file = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    write_down_settlements(file)
    url = os.environ.get(LOOK)
    client = redis.asyncio.Redis.from_url(url, decode_responses=True) if url else None
    try:
        script = Path(os.environ[SCRIPT]).read_text("utf-8") if client else ""  # noqa: ASYNC240 - once, at the start
        yield Witness(file, client.register_script(script) if client else None, float(os.environ.get(DAWDLE, "0")))
    finally:
        if client is not None:
            await client.aclose()
        os.close(file)


def write_down_settlements(file: int) -> None:
    """Let this process write a line for each `done` that the store has confirmed to it."""
    if not hasattr(Group, "_settle"):
        return  # version 0.1.0
    settle = Group._settle

    async def settle_and_tell(group: Group, *args: Any, **options: Any) -> Any:
        reply = await settle(group, *args, **options)
        witness = Witness(file, None, 0.0)
        for settlement in args[2]:
            if settlement.outcome is Outcome.DONE:
                witness.write("s", settlement.lease.event, "-")
        return reply

    Group._settle = settle_and_tell  # type: ignore[method-assign, assignment]


async def bring(port: int) -> None:
    """Let somebody downstream know, who may not be there.

    Raises:
        Unavailable: it is not.
    """
    try:
        async with asyncio.timeout(DOWNSTREAM_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
                answer = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError) as exc:
        raise Unavailable("downstream does not answer", after=2) from exc
    if b" 200 " not in answer:
        raise Unavailable("downstream does not take it", after=2)


router = Router(lifespan)


@router.on("person.*")
async def effect(event: Event, witness: Witness) -> None:
    """Write down that it begins, take a little time, write down that it has happened."""
    witness.write("b", event, "-")
    witness.write("d", event, await witness.is_done(event))
    if witness.dawdle:
        await asyncio.sleep(random.uniform(0, witness.dawdle))
    if port := os.environ.get(DOWNSTREAM):
        await bring(int(port))
    witness.write("e", event, "-")
